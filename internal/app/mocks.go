package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"stile/diag"
	"stile/internal/config"
	"stile/internal/contract"
	"stile/internal/engine"
	"stile/internal/files"
	"stile/internal/mock"
	"stile/jsonval"
)

// readMocks reads the mock file of a project: the one that was named, else the one
// in its usual place, where there is one. The File is nil where there is none.
func readMocks(dir, named string, p *files.Project, machines []contract.Machine) (*mock.File, diag.List) {
	path := named
	if path == "" {
		path = filepath.Join(dir, filepath.FromSlash(mock.DefaultPath))
	}
	text, err := os.ReadFile(path)
	switch {
	case os.IsNotExist(err) && named == "":
		return nil, nil
	case err != nil:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, diag.List{{Code: config.CodeUnreadable, Severity: diag.Error, File: filepath.ToSlash(path),
			Message: "the mock file cannot be read: " + err.Error(), Hint: "--mock and SFN_MOCK_CONFIG name it"}}
	}
	return checkMocks(diag.NewSource(filepath.ToSlash(path), string(text)), definitionsOf(p, machines))
}

// watchMocks watches the mock file that was named, wherever it lies.
func watchMocks(w *files.Watcher, o Options) {
	if o.Mock == "" {
		return
	}
	if err := w.Also(o.Mock); err != nil {
		o.Log.Warn("the mock file is not watched: restart to take a change of it", "file", o.Mock, "error", err)
	}
}

// checkMocks reads a mock file and holds it against definitions; nil for none.
func checkMocks(src *diag.Source, definitions []mock.Machine) (*mock.File, diag.List) {
	f, faults := mock.Parse(src)
	if f != nil && definitions != nil {
		faults = append(faults, f.Check(definitions)...)
	}
	return f, faults
}

// definitionsOf are the project's definitions by the names of their state machines.
func definitionsOf(p *files.Project, machines []contract.Machine) []mock.Machine {
	out := []mock.Machine{}
	for _, m := range p.StateMachines {
		for _, d := range machines {
			if d.Source.File() == m.File {
				out = append(out, mock.Machine{Name: m.Name, Program: d.Program})
			}
		}
	}
	return out
}

// checkMockFile checks a mock file on its own, against the definitions of the
// project that it lies in.
func checkMockFile(path string, src *diag.Source) diag.List {
	var definitions []mock.Machine
	if dir, ok := projectOf(path); ok {
		if p, _ := files.Load(dir); p != nil {
			machines, _ := parseMachines(p.StateMachines)
			definitions = definitionsOf(p, machines)
		}
	}
	_, faults := checkMocks(src, definitions)
	return faults
}

// testCases is what resolves test cases: the project as it stands; production has
// none.
func (s *server) testCases() engine.TestCases {
	if s.mode != modeDev {
		return nil
	}
	return func(machine, testCase string) (jsonval.Value, error) {
		return s.current.Load().mocks.Case(machine, testCase)
	}
}

// mockCases counts the test cases that are loaded.
func (p *project) mockCases() (file string, cases int) {
	if p.mocks == nil {
		return "", 0
	}
	_, cases = p.mocks.Counts()
	return p.mocks.Name(), cases
}
