package memkv

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"

	"stile/internal/kv"
)

// ErrClosed is what a closed store gives.
var ErrClosed = errors.New("memkv: store is closed")

// Store is an ordered map in memory. The zero Store is not usable: see New.
type Store struct {
	mu      sync.Mutex
	wake    sync.Cond
	visible *tree
	durable *tree
	queue   []waiting // committed, not durable, in order
	syncs   int
	gap     func() // runs between a group's commit and its sync
	forget  bool
	lied    bool // a group was forgotten: the others' trees do not tell what is durable
	closed  bool
	done    chan struct{}
}

type tree [256]*node

// waiting is a group that is not durable yet, with what the store is after it.
type waiting struct {
	group kv.Group
	after *tree
	done  func(error)
}

var _ kv.Store = (*Store)(nil)

// New makes an empty store. gap, which may be nil, runs on the store's goroutine
// between a group's commit and its sync: a test holds groups there.
func New(gap func()) *Store { return start(&tree{}, gap) }

func start(t *tree, gap func()) *Store {
	s := &Store{visible: t, durable: t, gap: gap, done: make(chan struct{})}
	s.wake.L = &s.mu
	go s.run()
	return s
}

// IgnoreSync makes the store lie: groups are called durable and are not. It is
// the planted bug "no sync" of crash tests.
func (s *Store) IgnoreSync() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget = true
}

// SetGap puts another gap in New's place.
func (s *Store) SetGap(gap func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gap = gap
}

// Syncs counts the groups that were made durable, one sync for each.
func (s *Store) Syncs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.syncs
}

// run makes one group after another durable.
func (s *Store) run() {
	defer close(s.done)
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.closed {
			s.wake.Wait()
		}
		if len(s.queue) == 0 {
			s.mu.Unlock()
			return
		}
		w, gap := s.queue[0], s.gap
		s.mu.Unlock()
		if gap != nil {
			gap()
		}
		s.mu.Lock()
		if s.forget {
			s.lied = true
		} else {
			s.durable = s.over(s.durable, w)
		}
		s.queue = s.queue[1:]
		s.syncs++
		s.mu.Unlock()
		w.done(nil)
	}
}

// Commit makes the group visible at once and durable soon.
func (s *Store) Commit(g kv.Group, done func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		go done(ErrClosed)
		return
	}
	s.visible = s.visible.with(g)
	s.queue = append(s.queue, waiting{g, s.visible, done})
	s.wake.Signal()
}

// over is a tree with a group over it.
func (s *Store) over(t *tree, w waiting) *tree {
	if s.lied {
		return t.with(w.group)
	}
	return w.after
}

// with gives the tree that a group makes of t, which stays as it is.
func (t *tree) with(g kv.Group) *tree {
	out := *t
	out.apply(g)
	return &out
}

func (t *tree) apply(g kv.Group) {
	for _, w := range g.Writes {
		for _, op := range w.Ops {
			root := &t[op.Space]
			switch op.Kind {
			case kv.Set:
				*root = set(*root, bytes.Clone(op.Key), bytes.Clone(op.Value))
			case kv.Delete:
				*root = remove(*root, op.Key)
			case kv.DeleteRange:
				*root = removeRange(*root, op.Key, op.End)
			default:
				panic("memkv: unknown op")
			}
		}
	}
}

func (s *Store) view(space kv.Space) (*node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	return s.visible[space], nil
}

// GetMany reads the latest committed values.
func (s *Store) GetMany(space kv.Space, keys [][]byte) ([][]byte, error) {
	root, err := s.view(space)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(keys))
	for i, k := range keys {
		if v, ok := get(root, k); ok {
			out[i] = append([]byte{}, v...)
		}
	}
	return out, nil
}

// Iterate walks one view of the space.
func (s *Store) Iterate(space kv.Space, r kv.Range, f func(key, value []byte) bool) error {
	root, err := s.view(space)
	if err != nil {
		return err
	}
	walk(root, r.Lower, r.Upper, r.Reverse, f)
	return nil
}

// Close makes what was committed durable and ends the store's goroutine.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.wake.Signal()
	s.mu.Unlock()
	<-s.done
	return nil
}

// Crash gives the store that a power cut at this moment would leave: all durable
// groups, then each following one with probability keep, up to the first that is
// lost. The store itself is not changed; it still has to be closed.
func (s *Store) Crash(keep float64, seed uint64) *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	rng := rand.New(rand.NewPCG(seed, 1))
	t := s.durable
	for _, w := range s.queue {
		if rng.Float64() >= keep {
			break
		}
		t = s.over(t, w)
	}
	return start(t, nil)
}
