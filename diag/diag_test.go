package diag

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"check", "First", "rate-limit", "set-header"}
	for name, want := range map[string]string{
		"chekc": "check", "Frist": "First", "ratelimit": "rate-limit", "set-headers": "set-header", "first": "First",
		"quota": "", "": "",
	} {
		got, ok := Nearest(name, words)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", name, got, ok, want)
		}
	}
}

func TestPlaceCountsRunesAndLines(t *testing.T) {
	s := NewSource("f", "ab\r\nçd\n")
	for offset, want := range map[int][2]int{0: {1, 1}, 2: {1, 3}, 4: {2, 1}, 6: {2, 2}, 7: {2, 3}, 99: {3, 1}} {
		if line, column := s.Place(offset); line != want[0] || column != want[1] {
			t.Errorf("offset %d: %d:%d, want %v", offset, line, column, want)
		}
	}
	if s.Line(1) != "ab" || s.Line(2) != "çd" || s.Line(4) != "" {
		t.Errorf("lines %q %q %q", s.Line(1), s.Line(2), s.Line(4))
	}
}

func TestTextPutsTheCaretUnderItsColumn(t *testing.T) {
	s := NewSource("a.xml", "<x>\n\t<y z=\"1\"/>")
	d := s.At(8, Diagnostic{Code: "STL-P001", Message: "no", Width: 2, Hint: "remove it"})
	want := "error[STL-P001]: no\n  --> a.xml:2:5\n  |\n2 | \t<y z=\"1\"/>\n  | \t   ^^\n  = help: remove it\n"
	if got := d.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := d.String(); got != "a.xml:2:5: no [STL-P001]" {
		t.Errorf("one line: %s", got)
	}
}

func TestSortDropsRepeats(t *testing.T) {
	a, b := Diagnostic{File: "a", Line: 2, Severity: Error}, Diagnostic{File: "a", Line: 1, Severity: Warning}
	l := List{a, b, a}.Sort()
	if len(l) != 2 || l[0] != b || !l.HasErrors() || l.Errors() != 1 || strings.Count(l.Error(), "\n") != 1 {
		t.Errorf("%v", l)
	}
}
