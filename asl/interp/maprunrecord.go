package interp

import (
	"math"

	"stile/jsonval"
)

// The record of a Map Run under way is the part of its frame's record that sends
// the same command again: its payloads are numbers where they are over 256 bytes.

func (w *writer) mapRun(run *mapRun) {
	s := &run.spec
	w.uint(run.command)
	w.str(s.ARN)
	w.str(s.Label)
	for _, p := range s.payloads() {
		w.payload(*p)
	}
	w.str(s.ItemsPointer)
	w.int(s.MaxItems)
	w.int(s.MaxItemsPerBatch)
	w.int(s.MaxInputBytesPerBatch)
	w.int(s.MaxConcurrency)
	w.int(s.ToleratedFailureCount)
	w.uint(math.Float64bits(s.ToleratedFailurePercentage))
	w.int(s.Time)
	w.uint(s.Seed)
	w.uint(uint64(len(s.Variables)))
	for _, v := range s.Variables {
		w.str(v.Name)
		w.payload(Payload{Blob: v.Blob, Value: v.Value})
	}
}

// mapRun reads the part; State is the frame's.
func (r *reader) mapRun(state string) *mapRun {
	run := &mapRun{command: r.uint()}
	s := &run.spec
	s.ARN, s.Label, s.State = r.str(), r.str(), state
	for _, p := range s.payloads() {
		*p = r.payload()
	}
	s.ItemsPointer = r.str()
	s.MaxItems, s.MaxItemsPerBatch, s.MaxInputBytesPerBatch = r.int(), r.int(), r.int()
	s.MaxConcurrency, s.ToleratedFailureCount = r.int(), r.int()
	s.ToleratedFailurePercentage = math.Float64frombits(r.uint())
	s.Time, s.Seed = r.int(), r.uint()
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		v := Variable{Name: r.str()}
		p := r.payload()
		v.Value, v.Blob = p.Value, p.Blob
		s.Variables = append(s.Variables, v)
	}
	return run
}

// forget drops the texts that are blobs: who waits for a Map Run needs none of them.
func (s *MapRunSpec) forget() {
	for _, p := range s.payloads() {
		if p.Blob != 0 {
			p.Value = jsonval.Value{}
		}
	}
	list := make([]Variable, len(s.Variables)) // the command has the other one
	for i, v := range s.Variables {
		if list[i] = v; v.Blob != 0 {
			list[i].Value = jsonval.Value{}
		}
	}
	s.Variables = list
}

// payloads are the spec's payloads in their stored order.
func (s *MapRunSpec) payloads() []*Payload {
	return []*Payload{&s.Items, &s.Reader, &s.Writer, &s.BatchInput, &s.Input, &s.Context}
}
