package files

import (
	"path/filepath"
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/internal/identity"
)

// StateMachine is one definition with its options.
type StateMachine struct {
	Name string
	File string
	// Definition is JSON text. Where the file is YAML, each key stands on the line
	// that it has in the file, so that faults of the text name the file's lines.
	Definition string
	// Role is a role's name; empty where the options name none.
	Role string
	// Type is STANDARD or EXPRESS.
	Type string
	// Options is the file NAME.workflow.yaml, empty where there is none; RoleLine is
	// where it names the role.
	Options  string
	RoleLine int
	// NamedValues are the named values, by display name, that literals of the
	// definition may refer to.
	NamedValues []NamedValueUse
	// States are the options of single states, in the file's order.
	States []StateOptions
	// Logging is what the options say of the log; without Level nothing.
	Logging Logging
	// Index are the fields that executions are found by, in the order of their names.
	Index []IndexField
	// source is Definition with its places in the file where that is YAML.
	source *diag.Source
}

// Source is Definition as a document whose places are those of the file, also
// where the file is YAML.
func (m *StateMachine) Source() *diag.Source {
	if m.source != nil {
		return m.source
	}
	return diag.NewSource(m.File, m.Definition)
}

// Logging is the key logging: which events go to which log group, and whether with
// their payloads.
type Logging struct {
	// Level is ALL, ERROR, FATAL or OFF.
	Level string
	Data  bool
	// Group is the log group's name.
	Group string
}

// NamedValueUse is one entry of `named-values`.
type NamedValueUse struct {
	Name         string
	Line, Column int
}

// Uses reports whether the options list a named value.
func (m *StateMachine) Uses(name string) bool {
	return slices.ContainsFunc(m.NamedValues, func(u NamedValueUse) bool { return u.Name == name })
}

// CodeName is the fault of a file whose name is no legal name.
const CodeName = "STL-C012"

const (
	optionsSuffix = ".workflow.yaml"
	maxName       = 80
)

var definitionSuffixes = []string{".asl.json", ".asl.yaml", ".asl.yml"}

func (l *loader) stateMachines(cfg *config.Config) []StateMachine {
	folder := cfg.Workflows.Path
	if filepath.IsAbs(folder) {
		if rel, err := filepath.Rel(l.dir, folder); err == nil {
			folder = rel
		}
	}
	var out []StateMachine
	options := map[string]*branch{}
	entries := l.branches(folder)
	for _, e := range entries {
		name, suffix := split(e.name)
		switch {
		case e.dir || suffix == "":
			l.unused(l.name(folder, e.name), "this")
		case suffix == optionsSuffix:
			options[name] = e
		default:
			read := kept(l, e, "", func() (o optional[StateMachine]) {
				o.noun, o.ok = l.definition(folder, e.name, name, suffix)
				return o
			})
			if read.ok {
				out = append(out, read.noun)
			}
		}
	}
	out = slices.CompactFunc(out, func(a, b StateMachine) bool {
		if a.Name == b.Name {
			l.fault(b.File, doctree.CodeDuplicate, "another file defines state machine "+a.Name+": "+a.File, "keep one of them")
		}
		return a.Name == b.Name
	})
	for i := range out {
		if e := options[out[i].Name]; e != nil {
			delete(options, out[i].Name)
			out[i].take(kept(l, e, "", func() StateMachine {
				sm := StateMachine{Name: out[i].Name, Type: out[i].Type}
				l.options(&sm, folder)
				return sm
			}))
		}
	}
	for _, e := range entries {
		if name, suffix := split(e.name); suffix == optionsSuffix && !e.dir && options[name] != nil {
			l.fault(l.name(folder, e.name), config.CodeNoSuch, "these are options of state machine "+name+", which is not there",
				"add "+name+".asl.json, or rename this file")
		}
	}
	return out
}

func split(file string) (name, suffix string) {
	for _, s := range append(definitionSuffixes, optionsSuffix) {
		if n, ok := strings.CutSuffix(file, s); ok {
			return n, s
		}
	}
	return file, ""
}

func (l *loader) definition(folder, file, name, suffix string) (StateMachine, bool) {
	sm := StateMachine{Name: name, File: l.name(folder, file), Type: "STANDARD"}
	if !legalName(name) {
		l.fault(sm.File, CodeName, "a state machine's name has 1 to 80 letters, digits, - and _", "rename the file")
	}
	src, ok := l.read(folder, file)
	if !ok {
		return sm, false
	}
	sm.Definition = src.Text()
	if suffix != ".asl.json" {
		root, faults := doctree.ParseYAML(src)
		l.faults = append(l.faults, faults...)
		if faults.HasErrors() {
			return sm, false
		}
		text, origins := root.JSONWithOrigins()
		sm.Definition = string(text)
		sm.source = diag.NewDerived(src, sm.Definition, origins)
	}
	return sm, true
}

// Definition reads one definition alone, .asl.json or .asl.yaml, without its
// options. ok is false where there is no text to check.
func Definition(path string) (sm StateMachine, faults diag.List, ok bool) {
	l := &loader{dir: filepath.Dir(path)}
	file := filepath.Base(path)
	name, suffix := split(file)
	if suffix == "" || suffix == optionsSuffix {
		name, suffix = strings.TrimSuffix(file, filepath.Ext(file)), filepath.Ext(file)
	}
	if suffix == ".json" {
		suffix = definitionSuffixes[0]
	}
	sm, ok = l.definition("", file, name, suffix)
	if !ok && len(l.faults) == 0 {
		l.fault(l.name(file), config.CodeUnreadable, "cannot read the file: it is not there", "")
	}
	return sm, l.faults.Sort(), ok
}

func legalName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// take puts what o read of the options into m.
func (m *StateMachine) take(o StateMachine) {
	m.Options, m.Role, m.RoleLine, m.Type = o.Options, o.Role, o.RoleLine, o.Type
	m.NamedValues, m.States, m.Logging, m.Index = o.NamedValues, o.States, o.Logging, o.Index
}

// options reads NAME.workflow.yaml.
func (l *loader) options(sm *StateMachine, folder string) {
	src, ok := l.read(folder, sm.Name+optionsSuffix)
	if !ok {
		return
	}
	sm.Options = src.File()
	root, faults := doctree.ParseYAML(src)
	l.faults = append(l.faults, faults...)
	if root == nil || faults.HasErrors() {
		return
	}
	r := doctree.NewReader(src)
	fields := []doctree.Field{
		{Name: "role", Read: func(n *doctree.Node) {
			r.NonEmpty(&sm.Role)(n)
			sm.RoleLine = n.Line
			if strings.Contains(sm.Role, ":") {
				r.Fault(n, doctree.CodeValue, "role is the name of a role, not an ARN", "write the part behind role/")
				sm.Role = ""
			}
		}},
		{Name: "type", Read: func(n *doctree.Node) {
			r.OneOf(&sm.Type, "STANDARD", "EXPRESS")(n)
		}},
	}
	fields = append(fields, doctree.Field{Name: "named-values", Read: r.Each(func(n *doctree.Node) {
		u := NamedValueUse{Line: n.Line, Column: n.Column}
		r.NonEmpty(&u.Name)(n)
		if sm.Uses(u.Name) {
			r.Fault(n, doctree.CodeDuplicate, "named-values lists "+u.Name+" twice", "keep one of them")
			return
		}
		sm.NamedValues = append(sm.NamedValues, u)
	})})
	fields = append(fields, doctree.Field{Name: "states", Read: sm.states(r)}, doctree.Field{Name: "logging", Read: sm.logging(r)},
		doctree.Field{Name: "index", Read: sm.index(r)})
	for _, name := range []string{"tracing", "tags", "aliases", "substitutions"} {
		fields = append(fields, doctree.Field{Name: name, Later: true})
	}
	r.Map(root, "a workflow's options", fields...)
	sm.indexable(r, root)
	l.faults = append(l.faults, r.Faults()...)
}

func (l *loader) roles(to map[string]*identity.Role) {
	for _, e := range l.branches("roles") {
		file := l.name("roles", e.name)
		name, isJSON := strings.CutSuffix(e.name, ".json")
		if e.dir || !isJSON {
			l.unused(file, "this")
			continue
		}
		if !legalName(name) {
			l.fault(file, CodeName, "a role's name has 1 to 80 letters, digits, - and _", "rename the file")
		}
		role := kept(l, e, "", func() *identity.Role {
			src, ok := l.read("roles", e.name)
			if !ok {
				return nil
			}
			role, faults := identity.ParseRole(src)
			l.faults = append(l.faults, faults...)
			return role
		})
		if role != nil {
			to[role.Name] = role
		}
	}
}

// parse reads a JSON or YAML file by its suffix; root is nil where it is not
// readable.
func (l *loader) parse(src *diag.Source) *doctree.Node {
	read := doctree.ParseJSON
	if !strings.HasSuffix(src.File(), ".json") {
		read = doctree.ParseYAML
	}
	root, faults := read(src)
	l.faults = append(l.faults, faults...)
	if faults.HasErrors() {
		return nil
	}
	return root
}
