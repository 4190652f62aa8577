package record

import (
	"errors"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/redrive"
	"stile/internal/sfn"
)

// Status is a status in a record.
type Status byte

var statuses = [...]string{"", sfn.Running, sfn.Succeeded, sfn.Failed, sfn.TimedOut, sfn.Aborted}

// Running is the status of an open execution or Map Run.
const Running Status = 1

// String is AWS's word; empty for none.
func (c Status) String() string {
	if int(c) < len(statuses) {
		return statuses[c]
	}
	return ""
}

// StatusOf is the status of AWS's word; 0 for none.
func StatusOf(status string) Status {
	for i, s := range statuses {
		if s == status {
			return Status(i)
		}
	}
	return 0
}

// State is an execution's visibility and the counters that its host needs;
// every turn that changes the execution writes it.
type State struct {
	Status         Status
	State, Waiting string
	Stop           int64
	Output         interp.Payload
	Err, Cause     *string
	Seq            uint64 // of the last journal record
	Last           int64  // time of the last event: an execution's time never goes back
	Quarantine     string // why it was taken out of service; empty: it was not
	// Found says that the quarantine was found when the execution was loaded, which
	// ends it once that goes well; Before is what it was waiting for.
	Found  bool
	Before string
	Health Health
	Told   uint64 // how many outbox records it has made: they number them
	// Redrive is what there is to say of redrives: of one that ended otherwise than
	// well, or was redriven.
	Redrive redrive.State
	// Trimmed says that retention took its history.
	Trimmed bool
}

// The format bytes of visibility records that have redrives, and of those whose
// execution has no history any more.
const (
	redriveFormat = 3
	trimmedFormat = 4
)

// Encode is the record's bytes, in the oldest format that has room for them.
func (r *State) Encode() []byte {
	e := codec.New(96)
	e.B[0] = healthFormat
	e.Byte(byte(r.Status))
	e.Str(r.State)
	e.Str(r.Waiting)
	e.Uint(r.Seq)
	e.Int(r.Last)
	e.Str(r.Quarantine)
	e.Uint(r.Told)
	if r.Redrive != (redrive.State{}) || r.Trimmed {
		e.B[0] = redriveFormat
		r.Redrive.Append(e)
	}
	if r.Trimmed {
		e.B[0] = trimmedFormat
	}
	if r.Status == Running {
		r.Health.encode(e, r.State)
		if r.Found {
			e.Str(r.Before)
		}
	} else {
		e.Int(r.Stop)
		e.Payload(r.Output)
		e.Opt(r.Err)
		e.Opt(r.Cause)
	}
	return e.B
}

// DecodeState reads the record, also one of an older release.
func DecodeState(b []byte) (r State, err error) {
	d, format := codec.OpenUpTo(b, trimmedFormat)
	r.Status = Status(d.Byte())
	r.State, r.Waiting, r.Seq, r.Last, r.Quarantine = d.Str(), d.Str(), d.Uint(), d.Int(), d.Str()
	if format >= healthFormat {
		r.Told = d.Uint()
	}
	if format >= redriveFormat {
		r.Redrive = redrive.Read(d)
	}
	r.Trimmed = format == trimmedFormat
	switch {
	case r.Status == Running && format >= healthFormat:
		r.Health.decode(d, r.State)
		if r.Found = len(d.B) > 0; r.Found {
			r.Before = d.Str()
		}
	case r.Status == Running:
		r.Health.guess(&r)
	default:
		r.Stop, r.Output, r.Err, r.Cause = d.Int(), d.Payload(), d.Opt(), d.Opt()
	}
	return r, d.Err
}

// DecodeBoth reads both parts of an execution's record.
func DecodeBoth(fixed, state []byte) (*Fixed, *State, error) {
	f, err := DecodeFixed(fixed)
	if err != nil {
		return nil, nil, err
	}
	st, err := DecodeState(state)
	return &f, &st, err
}

// Blocks is fill's error where it keeps an execution from being shown: of one in
// quarantine a payload may be what cannot be read, and is absent.
func (r *State) Blocks(err error) error {
	if r.Quarantine != "" && errors.Is(err, codec.ErrRecord) {
		return nil
	}
	return err
}
