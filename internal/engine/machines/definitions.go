package machines

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"stile/asl"
	"stile/diag"
	"stile/internal/engine/codec"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// definitions finds the program of a revision. Each revision's text is stored
// once; a program is compiled once for all revisions with the same text.
type definitions struct {
	store kv.Store
	max   int

	byRevision sync.Map // revisionID → *asl.Program

	mu     sync.Mutex
	byText map[[32]byte]*asl.Program
	kept   []revisionID // in order of arrival, for the bound
}

type revisionID struct {
	arn string
	n   uint64
}

func newDefinitions(store kv.Store, most int) *definitions {
	return &definitions{store: store, max: most, byText: map[[32]byte]*asl.Program{}}
}

// compile checks a definition's text; its faults are AWS's InvalidDefinition.
func (d *definitions) compile(text string) (*asl.Program, error) {
	sum := sha256.Sum256([]byte(text))
	d.mu.Lock()
	p := d.byText[sum]
	d.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, faults := asl.Parse(diag.NewSource("", text))
	if p == nil || faults.HasErrors() {
		return nil, sfn.InvalidDefinition(asl.WireMessage(faults))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.byText) >= d.max {
		clear(d.byText) // programs in use live on in byRevision and in their executions
	}
	d.byText[sum] = p
	return p, nil
}

// program gives a revision's program; the hot path is one lock-free look.
func (d *definitions) program(machineARN string, revision uint64) (*asl.Program, error) {
	id := revisionID{machineARN, revision}
	if p, ok := d.byRevision.Load(id); ok {
		return p.(*asl.Program), nil
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

func (d *definitions) keep(id revisionID, p *asl.Program) {
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

// revision reads a state machine as one revision had it.
func (d *definitions) revision(machineARN string, revision uint64) (*Machine, error) {
	got, err := d.store.GetMany(SpaceRevision, [][]byte{numberKey(machineARN, revision)})
	if err != nil {
		return nil, err
	}
	if got[0] == nil {
		return nil, fmt.Errorf("%w: revision %d of %s is missing", codec.ErrRecord, revision, machineARN)
	}
	return decodeMachine(got[0])
}

// numberKey is the key of a revision, and of a version.
func numberKey(arn string, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(arn), 0), n)
}

// Program gives the compiled definition of a revision; it never changes.
func (r *Registry) Program(machineARN string, revision uint64) (*asl.Program, error) {
	return r.definitions.program(machineARN, revision)
}

// AsOf gives a state machine whole, as one revision had it.
func (r *Registry) AsOf(machineARN string, revision uint64) (sfn.StateMachine, error) {
	m, err := r.definitions.revision(machineARN, revision)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	m.Variables = r.variables(machineARN, revision)
	return m.StateMachine, nil
}

// variables are those that the states of a revision read: nil of one that is in
// JSONPath alone and has none, and of one that does not compile any more.
func (r *Registry) variables(machineARN string, revision uint64) map[string][]string {
	p, err := r.definitions.program(machineARN, revision)
	if err != nil {
		return nil
	}
	read := p.VariableReferences()
	if len(read) > 0 || slices.ContainsFunc(p.Ordered, func(s *asl.State) bool { return s.Assign != nil || s.QueryLanguage == asl.JSONata }) {
		return read
	}
	return nil
}
