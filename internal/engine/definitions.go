package engine

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"stile/asl"
	"stile/diag"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// program is a compiled definition.
type program struct{ asl *asl.Program }

// definitions finds the program of a revision. Each revision's text is stored
// once; a program is compiled once for all revisions with the same text.
type definitions struct {
	store kv.Store
	max   int

	byRevision sync.Map // revisionID → *program

	mu     sync.Mutex
	byText map[[32]byte]*program
	kept   []revisionID // in order of arrival, for the bound
}

type revisionID struct {
	arn string
	n   uint64
}

func newDefinitions(store kv.Store, most int) *definitions {
	return &definitions{store: store, max: most, byText: map[[32]byte]*program{}}
}

// compile checks a definition's text; its faults are AWS's InvalidDefinition.
func (d *definitions) compile(text string) (*program, error) {
	sum := sha256.Sum256([]byte(text))
	d.mu.Lock()
	p := d.byText[sum]
	d.mu.Unlock()
	if p != nil {
		return p, nil
	}
	compiled, faults := asl.Parse(diag.NewSource("", text))
	if compiled == nil || faults.HasErrors() {
		return nil, sfn.InvalidDefinition(asl.WireMessage(faults))
	}
	p = &program{compiled}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.byText) >= d.max {
		clear(d.byText) // programs in use live on in byRevision and in their executions
	}
	d.byText[sum] = p
	return p, nil
}

// program gives a revision's program; the hot path is one lock-free look.
func (d *definitions) program(machineARN string, revision uint64) (*program, error) {
	id := revisionID{machineARN, revision}
	if p, ok := d.byRevision.Load(id); ok {
		return p.(*program), nil
	}
	m, err := d.revision(machineARN, revision)
	if err != nil {
		return nil, err
	}
	p, err := d.compile(m.Definition)
	if err != nil {
		return nil, fmt.Errorf("engine: revision %d of %s no longer compiles: %w", revision, machineARN, err)
	}
	d.keep(id, p)
	return p, nil
}

func (d *definitions) keep(id revisionID, p *program) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.byRevision.Swap(id, p); known {
		return
	}
	if d.kept = append(d.kept, id); len(d.kept) > d.max {
		d.byRevision.Delete(d.kept[0])
		d.kept = d.kept[1:]
	}
}

// variables are those that the states of a revision read: nil of one that is in
// JSONPath alone and has none, and of one that does not compile any more.
func (h *Host) variables(machineARN string, revision uint64) map[string][]string {
	p, err := h.definitions.program(machineARN, revision)
	if err != nil {
		return nil
	}
	read := p.asl.VariableReferences()
	if len(read) > 0 || slices.ContainsFunc(p.asl.Ordered, func(s *asl.State) bool { return s.Assign != nil || s.QueryLanguage == asl.JSONata }) {
		return read
	}
	return nil
}

// revision reads a state machine as one revision had it.
func (d *definitions) revision(machineARN string, revision uint64) (*machine, error) {
	got, err := d.store.GetMany(spaceRevision, [][]byte{revisionKey(machineARN, revision)})
	if err != nil {
		return nil, err
	}
	if got[0] == nil {
		return nil, fmt.Errorf("%w: revision %d of %s is missing", errRecord, revision, machineARN)
	}
	return decodeMachine(got[0])
}
