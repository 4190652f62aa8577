package asl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/recorded"
)

// recordedFault is one definition that AWS refused, with its words.
type recordedFault struct {
	file, definition, express string
	want                      string // as WireMessage gives it
}

// recordedFaults reads the cases of kinds api and validate.
func recordedFaults(t *testing.T, dir string) []recordedFault {
	t.Helper()
	var out []recordedFault
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Kind    string
			Request struct{ Definition, Type string }
			Steps   []struct {
				Params   struct{ Definition, Type string }
				Expected []struct {
					Error struct{ Code, Message string }
				}
			}
			Expected struct {
				Response struct {
					Diagnostics []struct{ Code, Location, Message string }
				}
			}
		}
		if json.Unmarshal(raw, &c) != nil {
			continue
		}
		for _, s := range c.Steps {
			for _, e := range s.Expected {
				want, ok := strings.CutPrefix(e.Error.Message, "Invalid State Machine Definition: '")
				if ok && e.Error.Code == "InvalidDefinition" && s.Params.Definition != "" {
					out = append(out, recordedFault{f, s.Params.Definition, s.Params.Type, strings.TrimSuffix(want, "'")})
				}
			}
		}
		if c.Kind == "validate" {
			var parts []string
			for _, d := range c.Expected.Response.Diagnostics {
				parts = append(parts, d.Code+": "+d.Message+" at "+d.Location)
			}
			out = append(out, recordedFault{f, c.Request.Definition, c.Request.Type, strings.Join(parts, ", ")})
		}
	}
	return out
}

func TestRecordedInvalidDefinitions(t *testing.T) {
	faults := recordedFaults(t, recorded.Path(t, "conformance", "asl"))
	agree, notTaken := 0, 0
	for _, f := range faults {
		p, list := Parse(diag.NewSource("", f.definition))
		if p != nil && f.express == "EXPRESS" {
			list = append(list, ExpressFaults(p)...)
		}
		var own, theirs diag.List
		for _, d := range list {
			if strings.HasPrefix(d.Code, "STL-A00") && d.Severity == diag.Error {
				own = append(own, d)
			} else {
				theirs = append(theirs, d)
			}
		}
		got := strings.ReplaceAll(WireMessage(theirs), "arn:aws:", "arn:<partition>:")
		switch {
		case got == f.want:
			agree++
		case len(own) > 0:
			notTaken++ // a JSONata definition: its own faults are not looked for
		default:
			t.Errorf("%s\n got %s\nwant %s", filepath.Base(f.file), got, f.want)
		}
	}
	t.Logf("%d recorded verdicts: %d agree word for word, %d not looked into (JSONata)", len(faults), agree, notTaken)
	if agree < 10 {
		t.Errorf("only %d verdicts agree", agree)
	}
}
