package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/internal/app"
)

// example is the example of a page about a code: the files before and after, and
// what the page shows of `stile check PATH` before.
type example struct {
	path, shown   string
	before, after map[string]string
}

var (
	exampleFile  = regexp.MustCompile("(?ms)^(Before|With|After),? `([^`]+)`:\n\n```[a-z]*\n(.*?)^```$")
	exampleCheck = regexp.MustCompile("(?ms)^```console\n\\$ stile check ([^\n]+)\n(.*?)^```$")
)

func readExample(page string) (e example, ok bool) {
	e.before, e.after = map[string]string{}, map[string]string{}
	for _, m := range exampleFile.FindAllStringSubmatch(page, -1) {
		if m[1] != "After" {
			e.before[m[2]] = m[3]
		}
		if m[1] != "Before" {
			e.after[m[2]] = m[3]
		}
	}
	m := exampleCheck.FindStringSubmatch(page)
	if m == nil {
		return e, len(e.before) > 0
	}
	e.path, e.shown = m[1], m[2]
	return e, true
}

// check writes files into a folder of their own and checks path there, as the
// command line does.
func (e example) check(t *testing.T, files map[string]string) diag.List {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	list, err := app.Check([]string{e.path})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestErrorPageExamples checks the examples of docs/errors: the faulty text gives
// what the page shows, and the mended one has no error.
func TestErrorPageExamples(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(errorPages), "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, page := range pages {
		if code := strings.TrimSuffix(filepath.Base(page), ".md"); code != "README" {
			texts[code] = read(t, page)
		}
	}
	examples := 0
	for code, page := range texts {
		e, ok := readExample(page)
		if !ok {
			continue
		}
		examples++
		t.Run(code, func(t *testing.T) { e.verify(t, code, page) })
	}
	if examples < len(texts)*2/3 {
		t.Errorf("%d of %d pages have an example", examples, len(texts))
	}
}

func (e example) verify(t *testing.T, code, page string) {
	if e.path == "" || len(e.before) == 0 {
		t.Fatal("the example lacks its files or its `$ stile check`")
	}
	shown := ""
	for _, d := range e.check(t, e.before) {
		if d.Code == code {
			lines := strings.SplitAfterN(d.Text(), "\n", 3)
			shown = lines[0] + lines[1]
			if _, severity, _ := strings.Cut(page, "\nSeverity: "); !strings.HasPrefix(severity, string(d.Severity)) &&
				!strings.HasPrefix(severity, "error, or warning ") {
				t.Errorf("the page does not say that this is of severity %s", d.Severity)
			}
			break
		}
	}
	if d := cmp.Diff(e.shown, shown); d != "" {
		t.Errorf("the page shows (-) another output than stile check gives (+):\n%s", d)
	}
	if len(e.after) == 0 {
		return
	}
	for _, d := range e.check(t, e.after) {
		if d.Code == code || d.Severity == diag.Error {
			t.Errorf("the mended text is at fault: %s", d)
		}
	}
}
