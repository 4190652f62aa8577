package breaker

import (
	"sync"
	"time"

	"stile/policy/exchange"
)

// Memory remembers circuits and turns by the ids of backends, beside the snapshots
// of configuration. The zero Memory is ready; it is safe for concurrent use.
type Memory struct {
	circuits, pools sync.Map // of *circuit and *pool by id
}

type circuit struct {
	mu      sync.Mutex
	circuit Circuit
}

type pool struct {
	mu    sync.Mutex
	turns Turns
}

// Call is a call that was let in. Done must be called once for one that was made;
// one that was not may be forgotten.
type Call struct {
	of     *circuit
	ticket Ticket
}

// Enter lets a call to a backend in, or gives what holds its circuit open. A backend
// without rules costs nothing.
func (m *Memory) Enter(e *exchange.Entity, now time.Time) (Call, Open, bool) {
	if e == nil || len(e.Rules) == 0 {
		return Call{}, Open{}, true
	}
	c := m.circuit(e.ID)
	c.mu.Lock()
	defer c.mu.Unlock()
	ticket, open, ok := c.circuit.Enter(e.Rules, now)
	return Call{c, ticket}, open, ok
}

func (m *Memory) circuit(id string) *circuit {
	if c, ok := m.circuits.Load(id); ok {
		return c.(*circuit)
	}
	c, _ := m.circuits.LoadOrStore(id, new(circuit))
	return c.(*circuit)
}

// Done tells how the call went; opened is the circuit that it opened.
func (c Call) Done(o Outcome, now time.Time) (opened Open, yes bool) {
	if c.of == nil {
		return Open{}, false
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	return c.of.circuit.Done(c.ticket, o, now)
}

// Choose lets a call to a member of a pool in: the member's place and its Call. Where
// no member may be called, at is -1 and open is the circuit that closes first, of
// the member at first.
func (m *Memory) Choose(e *exchange.Entity, now time.Time) (at int, call Call, open Open, first int) {
	made, _ := m.pools.LoadOrStore(e.ID, new(pool))
	p := made.(*pool)
	calls, holds := make([]Call, len(e.Pool)), make([]Open, len(e.Pool))
	for i := range e.Pool {
		calls[i], holds[i], _ = m.Enter(e.Pool[i].Backend.Entity, now)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns.Keep(e.Pool)
	at = p.turns.Next(e.Pool, func(i int) bool { return holds[i].Until.IsZero() })
	if at >= 0 {
		return at, calls[at], Open{}, 0
	}
	for i := range holds {
		if holds[i].Until.Before(holds[first].Until) {
			first = i
		}
	}
	return -1, Call{}, holds[first], first
}

// Forget drops what is remembered of backends that are no longer there.
func (m *Memory) Forget(gone func(id string) bool) {
	for _, kept := range []*sync.Map{&m.circuits, &m.pools} {
		kept.Range(func(id, _ any) bool {
			if gone(id.(string)) {
				kept.Delete(id)
			}
			return true
		})
	}
}

// State is a circuit as it stands.
type State struct {
	ID   string
	Open Open
}

// Holding lists the circuits that are open at a moment, in no order.
func (m *Memory) Holding(now time.Time) (out []State) {
	m.circuits.Range(func(id, value any) bool {
		c := value.(*circuit)
		c.mu.Lock()
		defer c.mu.Unlock()
		if now.Before(c.circuit.open.Until) {
			out = append(out, State{id.(string), c.circuit.open})
		}
		return true
	})
	return out
}
