package engine

import (
	"stile/internal/engine/record"
	"stile/internal/engine/visibility"
	"stile/internal/kv"
	"stile/jsonval"
)

// putIndex writes the rows of the listings; at the start, at the end and at a redrive.
func (t *turn) putIndex() {
	l := t.live
	if c := l.fixed.MapChild(); c != nil {
		t.putChild(c)
		return
	}
	if l.fresh {
		l.fresh = false
		t.set(record.SpaceExecution, l.id.Key(record.IndexedPart), l.fields.Encode())
	}
	r := record.Index{Status: l.state.Status, Stop: l.state.Stop}.Encode()
	l.listed(func(space kv.Space, key []byte) { t.set(space, key, r) })
	if !l.running() {
		e := l.end()
		t.set(record.SpaceByEnd, e.Key(), e.Value())
	}
}

// listed gives the execution's rows in the listings of all, of its state machine, of the
// version and alias that its start named, and of its fields. A child has none.
func (l *live) listed(f func(space kv.Space, key []byte)) {
	for _, arn := range l.fixed.ListedUnder() {
		f(record.SpaceByMachine, record.Newest(record.Prefix(arn), l.fixed.Start, l.id))
	}
	for i := range l.fields {
		f(record.SpaceByField, record.Newest(l.fields[i][:], l.fixed.Start, l.id))
	}
	f(record.SpaceByStart, record.Newest(nil, l.fixed.Start, l.id))
}

// end is its row in the index by end.
func (l *live) end() visibility.End {
	return visibility.End{Stop: l.state.Stop, ID: l.id, Trimmed: l.state.Trimmed}
}

// indexed takes the fields that an input, or an output, gives.
func (t *turn) indexed(output bool, v jsonval.Value) {
	l := t.live
	if t.h.fields == nil || l.fixed.Child != "" {
		return
	}
	if values := t.h.fields(l.fixed.MachineARN).Values(output, v); len(values) > 0 {
		l.fields, l.fresh = l.fields.Add(l.fixed.MachineARN, values), true
	}
}

// troubled is the code under which the execution is listed with those that do not fare
// well; 0 for none.
func (l *live) troubled() byte {
	if !l.running() || l.fixed.Child != "" {
		return 0
	}
	return visibility.Trouble(l.state.Health.Shown().Status)
}

func (l *live) troubleKey(code byte) []byte {
	return record.Newest([]byte{code}, l.fixed.Start, l.id)
}

// putTrouble brings the row of its health up to date.
func (t *turn) putTrouble() {
	l := t.live
	now := l.troubled()
	if now == l.trouble {
		return
	}
	if l.trouble != 0 {
		t.remove(record.SpaceTrouble, l.troubleKey(l.trouble))
	}
	if now != 0 {
		t.set(record.SpaceTrouble, l.troubleKey(now), record.Index{Status: record.Running}.Encode())
	}
	l.trouble = now
}
