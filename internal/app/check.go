package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stile/asl"
	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/internal/contract"
	"stile/internal/demo"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/mock"
	"stile/internal/policies"
	"stile/internal/sfn"
	"stile/policy"
)

// Check reads project folders, single definitions and single policy documents,
// and gives every diagnostic of all of them, sorted. The error is for a path that
// cannot be read at all, or is none of these.
func Check(paths []string) (diag.List, error) {
	var all diag.List
	for _, p := range paths {
		found, err := checkOne(p)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all.Sort(), nil
}

func checkOne(path string) (diag.List, error) {
	info, err := os.Stat(path)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if info.IsDir() {
		return checkProject(path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	src := diag.NewSource(filepath.ToSlash(path), string(text))
	switch {
	case strings.HasSuffix(path, ".json") && !strings.HasSuffix(path, ".asl.json") && mock.Is(src.Text()):
		return checkMockFile(path, src), nil
	case strings.HasSuffix(path, ".asl.json"), strings.HasSuffix(path, ".json"):
		_, faults := asl.Parse(src)
		return faults, nil
	case isTests(path):
		return checkTests(path), nil
	case strings.HasSuffix(path, ".asl.yaml"), strings.HasSuffix(path, ".asl.yml"):
		return checkYAML(path)
	case strings.HasSuffix(path, ".xml"):
		return checkPolicy(path, src), nil
	}
	return nil, fmt.Errorf("%s: neither a folder, a definition (.asl.json, .asl.yaml), tests of policies (.test.yaml) nor a policy document (.xml)", path)
}

func checkProject(dir string) (diag.List, error) {
	p, faults := files.Load(dir)
	if p == nil {
		return faults, nil
	}
	addBuiltIn(p.APIM, "http://"+config.DefaultServerOptions().Control)
	snapshot, more := gateway.Compile(p.APIM, policies.Table(), gateway.CompileOptions{Revision: "check"})
	machines, found := parseMachines(p.StateMachines)
	faults = append(append(faults, found...), jointFaults(p, machines, snapshot, config.DefaultServerOptions())...)
	faults = append(append(faults, namedValueFaults(p, machines)...), testFaults(dir, p)...)
	_, found = readMocks(dir, "", p, machines)
	faults = append(faults, found...)
	faults = append(faults, refFaults(p.Config)...)
	faults = append(faults, sampleFaults(p.Config)...)
	faults = append(faults, bucketFaults(dir, p.Config)...)
	faults = append(faults, approvalFaults(p, machines)...)
	faults = append(faults, egressFaults(p)...)
	faults = append(faults, functionFaults(p)...)
	return append(faults, more...), nil
}

// sampleFaults tells of samples in stile.yaml that no sample backend is named for.
func sampleFaults(cfg *config.Config) (out diag.List) {
	var names []string
	for _, s := range demo.Samples() {
		names = append(names, s.Name)
	}
	for _, s := range cfg.Samples {
		if s.Name == "" || slices.Contains(names, s.Name) { // an empty name is told of by config
			continue
		}
		hint := "write one of: " + strings.Join(names, ", ")
		if near, ok := diag.Nearest(s.Name, names); ok {
			hint = "did you mean " + near + "?"
		}
		out = append(out, diag.Diagnostic{Code: doctree.CodeValue, Severity: diag.Error, File: filepath.ToSlash(cfg.File),
			Line: s.Line, Column: 1, Message: "there is no sample backend " + s.Name, Hint: hint})
	}
	return out
}

// parseMachines compiles definitions, once for their own faults and for the joint's.
func parseMachines(list []files.StateMachine) (machines []contract.Machine, faults diag.List) {
	for _, m := range list {
		src := m.Source()
		program, found := asl.Parse(src)
		faults = append(faults, found...)
		if program != nil && m.Type == sfn.Express {
			for _, d := range asl.ExpressFaults(program) {
				d.File, d.Excerpt = src.File(), src.Line(d.Line)
				faults = append(faults, d)
			}
		}
		if program != nil {
			machines = append(machines, contract.Machine{Source: src, Program: program, RoleName: m.Role})
		}
	}
	return machines, faults
}

// checkYAML takes the definition's own folder as the folder of definitions, since
// YAML is turned into JSON there, and keeps what is said of this file.
func checkYAML(path string) (diag.List, error) {
	m, faults, ok := files.Definition(path)
	if ok {
		_, more := parseMachines([]files.StateMachine{m})
		faults = append(faults, more...)
	}
	return faults, nil
}

// checkPolicy compiles one policy document, or fragment, with the named values,
// fragments and backends of the project that it lies in.
func checkPolicy(path string, src *diag.Source) diag.List {
	svc := serviceAround(path)
	return gateway.CheckDocument(svc, policies.Table(), policy.Source{File: src.File(), Text: src.Text(), Scope: scopeOf(path)})
}

// serviceAround is the service of the project that a file lies in, one with the
// built-in names alone where it lies in none.
func serviceAround(path string) *apim.Service {
	svc := &apim.Service{}
	if dir, ok := projectOf(path); ok {
		if p, _ := files.Load(dir); p != nil {
			svc = p.APIM
		}
	}
	addBuiltIn(svc, "http://"+config.DefaultServerOptions().Control)
	return svc
}

// projectOf finds the nearest folder above path with a stile.yaml.
func projectOf(path string) (string, bool) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, config.FileName)); err == nil {
			return dir, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", false
		}
		dir = up
	}
}

// scopeOf reads a document's scope from where it lies in an APIOps folder; a
// document elsewhere is taken as an operation's, where most policies may stand.
func scopeOf(path string) policy.Scope {
	if s := scopeIn(path); s != 0 {
		return s
	}
	return policy.Operation
}

// scopeIn is the scope that the folder tells, 0 where it tells none.
func scopeIn(path string) policy.Scope {
	abs, err := filepath.Abs(path)
	if err != nil {
		return 0
	}
	parts := strings.Split(filepath.ToSlash(abs), "/")
	at := func(name string) bool { return slices.Contains(parts, name) }
	switch {
	case at("operations"):
		return policy.Operation
	case at("apis"):
		return policy.API
	case at("products"):
		return policy.Product
	case len(parts) > 1 && parts[len(parts)-1] == "policy.xml" && slices.Contains([]string{"apim", "apim-artifacts", "artifacts"}, parts[len(parts)-2]):
		return policy.Global
	}
	return 0
}
