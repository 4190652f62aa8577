package express

import (
	"strconv"
	"sync"

	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// starts keeps the starts of open executions.
//
// Its task is to have each durable before it is answered, and gone soon after its
// execution's end, at one sync for all that wait for one: one goroutine takes what has
// gathered, commits it as one group and answers when the group is durable.
//
// Invariants: a put is answered once; a removal comes after the put of its key; after
// a failure every put is refused.
type starts struct {
	store kv.Store
	space kv.Space
	fatal func(error)

	mu       sync.Mutex
	wake     sync.Cond
	ops      []kv.Op
	answers  []func(error)
	closing  bool
	refusal  error
	finished chan struct{}
}

func newStarts(store kv.Store, space kv.Space, fatal func(error)) *starts {
	s := &starts{store: store, space: space, fatal: fatal, finished: make(chan struct{})}
	s.wake.L = &s.mu
	go s.run()
	return s
}

// put keeps a start; answer runs on the one goroutine and must be quick.
func (s *starts) put(arn string, record []byte, answer func(error)) {
	s.mu.Lock()
	err := s.refusal
	if s.closing && err == nil {
		err = errClosed
	}
	if err == nil {
		s.ops = append(s.ops, kv.Op{Kind: kv.Set, Space: s.space, Key: []byte(arn), Value: record})
		s.answers = append(s.answers, answer)
		s.wake.Signal()
	}
	s.mu.Unlock()
	if err != nil {
		answer(err)
	}
}

// remove forgets a start. One that comes too late leaves it: it starts over.
func (s *starts) remove(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.refusal != nil {
		return
	}
	s.ops = append(s.ops, kv.Op{Kind: kv.Delete, Space: s.space, Key: []byte(arn)})
	s.wake.Signal()
}

func (s *starts) run() {
	defer close(s.finished)
	for {
		s.mu.Lock()
		for len(s.ops) == 0 && !s.closing {
			s.wake.Wait()
		}
		ops, answers := s.ops, s.answers
		s.ops, s.answers = nil, nil
		s.mu.Unlock()
		if len(ops) == 0 {
			return
		}
		done := make(chan error, 1)
		s.store.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: ops}}}, func(err error) { done <- err })
		err := <-done
		if err != nil {
			s.mu.Lock()
			s.refusal = err
			answers = append(answers, s.answers...)
			s.ops, s.answers = nil, nil
			s.mu.Unlock()
		}
		for _, answer := range answers {
			answer(err)
		}
		if err != nil {
			s.fatal(err)
			return
		}
	}
}

// close commits what has gathered.
func (s *starts) close() {
	s.mu.Lock()
	s.closing = true
	s.wake.Signal()
	s.mu.Unlock()
	<-s.finished
}

// kept is a start as it was found; damaged says that its record cannot be read.
type kept struct {
	arn     string
	record  startRecord
	damaged error
}

// all reads what is kept.
func (s *starts) all() (out []kept, err error) {
	err = s.store.Iterate(s.space, kv.Range{}, func(k, v []byte) bool {
		r, bad := decodeStart(v)
		out = append(out, kept{string(k), r, bad})
		return true
	})
	return out, err
}

// startRecord is what starting over needs.
type startRecord struct {
	machine, name, role string
	revision            uint64
	start               sfn.Start
}

const recordFormat = 1

// encode is a format byte and a JSON object.
func (r startRecord) encode() []byte {
	var o jsonval.Object
	for _, t := range r.texts() {
		if *t.at != "" {
			o.AddString(t.name, *t.at)
		}
	}
	o.AddString("revision", strconv.FormatUint(r.revision, 10)).Add("input", r.start.Input)
	if r.start.Mocks.Exists() {
		o.Add("mocks", r.start.Mocks)
	}
	return append([]byte{recordFormat}, o.Value().Raw()...)
}

type recordText struct {
	name string
	at   *string
}

func (r *startRecord) texts() []recordText {
	s := &r.start
	return []recordText{{"machine", &r.machine}, {"machineName", &r.name}, {"role", &r.role}, {"name", &s.Name}, {"traceHeader", &s.TraceHeader},
		{"owner", &s.Owner}, {"subject", &s.Subject}, {"trace", &s.TraceID}, {"parentSpan", &s.ParentSpan}, {"testCase", &s.TestCase},
		{"version", &s.VersionARN}, {"alias", &s.AliasARN}, {"stateMachine", &s.StateMachineARN}}
}

func decodeStart(b []byte) (r startRecord, err error) {
	if len(b) < 1 || b[0] != recordFormat {
		return r, errRecord
	}
	v, err := jsonval.Parse(append([]byte(nil), b[1:]...))
	if err != nil {
		return r, errRecord
	}
	for _, t := range r.texts() {
		*t.at, _ = v.Get(t.name).Str()
	}
	text, _ := v.Get("revision").Str()
	r.start.Input, r.start.Mocks = v.Get("input"), v.Get("mocks")
	if r.revision, err = strconv.ParseUint(text, 10, 64); err != nil || r.machine == "" || !r.start.Input.Exists() {
		return r, errRecord
	}
	return r, nil
}
