package policy

import (
	"errors"
	"fmt"
	"slices"
)

// Table is the policies that documents may use, by name. It never changes.
type Table struct {
	list   []Descriptor
	byName map[string]*Descriptor
}

// NewTable checks the literals and makes the table. Every name must stand once,
// have a sentence of documentation, and either Compile or Lacking; all faults are
// in the error. The names base and include-fragment belong to this package.
func NewTable(ds []Descriptor) (*Table, error) {
	t := &Table{list: slices.Clone(ds), byName: make(map[string]*Descriptor, len(ds))}
	var faults []error
	for i := range t.list {
		d := &t.list[i]
		if err := t.add(d); err != nil {
			faults = append(faults, fmt.Errorf("policy %q: %w", d.Name, err))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return t, nil
}

func (t *Table) add(d *Descriptor) error {
	switch {
	case d.Name == "":
		return errors.New("no name")
	case t.byName[d.Name] != nil:
		return errors.New("stands twice in the table")
	case d.Name == baseName || d.Name == includeName:
		return errors.New("the name belongs to the structure of documents")
	case d.Doc == "":
		return errors.New("no documentation")
	case (d.Compile == nil) == (d.Lacking == ""):
		return errors.New("needs exactly one of Compile and Lacking")
	case d.Compile != nil && (d.Sections == 0 || d.Scopes == 0):
		return errors.New("no sections or no scopes")
	}
	t.byName[d.Name] = d
	return nil
}

// Descriptors lists the table in its order; the caller may change the slice.
func (t *Table) Descriptors() []Descriptor { return slices.Clone(t.list) }

// names lists the policies that a document may use, and the structural ones.
func (t *Table) names() []string {
	names := []string{baseName, includeName}
	for i := range t.list {
		if t.list[i].Compile != nil {
			names = append(names, t.list[i].Name)
		}
	}
	for i := range t.list {
		if t.list[i].Compile == nil {
			names = append(names, t.list[i].Name)
		}
	}
	return names
}

// The structural elements, which stand in every table.
const (
	baseName    = "base"
	includeName = "include-fragment"
)
