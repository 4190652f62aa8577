package asl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/recorded"
	"stile/jsonval"
)

// walk runs definitions of Pass, Choice, Succeed and Fail states alone: just
// enough to hold paths, templates, intrinsics and choices against recordings.
type walk struct {
	vars map[string]jsonval.Value
	name string
}

func (w *walk) scope(in, execInput jsonval.Value, st *State) *Scope {
	n := uint64(0)
	return &Scope{
		Input: in,
		Context: func() jsonval.Value {
			var o, e, s, m jsonval.Object
			e.AddString("Id", "arn:aws:states:us-east-1:111111111111:execution:"+w.name+":"+w.name)
			e.Add("Input", execInput).AddString("Name", w.name).AddString("RoleArn", "role").AddString("StartTime", "now")
			s.AddString("Name", st.Name).AddString("EnteredTime", "now")
			m.AddString("Id", "arn:aws:states:us-east-1:111111111111:stateMachine:"+w.name).AddString("Name", w.name)
			return o.Add("Execution", e.Value()).Add("State", s.Value()).Add("StateMachine", m.Value()).Value()
		},
		Variable: func(name string) (jsonval.Value, bool) { v, ok := w.vars[name]; return v, ok },
		Rand:     func() uint64 { n++; return mix(n) },
	}
}

// step runs one state; next is nil at the end.
func (w *walk) step(st *State, in, exec jsonval.Value) (out jsonval.Value, next *State, err *EvalError) {
	eff, err := st.InputPath.Eval(w.scope(in, exec, st), "InputPath")
	if err != nil {
		return in, nil, err
	}
	s := w.scope(eff, exec, st)
	result, assign, output := eff, st.Assign, st.Output
	next = st.Next
	switch st.Type {
	case Choice:
		p, err := st.Choice.Pick(s)
		if err != nil {
			return in, nil, err
		}
		next, assign = p.Next, p.Assign
		output = p.Output
	case Pass:
		if st.Parameters != nil {
			if result, err = st.Parameters.Eval(s); err != nil {
				return in, nil, err
			}
		}
		if st.Result != nil {
			result = *st.Result
		}
	}
	if assign != nil {
		vars, err := assign.Eval(w.scope(result, exec, st))
		if err != nil {
			return in, nil, err
		}
		vars.EachMember(func(k string, v jsonval.Value) bool { w.vars[k] = v; return true })
	}
	if output != nil {
		out, err = output.Eval(s)
		return out, next, err
	}
	if out, err = st.ResultPath.Apply(in, result); err != nil {
		return in, nil, err
	}
	out, err = st.OutputPath.Eval(w.scope(out, exec, st), "OutputPath")
	return out, next, err
}

func walkable(p *Program) bool {
	for _, st := range p.Ordered {
		switch st.Type {
		case Pass, Choice, Succeed:
		default:
			return false
		}
	}
	return true
}

func TestRecordedDataFlow(t *testing.T) {
	dir := recorded.Path(t, "conformance", "asl")
	run, agreed := 0, 0
	for _, area := range []string{"base", "choice", "intrinsic", "scenarios", "assign", "context-object", "comments"} {
		files, _ := filepath.Glob(filepath.Join(dir, area, "*.json"))
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Definition json.RawMessage
				Input      json.RawMessage
				Expected   struct {
					Status string
					Output json.RawMessage
				}
			}
			if json.Unmarshal(raw, &c) != nil || c.Expected.Status != "SUCCEEDED" || len(c.Expected.Output) == 0 {
				continue
			}
			p, list := Parse(diag.NewSource(filepath.Base(f), string(c.Definition)))
			if p == nil {
				if !strings.Contains(list.Error(), "STL-A00") {
					t.Errorf("%s: AWS took it: %v", f, list)
				}
				continue
			}
			if !walkable(p) {
				continue
			}
			run++
			if checkWalk(t, f, p, c.Input, c.Expected.Output) {
				agreed++
			}
		}
	}
	t.Logf("%d of %d recorded data flows agree", agreed, run)
	if run < 100 {
		t.Errorf("only %d cases could be run", run)
	}
}

var placeholder = regexp.MustCompile(`<[^<>]*>|RandomNumberGenerated|"date"|timestamp`)

func checkWalk(t *testing.T, file string, p *Program, input, want json.RawMessage) bool {
	t.Helper()
	in, err := jsonval.Parse(input)
	if err != nil {
		in = jsonval.EmptyObject
	}
	w := &walk{vars: map[string]jsonval.Value{}, name: "name-1"}
	v, exec := in, in
	for st, n := p.Body.StartAt, 0; st != nil && n < 1000; n++ {
		var next *State
		var e *EvalError
		if v, next, e = w.step(st, v, exec); e != nil {
			t.Errorf("%s: state %s: %v", file, st.Name, e)
			return false
		}
		st = next
	}
	expected, err := jsonval.Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	if placeholder.MatchString(expected.Text()) {
		return true // made of values that the recorder hid
	}
	if !jsonval.Equal(v, expected) {
		t.Errorf("%s:\n got %s\nwant %s", file, v.Text(), expected.Text())
		return false
	}
	return true
}
