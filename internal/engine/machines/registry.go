package machines

import (
	"cmp"
	"context"
	"log/slog"
	"sync"

	"stile/internal/kv"
	"stile/internal/sfn"
)

// The registry's spaces, of the engine's store; the numbers are part of the data
// folder's format, and the engine's keys.go has those beside them.
const (
	SpaceMachine  kv.Space = 0x11 // ARN → state machine without its definition
	SpaceRevision kv.Space = 0x12 // ARN 0 revision → state machine as it stood, whole
	SpaceVersion  kv.Space = 0x28 // ARN 0 number → published version
	SpaceAlias    kv.Space = 0x29 // ARN 0 name → alias
)

// Config is what a Registry is made of; all of it but CheckRole is required.
type Config struct {
	Store           kv.Store // read only
	Account, Region string
	// Definitions bounds the compiled programs that are kept.
	Definitions int
	Pages       Pages
	Log         *slog.Logger
	Now         func() int64 // Unix ms
	Seed        func() uint64
	UUID        func() string
	// CheckRole gives nil, or a *sfn.Error that refuses the role; nil allows every role.
	CheckRole func(ctx context.Context, roleARN string) error
	// Failed is why nothing can be written any more; nil while it can.
	Failed func() error
	// Commit writes what concerns a state machine, all of it or nothing; it gives one
	// error, or nil when it is durable.
	Commit func(arn string, ops []kv.Op) <-chan error
	// Wait waits for a change as long as its caller should, and gives what done gives, or
	// why it waited no longer; nil waits for ever.
	Wait func(done <-chan error) error
	// Running counts the executions of a state machine that run.
	Running func(arn string) (int, error)
	// Background runs f beside the calls.
	Background func(f func())
}

// Pages makes page tokens and opens them; a token opens in the scope that it was made for.
type Pages interface {
	SealPage(scope string, from []byte) string
	OpenPage(scope, token string) ([]byte, error)
}

// Registry holds all state machines without their definitions. Changes are made
// one at a time; nobody sees a change before it is durable.
type Registry struct {
	cfg         Config
	definitions *definitions
	shown       sync.Map // ARN → *Machine

	turn  chan error          // holds nil while nobody makes a change
	ahead map[string]*Machine // DELETED ones too; of whoever makes one

	deleting sync.Map // ARN → *atomic.Int64, executions left to end
}

// Open reads the registry. It makes no change before FinishDeletions or an action.
func Open(cfg Config) (*Registry, error) {
	r := &Registry{cfg: cfg, definitions: newDefinitions(cfg.Store, cfg.Definitions), ahead: map[string]*Machine{}, turn: make(chan error, 1)}
	r.turn <- nil
	var bad error
	err := cfg.Store.Iterate(SpaceMachine, kv.Range{}, func(_, v []byte) bool {
		var m *Machine
		if m, bad = decodeMachine(v); bad != nil {
			return false
		}
		r.ahead[m.ARN] = m
		if m.Status != statusDeleted {
			r.shown.Store(m.ARN, m)
		}
		return true
	})
	return r, cmp.Or(err, bad, r.openPublished())
}

func (r *Registry) get(arn string) (*Machine, error) {
	if m, ok := r.shown.Load(arn); ok {
		return m.(*Machine), nil
	}
	return nil, sfn.StateMachineDoesNotExist(arn)
}

// Active gives a state machine to those who start something: one that is being deleted
// is refused, as is one that is not there.
func (r *Registry) Active(arn string) (*Machine, error) {
	m, err := r.get(arn)
	if err == nil && m.Status == statusDeleting {
		return nil, sfn.StateMachineDeleting(arn)
	}
	return m, err
}

// change makes one change, and waits until it is durable before the next one is
// looked at. f gets the machine as the last change left it (nil for none) and
// gives the new one, or nil for nothing to do; revision says that a revision row
// is to be written.
func (r *Registry) change(arn string, f func(old *Machine) (m *Machine, revision bool, err error)) error {
	if err := r.cfg.Failed(); err != nil {
		return err
	}
	if err := r.wait(r.turn); err != nil {
		return err
	}
	kept := false // the turn, until a change is durable for which nobody waits any longer
	defer func() {
		if !kept {
			r.turn <- nil
		}
	}()
	m, revision, err := f(r.ahead[arn])
	if m == nil || err != nil {
		return err
	}
	var w writes
	w.set(SpaceMachine, []byte(arn), m.encode(false))
	w.putPublished(r.ahead[arn], m)
	if revision {
		w.set(SpaceRevision, numberKey(arn, m.Revision), m.encode(true))
	}
	done := r.cfg.Commit(arn, w)
	landed := make(chan error, 1)
	kept = true
	go func() {
		err := <-done
		if err == nil {
			r.land(m)
		}
		landed <- err
		r.turn <- nil
	}()
	return r.wait(landed)
}

// land shows a change, which is durable.
func (r *Registry) land(m *Machine) {
	shown := m.with()
	shown.Definition = ""
	r.ahead[m.ARN] = shown
	if m.Status == statusDeleted {
		r.shown.Delete(m.ARN)
	} else {
		r.shown.Store(m.ARN, shown)
	}
}

func (r *Registry) wait(done <-chan error) error {
	if r.cfg.Wait == nil {
		return <-done
	}
	return r.cfg.Wait(done)
}

// writes are the rows of one change.
type writes []kv.Op

func (w *writes) set(space kv.Space, key, value []byte) {
	*w = append(*w, kv.Op{Kind: kv.Set, Space: space, Key: key, Value: value})
}

func (w *writes) remove(space kv.Space, key []byte) {
	*w = append(*w, kv.Op{Kind: kv.Delete, Space: space, Key: key})
}
