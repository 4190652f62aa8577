package interp

import "fmt"

const eventFormat = 1

// The fields of a journalled event that may be absent, by the bit that says so.
const (
	hasStart = 1 << iota
	hasTask
	hasTimer
	hasOutput
	hasOutputBlob
	hasError
	hasWorker
	hasUncatchable
	hasDefinite
	hasVerdict
	hasRetryAfter
	hasDelivery
	hasSubject
	hasExtras
	hasMissing
	hasOverride
	eventFields // one past the last
)

// Append appends the event's journal record to b: a format byte, the kind, the
// fields that are set. Where OutputBlob is set the text of Output (or of
// Start.Input) is left out.
func (e Event) Append(b []byte) []byte {
	w := writer{b}
	w.byte(eventFormat)
	w.byte(byte(e.Kind))
	has := e.fields()
	w.uint(has)
	w.int(e.Time)
	w.uint(e.Seed)
	if has&hasStart != 0 {
		w.uint(uint64(e.Start.Semantics))
		for _, text := range startTexts(e.Start) {
			w.str(*text)
		}
		p := Payload{Blob: e.OutputBlob, Value: e.Start.Input}
		w.payload(p)
	}
	if has&hasTask != 0 {
		w.uint(e.Command)
		w.uint(uint64(e.Attempt))
	}
	if has&hasTimer != 0 {
		w.uint(e.Timer)
	}
	if has&hasOutput != 0 {
		w.raw(e.Output.Raw())
	}
	if has&hasOutputBlob != 0 {
		w.uint(e.OutputBlob)
	}
	if has&hasError != 0 {
		w.str(e.Error)
		w.str(e.Cause)
	}
	if has&hasWorker != 0 {
		w.str(e.WorkerName)
	}
	if has&hasVerdict != 0 {
		w.raw(e.Verdict)
	}
	if has&hasRetryAfter != 0 {
		w.int(e.RetryAfterMillis)
	}
	if has&hasDelivery != 0 {
		w.str(e.DeliveryID)
		w.str(e.DeliveryDigest)
	}
	if has&hasSubject != 0 {
		w.str(e.Start.Subject)
	}
	if has&hasExtras != 0 {
		w.extras(e.Start)
	}
	if has&hasMissing != 0 {
		w.uint(uint64(len(e.Missing)))
		for _, arn := range e.Missing {
			w.str(arn)
		}
	}
	if has&hasOverride != 0 {
		w.str(e.Override.State)
		w.raw(e.Override.Input.Raw())
		w.raw(e.Override.Set.Raw())
	}
	return w.b
}

func (e *Event) fields() uint64 {
	var has uint64
	set := func(on bool, bit uint64) {
		if on {
			has |= bit
		}
	}
	set(e.Start != nil, hasStart)
	set(e.Command != 0 || e.Attempt != 0, hasTask)
	set(e.Timer != 0, hasTimer)
	set(e.Output.Exists() && e.OutputBlob == 0, hasOutput)
	set(e.OutputBlob != 0, hasOutputBlob)
	set(e.Error != "" || e.Cause != "", hasError)
	set(e.WorkerName != "", hasWorker)
	set(e.Uncatchable, hasUncatchable)
	set(e.Definite, hasDefinite)
	set(len(e.Verdict) > 0, hasVerdict)
	set(e.RetryAfterMillis != 0, hasRetryAfter)
	set(e.DeliveryID != "" || e.DeliveryDigest != "", hasDelivery)
	set(e.Start != nil && e.Start.Subject != "", hasSubject)
	set(e.Start != nil && e.Start.extras(), hasExtras)
	set(len(e.Missing) > 0, hasMissing)
	set(e.Override != nil, hasOverride)
	return has
}

// DecodeEvent reads a journal record. Where the record holds a blob's number,
// Output and Start.Input are absent and OutputBlob is set.
func DecodeEvent(b []byte) (Event, error) {
	r := reader{b: b}
	if r.byte() != eventFormat {
		r.fail("unknown format")
	}
	e := Event{Kind: EventKind(r.byte())}
	if e.Kind < EventStarted || e.Kind > EventRedriven {
		r.fail(fmt.Sprintf("event kind %d", e.Kind))
	}
	has := r.uint()
	if has >= eventFields {
		r.fail("unknown fields")
	}
	if (e.Kind == EventStarted) != (has&hasStart != 0) {
		r.fail("a start out of place")
	}
	e.Time, e.Seed = r.int(), r.uint()
	if has&hasStart != 0 {
		s := &Start{Semantics: r.uint32()}
		for _, text := range startTexts(s) {
			*text = r.str()
		}
		s.Input = r.payload().Value
		e.Start = s
	}
	if has&hasTask != 0 {
		e.Command, e.Attempt = r.uint(), r.uint32()
	}
	if has&hasTimer != 0 {
		e.Timer = r.uint()
	}
	if has&hasOutput != 0 {
		e.Output = r.json()
	}
	if has&hasOutputBlob != 0 {
		e.OutputBlob = r.uint()
	}
	if has&hasError != 0 {
		e.Error, e.Cause = r.str(), r.str()
	}
	if has&hasWorker != 0 {
		e.WorkerName = r.str()
	}
	e.Uncatchable, e.Definite = has&hasUncatchable != 0, has&hasDefinite != 0
	if has&hasVerdict != 0 {
		e.Verdict = append([]byte(nil), r.raw()...)
	}
	if has&hasRetryAfter != 0 {
		e.RetryAfterMillis = r.int()
	}
	if has&hasDelivery != 0 {
		e.DeliveryID, e.DeliveryDigest = r.str(), r.str()
	}
	r.laterParts(&e, has)
	if err := r.end(); err != nil {
		return Event{}, fmt.Errorf("event: %w", err)
	}
	return e, nil
}

// laterParts reads what a record got after its first format.
func (r *reader) laterParts(e *Event, has uint64) {
	if has&(hasSubject|hasExtras) != 0 && e.Start == nil {
		r.fail("a start's part out of place")
		return
	}
	if has&hasSubject != 0 {
		e.Start.Subject = r.str()
	}
	if has&hasExtras != 0 {
		r.extras(e.Start)
	}
	if has&hasMissing != 0 {
		for n := r.uint(); n > 0 && r.err == nil; n-- {
			e.Missing = append(e.Missing, r.str())
		}
	}
	if has&hasOverride != 0 {
		e.Override = &Override{State: r.str(), Input: r.optJSON(), Set: r.optJSON()}
	}
}
