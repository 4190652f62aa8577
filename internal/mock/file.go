package mock

import (
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
	"stile/internal/sfn"
	"stile/jsonval"
)

// File is a mock file without a fault.
type File struct {
	src       *diag.Source
	machines  []entry
	responses []response
}

// entry is one state machine of StateMachines.
type entry struct {
	name         string
	line, column int
	cases        []testCase
}

type testCase struct {
	name   string
	states []mocked
}

// mocked is one STATE: RESPONSE of a test case.
type mocked struct {
	state        string
	line, column int
	response     int // index in File.responses
}

// response is one entry of MockedResponses.
type response struct {
	name    string
	answers []answer
	value   jsonval.Value // the entry as it stands
}

// answer is what one key of a response gives.
type answer struct {
	first, last  uint64
	line, column int // of the key
	result       *doctree.Node
}

// Is reports whether a JSON text looks like a mock file, for those who are given
// any file.
func Is(text string) bool {
	v, err := jsonval.Parse([]byte(strings.TrimPrefix(text, "\ufeff")))
	return err == nil && (v.Get("StateMachines").Exists() || v.Get("MockedResponses").Exists())
}

// Counts gives how many state machines and test cases the file has.
func (f *File) Counts() (machines, cases int) {
	for _, m := range f.machines {
		cases += len(m.cases)
	}
	return len(f.machines), cases
}

// Name is the file's name as it was given to Parse.
func (f *File) Name() string { return f.src.File() }

// Case gives the answers of a test case as interp.Start.Mocks wants them: an object
// of states, each with its response. The error is a *sfn.Error that names what
// there is. A nil File has no cases.
func (f *File) Case(machine, name string) (jsonval.Value, error) {
	if f == nil {
		return jsonval.Value{}, sfn.NoTestCase(machine, name, "no mock file is loaded; name one with --mock, or put it at "+DefaultPath)
	}
	i := slices.IndexFunc(f.machines, func(m entry) bool { return m.name == machine })
	if i < 0 {
		return jsonval.Value{}, sfn.NoTestCase(machine, name, f.Name()+" has no test cases of the state machine '"+machine+"'")
	}
	var known []string
	for _, c := range f.machines[i].cases {
		if c.name == name {
			return f.answers(c), nil
		}
		known = append(known, "'"+c.name+"'")
	}
	return jsonval.Value{}, sfn.NoTestCase(machine, name, f.Name()+" has no such test case of '"+machine+"'; it has "+list(known))
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (f *File) answers(c testCase) jsonval.Value {
	var o jsonval.Object
	for _, s := range c.states {
		o.Add(s.state, f.responses[s.response].value)
	}
	return o.Value()
}
