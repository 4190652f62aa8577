package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/internal/recorded"
	"stile/jsonval"
)

const (
	crooked  = `{ "StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1.0e1,"Comment":"\u0041","End":true}} }`
	straight = "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": {\n      \"Type\": \"Wait\",\n      \"Seconds\": 1.0e1,\n      \"Comment\": \"\\u0041\",\n      \"End\": true\n    }\n  }\n}\n"
)

// put writes files into a folder that becomes the current one.
func put(t *testing.T, list map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range list {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func textOf(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFmtPrintsOneForm(t *testing.T) {
	put(t, map[string]string{"a.asl.json": crooked, "b.asl.json": straight, "c.asl.yaml": "StartAt: A\n", "d.asl.json": "{\"a\": }"})
	for _, c := range []struct {
		args []string
		want result
	}{
		{[]string{"a.asl.json"}, result{0, straight, ""}},
		{[]string{"b.asl.json", "a.asl.json"}, result{0, straight + straight, ""}},
		{[]string{"--check", "a.asl.json", "b.asl.json"}, result{1, "a.asl.json\n", ""}},
		{[]string{"--check", "b.asl.json"}, result{0, "", ""}},
		{[]string{"c.asl.yaml"}, result{1, "", "stile: c.asl.yaml is YAML, which fmt leaves as it is: --to aws prints it as JSON\n"}},
		{[]string{"gone.asl.json"}, result{1, "", "stile: cannot read gone.asl.json: no such file or directory\n"}},
		{nil, result{64, "", "stile: fmt takes the files of definitions\n"}},
		{[]string{"-w", "--check", "a.asl.json"}, result{64, "", "stile: --write, --check and --to exclude each other\n"}},
	} {
		if diff := cmp.Diff(c.want, run(t, App{}, nil, "", append([]string{"fmt"}, c.args...)...), cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("%q: %s", c.args, diff)
		}
	}
	if got := run(t, App{}, nil, "", "fmt", "d.asl.json", "a.asl.json"); got.code != 1 || got.out != straight ||
		!strings.Contains(got.err, "d.asl.json:1:7") || !strings.Contains(got.err, "INVALID_JSON_DESCRIPTION") {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, nil, "", "fmt", "-w", "a.asl.json", "b.asl.json"); got != (result{0, "", ""}) || textOf(t, "a.asl.json") != straight {
		t.Errorf("%+v %s", got, textOf(t, "a.asl.json"))
	}
	if info, err := os.Stat("a.asl.json"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
}

const withValue = `{"StartAt": "A", "States": {
  "A": {"Type": "Task", "End": true, "Resource": "arn:aws:states:::apigateway:invoke",
    "Parameters": {"ApiEndpoint": "x.example", "Method": "GET",
      "Headers": {"X-Key": ["{{key}}"], "X-Other": ["{{other}}"]}}}}}`

func TestFmtToAWS(t *testing.T) {
	inYAML := "StartAt: A\nStates:\n  A:\n    Type: Task\n    End: true\n    Resource: arn:aws:states:::apigateway:invoke\n    Parameters:\n" +
		"      ApiEndpoint: x.example\n      Method: GET\n      Headers:\n        X-Key: [\"{{key}}\"]\n"
	plain := `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`
	put(t, map[string]string{
		"used.asl.json": withValue, "used.workflow.yaml": "role: r\nnamed-values: [key]\n",
		"unlisted.asl.json": withValue, "unlisted.workflow.yaml": "role: r\n",
		"alone.json": withValue, "yaml.asl.yaml": inYAML, "yaml.workflow.yaml": "named-values: [key]\n",
		"plain.asl.yaml": "StartAt: A\nStates: {A: {Type: Succeed}}\n", "faulty.asl.json": `{"StartAt":"A","States":{}}`,
		"odd name.json": plain, "options.asl.json": plain, "options.workflow.yaml": "named-values: [\n",
	})
	if got := run(t, App{}, nil, "", "fmt", "--to", "aws", "used.asl.json"); got.code != 1 || got.out != "" || strings.Count(got.err, CodeNotPortable) != 1 ||
		!strings.Contains(got.err, "used.asl.json:4:29") || !strings.Contains(got.err, "{{key}}") || !strings.Contains(got.err, "off named-values in used.workflow.yaml") {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, nil, "", "fmt", "--to", "aws", "yaml.asl.yaml"); got.code != 1 || got.out != "" || !strings.Contains(got.err, "yaml.asl.yaml:11:") {
		t.Errorf("%+v", got)
	}
	form := string(jsonval.MustParse(plain).Indent()) + "\n"
	for name, want := range map[string]string{
		"unlisted.asl.json": string(jsonval.MustParse(withValue).Indent()) + "\n",
		"alone.json":        string(jsonval.MustParse(withValue).Indent()) + "\n",
		"plain.asl.yaml":    form, "odd name.json": form,
	} {
		if got := run(t, App{}, nil, "", "fmt", "--to", "aws", name); got != (result{0, want, ""}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, name := range []string{"faulty.asl.json", "options.asl.json", "gone.asl.json"} {
		if got := run(t, App{}, nil, "", "fmt", "--to", "aws", name); got.code != 1 || got.out != "" || got.err == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestFmtTwiceIsFmtOnce, over every recorded definition; what it prints is the same
// value, with the same numbers and strings.
func TestFmtTwiceIsFmtOnce(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(recorded.Path(t, "conformance"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		text := textOf(t, path)
		var c struct{ Definition json.RawMessage }
		if json.Unmarshal([]byte(text), &c) == nil && len(c.Definition) > 0 {
			text = string(c.Definition)
		}
		before, err := jsonval.ParseString(text)
		if err != nil {
			return nil
		}
		once, faults := canonical(diag.NewSource(path, text))
		twice, more := canonical(diag.NewSource(path, once))
		if faults.HasErrors() || more.HasErrors() || once != twice || jsonval.MustParse(once).Compact().Text() != before.Compact().Text() {
			t.Errorf("%s: %v %v", path, faults, more)
		}
		seen++
		return nil
	})
	if err != nil || seen < 500 {
		t.Errorf("%d definitions, %v", seen, err)
	}
}

// TestThePageOfNotPortable holds the page's example to the command.
func TestThePageOfNotPortable(t *testing.T) {
	page := textOf(t, filepath.Join("..", "..", "docs", "errors", CodeNotPortable+".md"))
	list := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^File `([^`]+)`:\n\n```[a-z]*\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		list[m[1]] = m[2]
	}
	m := regexp.MustCompile("(?ms)^```console\n\\$ stile (fmt [^\n]+)\n(.*?)^```$").FindStringSubmatch(page)
	if m == nil || len(list) != 2 {
		t.Fatal("the page has no example")
	}
	put(t, list)
	got := run(t, App{}, nil, "", strings.Fields(m[1])...)
	if got.code != 1 || !strings.HasPrefix(got.err, m[2]) {
		t.Errorf("the page shows\n%s\nfmt tells\n%s", m[2], got.err)
	}
}
