package interp

import (
	"bytes"
	"testing"

	"stile/asl"
	"stile/jsonval"
)

// FuzzDecodeEvent: garbage gives an error, and what is read writes the same.
func FuzzDecodeEvent(f *testing.F) {
	start := Start{Semantics: 1, Name: "n", ExecutionARN: "a", Input: jsonval.MustParse(`{"a":1}`), Region: "us-east-1"}
	for _, ev := range []Event{
		{Kind: EventStarted, Time: 5, Seed: 9, Start: &start},
		{Kind: EventStarted, Start: &start, OutputBlob: 3},
		{Kind: EventTimer, Timer: 4},
		{Kind: EventTaskSucceeded, Command: 1, Attempt: 2, Output: jsonval.MustParse(`[1]`), Verdict: []byte("v"), DeliveryID: "d", DeliveryDigest: "x"},
		{Kind: EventTaskFailed, Command: 1, Attempt: 2, Error: "E", Cause: "c", Definite: true, Uncatchable: true, RetryAfterMillis: 7},
		{Kind: EventTaskStarted, Command: 1, Attempt: 1, WorkerName: "w"},
		{Kind: EventStop, Cause: "why"},
		{Kind: EventMapRunEnded, Command: 2, Output: jsonval.MustParse(`[]`)},
	} {
		f.Add(ev.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ev, err := DecodeEvent(b)
		if err != nil {
			return
		}
		once := ev.Append(nil)
		again, err := DecodeEvent(once)
		if err != nil {
			t.Fatalf("%x reads, its own record %x does not: %v", b, once, err)
		}
		if !bytes.Equal(again.Append(nil), once) {
			t.Fatalf("%x changes when written again", once)
		}
	})
}

// FuzzDecodeHistoryEvent: the same for records of the history.
func FuzzDecodeHistoryEvent(f *testing.F) {
	n, s := int64(3), "x"
	p := Payload{Value: jsonval.MustParse(`{"a":[1]}`)}
	blob := Payload{Blob: 7}
	f.Add(AppendHistory(nil, &HistoryEvent{ID: 2, Previous: 1, Time: 9, Type: "TaskScheduled", Details: Details{
		Resource: "invoke", ResourceType: "http", Region: "r", Parameters: &p, TimeoutSeconds: &n, HeartbeatSeconds: &n, RoleARN: "role"}}))
	f.Add(AppendHistory(nil, &HistoryEvent{ID: 9, Type: "PassStateExited", Details: Details{Name: "P", Output: &blob,
		AssignedVariables: []Variable{{Name: "v", Value: p.Value}, {Name: "w", Blob: 4}}}}))
	f.Add(AppendHistory(nil, &HistoryEvent{ID: 10, Type: "Later", Details: Details{Error: &s, Cause: &s, Length: &n, Index: &n, Input: &p,
		State: "s", Location: "l", WorkerName: "w"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := DecodeHistoryEvent(b)
		if err != nil {
			return
		}
		once := AppendHistory(nil, &h)
		again, err := DecodeHistoryEvent(once)
		if err != nil {
			t.Fatalf("%x reads, its own record %x does not: %v", b, once, err)
		}
		if !bytes.Equal(AppendHistory(nil, &again), once) {
			t.Fatalf("%x changes when written again", once)
		}
	})
}

// FuzzRestore: one damaged record gives an error or an execution whose snapshot
// can be taken; never a panic.
func FuzzRestore(f *testing.F) {
	p := compile(f, tangled)
	r := newRig(f, p, live).open()
	r.begin(`{"list": [1, 2]}`)
	good := r.stored()
	r.apply(Event{Kind: EventStop})
	held := r.stored()
	for i := range good {
		f.Add(i, good[i].Data)
		f.Add(i, held[i].Data)
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		for _, whole := range [][]FrameChange{good, held} {
			frames := append([]FrameChange(nil), whole...)
			frames[uint(i)%uint(len(frames))].Data = data
			x, err := Restore(p, r.env, frames)
			if err != nil {
				continue
			}
			x.Snapshot()
			x.Waiting()
			x.State()
			x.Redrivable()
		}
	})
}

// TestRestoreRefuses: records that cannot be an execution.
func TestRestoreRefuses(t *testing.T) {
	p := compile(t, tangled)
	r := newRig(t, p, live).open()
	r.begin(`{"list": [1, 2]}`)
	refusesDamage(t, p, r)
	r.apply(Event{Kind: EventStop})
	if len(r.stored()) < 7 {
		t.Fatalf("%d records are kept", len(r.stored()))
	}
	refusesDamage(t, p, r)
}

func refusesDamage(t *testing.T, p *asl.Program, r *rig) {
	t.Helper()
	good := r.stored()
	if _, err := Restore(p, r.env, good); err != nil {
		t.Fatalf("the records are good, but: %v", err)
	}
	for i := range good {
		frames := append([]FrameChange(nil), good...)
		for cut := range len(good[i].Data) {
			frames[i].Data = good[i].Data[:cut]
			if _, err := Restore(p, r.env, frames); err == nil {
				t.Errorf("frame %d cut to %d of %d bytes is taken", good[i].Key, cut, len(good[i].Data))
			}
		}
		frames[i].Data = append(append([]byte(nil), good[i].Data...), 0)
		if _, err := Restore(p, r.env, frames); err == nil {
			t.Errorf("frame %d with a byte more is taken", good[i].Key)
		}
		if _, err := Restore(p, r.env, append(good[:i:i], good[i+1:]...)); err == nil {
			t.Errorf("without frame %d it is taken", good[i].Key)
		}
		if _, err := Restore(p, r.env, append(good[:len(good):len(good)], good[i])); err == nil {
			t.Errorf("with frame %d twice it is taken", good[i].Key)
		}
	}
}
