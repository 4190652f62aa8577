package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"stile/internal/app"
)

// TestDevNamesItsMockFile: the flag wins over SFN_MOCK_CONFIG; serve has neither.
func TestDevNamesItsMockFile(t *testing.T) {
	var got app.Options
	keep := func(_ context.Context, o app.Options) error {
		got = o
		o.Ready(app.Ready{Mocks: "tests/MockConfigFile.json", TestCases: 2})
		return nil
	}
	product := App{Dev: keep, Serve: keep}
	env := map[string]string{"SFN_MOCK_CONFIG": "env.json"}
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{[]string{"dev"}, nil, ""},
		{[]string{"dev"}, env, "env.json"},
		{[]string{"dev", "--mock", "flag.json"}, env, "flag.json"},
		{[]string{"serve"}, env, ""},
	} {
		var out, errs bytes.Buffer
		code := Main(t.Context(), product, c.args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(name string) string { return c.env[name] }})
		if code != 0 || got.Mock != c.want || !strings.Contains(out.String(), "2 test cases: stile start NAME#CASE") {
			t.Errorf("%v %v: %d %s%s, mock file %q, want %q", c.args, c.env, code, out.String(), errs.String(), got.Mock, c.want)
		}
	}
	if res := run(t, product, nil, "", "serve", "--mock", "x"); res.code != exitUsage {
		t.Errorf("serve --mock: %+v", res)
	}
}
