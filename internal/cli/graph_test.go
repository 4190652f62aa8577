package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGraph(t *testing.T) {
	const drawn = "(start) --> A\n\n[A]  Pass\n    --> B\n\n[B]  Succeed\n    --> (end)\n"
	put(t, map[string]string{
		"workflows/order.asl.yaml": "StartAt: A\nStates:\n  A: {Type: Pass, Next: B}\n  B: {Type: Succeed}\n",
		"a.json":                   `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Succeed"}}}`,
		"bad.asl.yaml":             "StartAt: A\nStates:\n  A:\n    Type: Pass\n    End: \"yes\"\n",
		"stile.yaml":               "name: x\n",
	})
	for _, c := range []struct {
		args []string
		want result
	}{
		{[]string{"a.json"}, result{0, drawn, ""}},
		{[]string{"workflows/order.asl.yaml", "-o", "ascii"}, result{0, drawn, ""}},
		{[]string{"order"}, result{0, drawn, ""}},
		{[]string{"a.json", "-o", "mermaid"}, result{0, "flowchart TD\n    start((\" \")) --> s0\n    s0[\"A<br/>Pass\"]\n" +
			"    s1([\"B<br/>Succeed\"])\n    s0 --> s1\n    s1 --> finish((\" \"))\n", ""}},
		{[]string{"nobody"}, result{1, "", "stile: there is no file nobody, and no state machine of that name in this folder\n"}},
		{nil, result{64, "", "stile: stile graph takes FILE\n"}},
	} {
		if diff := cmp.Diff(c.want, run(t, App{}, nil, "", append([]string{"graph"}, c.args...)...), cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("%q: %s", c.args, diff)
		}
	}
	if got := run(t, App{}, nil, "", "graph", "a.json", "-o", "svg"); got.code != 0 || !strings.HasPrefix(got.out, "<svg ") || !strings.Contains(got.out, `aria-label="a"`) || !strings.Contains(got.out, "<style>") {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, nil, "", "graph", "bad.asl.yaml"); got.code != 1 || got.out != "" || !strings.Contains(got.err, "bad.asl.yaml:5:10") || !strings.Contains(got.err, `End: "yes"`) {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, nil, "", "graph", "gone.json"); got.code != 1 || !strings.Contains(got.err, "gone.json") {
		t.Errorf("%+v", got)
	}
}
