package syntax

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/internal/recorded"
)

// suiteCase is one case of the reference implementation's own suite.
type suiteCase struct {
	Expr  *string
	File  string `json:"expr-file"`
	Code  string
	Token any
	Error struct{ Code string }
	name  string
}

// suite reads all cases that have an expression.
func suite(t testing.TB) (cases []suiteCase) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recorded.Path(t, "conformance", "jsonata", "groups"), "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []suiteCase
		if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
			err = json.Unmarshal(text, &list)
		} else {
			list = make([]suiteCase, 1)
			err = json.Unmarshal(text, &list[0])
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range list {
			c.name = filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file)
			if c.Code == "" {
				c.Code = c.Error.Code
			}
			if c.Expr == nil {
				text, err := os.ReadFile(filepath.Join(filepath.Dir(file), c.File))
				if c.File == "" || err != nil {
					continue // the suite names one file that it does not have
				}
				c.Expr = new(string)
				*c.Expr = string(text)
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func TestSuite(t *testing.T) {
	parsed, refused := 0, 0
	for _, c := range suite(t) {
		n, err := Parse(*c.Expr)
		if !strings.HasPrefix(c.Code, "S") {
			if err != nil {
				t.Errorf("%s: %q: %v", c.name, *c.Expr, err)
				continue
			}
			if n == nil {
				t.Errorf("%s: %q gives no tree", c.name, *c.Expr)
			}
			parsed++
			continue
		}
		e, ok := err.(*Error)
		if !ok || e.Code != c.Code || c.Token != nil && e.Token != c.Token {
			t.Errorf("%s: %q: got %#v, want %s with token %v", c.name, *c.Expr, err, c.Code, c.Token)
			continue
		}
		refused++
	}
	t.Logf("%d expressions parsed, %d refused with the suite's code", parsed, refused)
	if parsed < 1085 || refused < 22 {
		t.Errorf("parsed %d of 1085, refused %d of 22", parsed, refused)
	}
}
