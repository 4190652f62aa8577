package jsonata

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stile/internal/recorded"
	"stile/jsonata/syntax"
	"stile/jsonata/value"
	"stile/jsonval"
)

// suiteCase is one case of the reference implementation's own suite.
type suiteCase struct {
	name  string
	expr  string
	input jsonval.Value
	env   *Env
	want  jsonval.Value // absent: undefined
	code  string        // not "": an error is wanted
	token string
	text  string
	loose bool // the order of items does not count
}

// Why cases are left out.
const (
	leftEval   = "AWS has no $eval"
	leftMemory = "AWS's memory cap ends a range of ten million"
	leftFile   = "the expression's file is not in the folder"
)

// suite reads the cases; those that this room cannot have are counted by reason.
func suite(t testing.TB) (cases []suiteCase, left map[string][]string) {
	t.Helper()
	root := recorded.Path(t, "conformance", "jsonata")
	files, err := filepath.Glob(filepath.Join(root, "groups", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no groups in %s: %v", root, err)
	}
	left = map[string][]string{}
	for _, file := range files {
		list := []jsonval.Value{readJSON(t, file)}
		if list[0].Kind() == jsonval.ArrayKind {
			list = list[0].Items()
		}
		for i, c := range list {
			name := filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".json")
			if len(list) > 1 {
				name += "." + jsonval.OfInt(int64(i)).Text()
			}
			sc, why := readCase(t, root, file, c)
			if sc.name = name; why != "" {
				left[why] = append(left[why], name)
				continue
			}
			cases = append(cases, sc)
		}
	}
	return cases, left
}

func readCase(t testing.TB, root, file string, c jsonval.Value) (sc suiteCase, why string) {
	// value keeps the lone surrogates that one expression has
	text := value.From(c.Get("expr")).Str()
	if text == "" && !c.Get("expr").Exists() {
		name, _ := c.Get("expr-file").Str()
		body, err := os.ReadFile(filepath.Join(filepath.Dir(file), name))
		if err != nil {
			return sc, leftFile
		}
		text = string(body)
	}
	sc.expr = text
	switch {
	case strings.Contains(text, "$eval("):
		return sc, leftEval
	case strings.Contains(text, "[1..10000000]"):
		return sc, leftMemory
	}
	sc.input = c.Get("data")
	if name, ok := c.Get("dataset").Str(); ok {
		sc.input = readJSON(t, filepath.Join(root, "datasets", name+".json"))
	}
	sc.env = testEnv()
	for _, m := range c.Get("bindings").Members() {
		sc.env.Bindings[m.Name] = m.Value
	}
	if n, ok := c.Get("depth").Int(); ok {
		sc.env.Limits.Depth = int(n)
	}
	sc.want = c.Get("result")
	sc.code, _ = c.Get("code").Str()
	sc.token, _ = c.Get("token").Str()
	sc.loose = c.Get("unordered").Bool()
	if e := c.Get("error"); e.Exists() {
		sc.code, _ = e.Get("code").Str()
		sc.token, _ = e.Get("token").Str()
		sc.text, _ = e.Get("message").Str()
	}
	return sc, ""
}

func readJSON(t testing.TB, path string) jsonval.Value {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonval.Parse(body)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func testEnv() *Env {
	n := uint64(1)
	return &Env{
		Bindings: map[string]jsonval.Value{},
		Now:      1700000000123,
		Random: func() float64 {
			n = n*6364136223846793005 + 1442695040888963407
			return float64(n>>11) / (1 << 53)
		},
		UUID: func() string { return "4f0c2a1e-9d3b-4a57-8a51-0d6f6c9e7b21" },
	}
}

// codeOf gives the code of any error of this room.
func codeOf(err error) string {
	switch e := err.(type) {
	case *Error:
		return e.Code
	case *syntax.Error:
		return e.Code
	}
	return ""
}

// verdict gives "" where a case holds, else what went wrong.
func (sc *suiteCase) verdict() string {
	x, err := Compile(sc.expr)
	var got jsonval.Value
	if err == nil {
		got, err = x.Eval(sc.input, sc.env)
	}
	if sc.code != "" {
		switch fault, _ := err.(*Error); {
		case err == nil:
			return "gives " + got.Text() + ", wants " + sc.code
		case codeOf(err) != sc.code:
			return "fails with " + codeOf(err) + " " + err.Error() + ", wants " + sc.code
		case fault != nil && sc.token != "" && fault.Token != sc.token:
			return sc.code + " has token " + fault.Token + ", wants " + sc.token
		case sc.text != "" && err.Error() != sc.text:
			return sc.code + " has text " + err.Error() + ", wants " + sc.text
		}
		return ""
	}
	if err != nil {
		return "fails with " + codeOf(err) + " " + err.Error()
	}
	if sc.loose {
		got, sc.want = sorted(got), sorted(sc.want)
	}
	if got.Exists() != sc.want.Exists() || got.Exists() && !jsonval.Equal(got, sc.want) {
		return "gives " + got.Text() + ", wants " + sc.want.Text()
	}
	return ""
}

func sorted(v jsonval.Value) jsonval.Value {
	items := v.Compact().Items()
	slices.SortFunc(items, func(a, b jsonval.Value) int { return strings.Compare(a.Text(), b.Text()) })
	return jsonval.OfItems(items...)
}

// floor is how many cases must pass: what was reached.
const floor = 1094

func TestSuite(t *testing.T) {
	cases, left := suite(t)
	passed := 0
	for i := range cases {
		sc := &cases[i]
		if why := sc.verdict(); why != "" {
			if len(why) > 300 {
				why = why[:300] + "…"
			}
			t.Logf("%s: %.200q: %s", sc.name, sc.expr, why)
			continue
		}
		passed++
	}
	out := 0
	for _, why := range []string{leftEval, leftMemory, leftFile} {
		t.Logf("left out, %s: %s", why, strings.Join(left[why], " "))
		out += len(left[why])
	}
	t.Logf("figure: JSONata's suite: %d of %d pass, %d more are left out", passed, len(cases), out)
	if passed < floor {
		t.Errorf("passed %d cases, the floor is %d", passed, floor)
	}
}
