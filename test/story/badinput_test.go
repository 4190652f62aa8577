package story

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// diagnostic is a line of `stile check -o jsonl`.
type diagnostic struct {
	Code, Severity, File, Message, Hint string
	Line, Column                        int
}

// check runs `stile check -o jsonl` on paths.
func check(t *testing.T, paths ...string) (code int, found []diagnostic) {
	t.Helper()
	code, out, _ := command(t, nil, append([]string{"check", "-o", "jsonl"}, paths...)...)
	for line := range strings.Lines(out) {
		var d diagnostic
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("not a line of JSON: %q: %v", line, err)
		}
		found = append(found, d)
	}
	return code, found
}

func TestTheExampleHasNoFaults(t *testing.T) {
	t.Parallel()
	if code, found := check(t, newProject(t).dir); code != 0 || len(found) != 0 {
		t.Errorf("stile check: %d %+v", code, found)
	}
}

// TestFaultsAreAllToldWithTheirPlaces breaks one file at a time; the faults wanted
// are file:line with a word of the message or the hint.
func TestFaultsAreAllToldWithTheirPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		file  string
		edits []string // pairs of old and new
		want  []string // pairs of line's text and word
	}{
		{"an unknown policy", "apim/policy.xml", []string{`<forward-request timeout="30" />`, `<forward-reqest timeout="30" />`},
			[]string{"<forward-reqest", "forward-request"}},
		{"an unknown attribute and a missing one", "apim/products/starter/policy.xml",
			[]string{`calls="1000" renewal-period="60"`, `call="1000" renewal-period="60"`}, []string{"<rate-limit", "call"}},
		{"an unknown element", "apim/apis/payments/policy.xml", []string{"<audiences>", "<audience-list>", "</audiences>", "</audience-list>"},
			[]string{"<audience-list>", "audience"}},
		{"a policy in the wrong section", "apim/apis/orders/operations/get/policy.xml",
			[]string{"<set-header name=\"Cache-Control\"", "<rate-limit calls=\"1\" renewal-period=\"1\" />\n        <set-header name=\"Cache-Control\""},
			[]string{"<rate-limit", "outbound"}},
		{"two faults of expressions", "apim/policy.xml",
			[]string{"@(context.RequestId.ToString())", "@(context.RequestIdd.ToString())", "@(context.LastError.Reason)", "@(context.LastError.Reason"},
			[]string{"RequestIdd", "RequestId", "LastError.Reason", ""}},
		{"a named value that is not there", "apim/policy.xml", []string{"{{gateway-name}}", "{{gatway-name}}"},
			[]string{"gatway-name", "gateway-name"}},
		{"a fragment that is not there", "apim/apis/shipping/policy.xml", []string{`fragment-id="caller"`, `fragment-id="callr"`},
			[]string{"callr", "caller"}},
		{"an unknown key", "stile.yaml", []string{"gateway: {path: apim}", "gatway: {path: apim}"}, []string{"gatway", "gateway"}},
		{"three faults of a definition", "workflows/order.asl.json",
			[]string{`"Default": "Pause"`, `"Default": "Paus"`, `"Seconds": 2`, `"Second": 2`, `"ResultPath": "$.approval"`, `"ResultPath": "approval"`},
			[]string{`"Paus"`, "Pause", `"Second"`, "Second", `"approval"`, "Reference Path"}},
		{"a definition that is not JSON", "workflows/order.asl.json", []string{`"StartAt": "Reserve",`, `"StartAt": "Reserve"`}, nil},
		{"an unknown key of a role", "roles/order-role.json", []string{`"subscription": "demo"`, `"subscripton": "demo"`},
			[]string{"subscripton", "subscription"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			for i := 0; i < len(c.edits); i += 2 {
				p.edit(c.file, c.edits[i], c.edits[i+1])
			}
			code, found := check(t, p.dir)
			if code != 1 || len(found) == 0 {
				t.Fatalf("stile check: %d %+v, want 1 and faults", code, found)
			}
			for i := 0; i < len(c.want); i += 2 {
				if !told(found, c.file, lineOf(p.read(c.file), c.want[i]), c.want[i+1]) {
					t.Errorf("no fault at %s:%d that says %q in %+v", c.file, lineOf(p.read(c.file), c.want[i]), c.want[i+1], found)
				}
			}
			p.refusesToStart(c.file)
		})
	}
}

// told reports a diagnostic at a place with a word in its message or hint.
func told(found []diagnostic, file string, line int, word string) bool {
	for _, d := range found {
		if strings.HasSuffix(filepath.ToSlash(d.File), file) && d.Line == line && strings.Contains(d.Message+" "+d.Hint, word) {
			return true
		}
	}
	return false
}

// lineOf is the line, from 1, where a text first stands.
func lineOf(text, what string) int {
	before, _, _ := strings.Cut(text, what)
	return strings.Count(before, "\n") + 1
}

// refusesToStart starts the server, which must end at once and name the file.
func (p *project) refusesToStart(names string) {
	p.t.Helper()
	code, out, errs := command(p.t, nil, append([]string{"dev", p.dir}, p.flags()...)...)
	if code != 1 || !strings.Contains(filepath.ToSlash(errs), names) {
		p.t.Errorf("stile dev: %d, stdout %q, stderr %q: want 1 and %s named", code, out, errs, names)
	}
}

func TestSingleFilesAreChecked(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	definition, document := filepath.Join(p.dir, "workflows/order.asl.json"), filepath.Join(p.dir, "apim/policy.xml")
	if code, found := check(t, definition, document); code != 0 {
		t.Errorf("a definition and a document: %d %+v", code, found)
	}
	p.edit("workflows/order.asl.json", `"StartAt": "Reserve"`, `"StartAt": "Reserv"`)
	p.edit("apim/policy.xml", "</on-error>", "</on-eror>")
	code, found := check(t, definition, document)
	if code != 1 || !told(found, "order.asl.json", lineOf(p.read("workflows/order.asl.json"), "StartAt"), "Reserv") {
		t.Errorf("both broken: %d %+v", code, found)
	}
	if code, _, errs := command(t, nil, "check", filepath.Join(p.dir, "no-such-folder")); code == 0 || strings.Count(errs, "\n") != 1 {
		t.Errorf("a folder that is not there: %d %q, want one line", code, errs)
	}
}

// oneLine runs the server where it cannot start: it must end with one line that
// holds the words.
func (p *project) oneLine(words ...string) {
	p.t.Helper()
	code, _, errs := command(p.t, nil, append([]string{"dev", p.dir}, p.flags()...)...)
	lines := strings.Split(strings.TrimSpace(errs), "\n")
	last := lines[len(lines)-1]
	if code == 0 || !strings.HasPrefix(last, "stile: ") {
		p.t.Errorf("exit code %d, stderr %q: want a failure in one line", code, errs)
	}
	for _, w := range words {
		if !strings.Contains(last, w) {
			p.t.Errorf("the line does not say %q: %s", w, last)
		}
	}
}

func TestWhatIsTakenIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	first := newProject(t)
	first.start()
	for i, flag := range []string{"--control", "--control-tls", "--gateway"} {
		second := newProject(t)
		second.ports[i] = first.ports[i]
		second.oneLine(first.ports[i], flag)
	}
	second := newProject(t)
	second.data = first.data
	second.oneLine(first.data)
	third := newProject(t)
	third.replaceAll(third.samples["shipping"], first.samples["shipping"])
	third.oneLine(first.samples["shipping"])
}

func TestADataFolderOfANewerFormat(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	s := p.start()
	s.stop()
	file := filepath.Join(p.data, "FORMAT")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(string(text), " ")
	if err := os.WriteFile(file, []byte(name+" 999\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.oneLine(p.data, "999")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p.start()
}

func TestAProjectThatIsNotThere(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.dir = filepath.Join(p.dir, "no-such-folder")
	p.oneLine("no-such-folder")
}

func TestServeRefusesWhatOnlyDevMayDo(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	code, _, errs := command(t, nil, append([]string{"serve", p.dir}, p.flags()...)...)
	if code != 1 || !strings.Contains(errs, "dev-keys") {
		t.Errorf("serve with dev-keys: %d %q", code, errs)
	}
	p.ports[0] = "0.0.0.0:0"
	if code, _, errs := command(t, nil, append([]string{"serve", p.dir}, p.flags()...)...); code != 1 || !strings.Contains(errs, "loopback") {
		t.Errorf("serve on every address: %d %q", code, errs)
	}
}
