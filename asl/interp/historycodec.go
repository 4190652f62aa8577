package interp

import (
	"fmt"

	"stile/asl/history"
)

const historyFormat = 1

// The fields of Details, by the number that stands before each in a record.
// Never renumber.
const (
	fieldEnd = iota
	fieldName
	fieldInput
	fieldOutput
	fieldError
	fieldCause
	fieldResource
	fieldResourceType
	fieldRegion
	fieldParameters
	fieldTimeout
	fieldHeartbeat
	fieldLength
	fieldIndex
	fieldRoleARN
	fieldState
	fieldLocation
	fieldVariables
	fieldWorkerName
	fieldMapRunARN
	fieldVersionARN
	fieldAliasARN
	fieldRedriveCount
)

// AppendHistory appends an event's record to b: a format byte, the type's number in
// the table, ids and time, then each field that is set. Payloads that are blobs
// are their numbers alone.
func AppendHistory(b []byte, h *HistoryEvent) []byte {
	w := writer{b}
	w.byte(historyFormat)
	code := history.Code(h.Type)
	w.uint(uint64(code))
	if code == 0 {
		w.str(h.Type)
	}
	w.int(h.ID)
	w.int(h.ID - h.Previous)
	w.int(h.Time)
	d := &h.Details
	w.field(fieldName, d.Name)
	w.fieldPayload(fieldInput, d.Input)
	w.fieldPayload(fieldOutput, d.Output)
	w.fieldText(fieldError, d.Error)
	w.fieldText(fieldCause, d.Cause)
	w.field(fieldResource, d.Resource)
	w.field(fieldResourceType, d.ResourceType)
	w.field(fieldRegion, d.Region)
	w.fieldPayload(fieldParameters, d.Parameters)
	w.fieldInt(fieldTimeout, d.TimeoutSeconds)
	w.fieldInt(fieldHeartbeat, d.HeartbeatSeconds)
	w.fieldInt(fieldLength, d.Length)
	w.fieldInt(fieldIndex, d.Index)
	w.field(fieldRoleARN, d.RoleARN)
	w.field(fieldState, d.State)
	w.field(fieldLocation, d.Location)
	if len(d.AssignedVariables) > 0 {
		w.byte(fieldVariables)
		w.uint(uint64(len(d.AssignedVariables)))
		for _, v := range d.AssignedVariables {
			w.str(v.Name)
			w.payload(Payload{Blob: v.Blob, Value: v.Value})
		}
	}
	w.field(fieldWorkerName, d.WorkerName)
	w.field(fieldMapRunARN, d.MapRunARN)
	w.field(fieldVersionARN, d.VersionARN)
	w.field(fieldAliasARN, d.AliasARN)
	w.fieldInt(fieldRedriveCount, d.RedriveCount)
	w.byte(fieldEnd)
	return w.b
}

func (w *writer) field(n byte, s string) {
	if s != "" {
		w.byte(n)
		w.str(s)
	}
}

func (w *writer) fieldText(n byte, s *string) {
	if s != nil {
		w.byte(n)
		w.str(*s)
	}
}

func (w *writer) fieldInt(n byte, i *int64) {
	if i != nil {
		w.byte(n)
		w.int(*i)
	}
}

func (w *writer) fieldPayload(n byte, p *Payload) {
	if p != nil {
		w.byte(n)
		w.payload(*p)
	}
}

// DecodeHistoryEvent reads a record of AppendHistory. Payloads that are blobs have no
// Value: the host reads them by their numbers.
func DecodeHistoryEvent(b []byte) (HistoryEvent, error) {
	r := reader{b: b}
	if r.byte() != historyFormat {
		r.fail("unknown format")
	}
	var h HistoryEvent
	switch code := r.uint(); {
	case code == 0:
		h.Type = r.str()
	default:
		var known bool
		if h.Type, known = history.TypeOf(code); !known {
			r.fail("unknown type")
		}
	}
	h.ID = r.int()
	h.Previous = h.ID - r.int()
	h.Time = r.int()
	for n := r.byte(); n != fieldEnd && r.err == nil; n = r.byte() {
		r.details(&h.Details, n)
	}
	if err := r.end(); err != nil {
		return HistoryEvent{}, fmt.Errorf("history event: %w", err)
	}
	return h, nil
}

func (r *reader) details(d *Details, field byte) {
	switch field {
	case fieldName:
		d.Name = r.str()
	case fieldInput:
		d.Input = r.newPayload()
	case fieldOutput:
		d.Output = r.newPayload()
	case fieldError:
		d.Error = r.newText()
	case fieldCause:
		d.Cause = r.newText()
	case fieldResource:
		d.Resource = r.str()
	case fieldResourceType:
		d.ResourceType = r.str()
	case fieldRegion:
		d.Region = r.str()
	case fieldParameters:
		d.Parameters = r.newPayload()
	case fieldTimeout:
		d.TimeoutSeconds = r.newInt()
	case fieldHeartbeat:
		d.HeartbeatSeconds = r.newInt()
	case fieldLength:
		d.Length = r.newInt()
	case fieldIndex:
		d.Index = r.newInt()
	case fieldRoleARN:
		d.RoleARN = r.str()
	case fieldState:
		d.State = r.str()
	case fieldLocation:
		d.Location = r.str()
	case fieldVariables:
		for n := r.uint(); n > 0 && r.err == nil; n-- {
			v := Variable{Name: r.str()}
			p := r.payload()
			v.Blob, v.Value = p.Blob, p.Value
			d.AssignedVariables = append(d.AssignedVariables, v)
		}
	case fieldWorkerName:
		d.WorkerName = r.str()
	case fieldMapRunARN:
		d.MapRunARN = r.str()
	case fieldVersionARN:
		d.VersionARN = r.str()
	case fieldAliasARN:
		d.AliasARN = r.str()
	case fieldRedriveCount:
		d.RedriveCount = r.newInt()
	default:
		r.fail("unknown field")
	}
}

func (r *reader) newPayload() *Payload { p := r.payload(); return &p }
func (r *reader) newText() *string     { s := r.str(); return &s }
func (r *reader) newInt() *int64       { n := r.int(); return &n }
