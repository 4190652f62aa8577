package record

import (
	"encoding/binary"
	"math"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/maprun"
	"stile/jsonval"
)

// The parts of a Map Run's record: what never changes, and its progress.
const (
	RunFixedPart = 0
	RunStatePart = 1
)

// RunKey names a Map Run: its parent and the command that started it.
type RunKey struct {
	Parent  ID
	Command uint64
}

// Row is the key of one of the parts of the run's record.
func (k RunKey) Row(part uint64) []byte { return k.Parent.Key(k.Command, part) }

// Marker is the key of the row that stands while the run is open.
func (k RunKey) Marker() []byte { return k.Parent.Key(k.Command) }

// Run is what never changes about a Map Run.
type Run struct {
	Spec    interp.MapRunSpec
	Start   int64
	Entered int64 // history id of the Map's Entered event
	Mocks   jsonval.Value
}

// Encode is the record's bytes.
func (r *Run) Encode() []byte {
	s := &r.Spec
	e := codec.New(512)
	for _, t := range []string{s.ARN, s.Label, s.State, s.ItemsPointer} {
		e.Str(t)
	}
	for _, p := range r.payloads() {
		e.Payload(*p)
	}
	for _, n := range r.numbers() {
		e.Int(*n)
	}
	e.Uint(math.Float64bits(s.ToleratedFailurePercentage))
	e.Uint(s.Seed)
	e.JSON(r.Mocks)
	e.Uint(uint64(len(s.Variables)))
	for _, v := range s.Variables {
		e.Str(v.Name)
		e.Payload(interp.Payload{Blob: v.Blob, Value: v.Value})
	}
	return e.B
}

func (r *Run) payloads() []*interp.Payload {
	s := &r.Spec
	return []*interp.Payload{&s.Items, &s.Reader, &s.BatchInput, &s.Writer, &s.Input, &s.Context}
}

func (r *Run) numbers() []*int64 {
	s := &r.Spec
	return []*int64{&r.Start, &r.Entered, &s.MaxItems, &s.MaxItemsPerBatch, &s.MaxInputBytesPerBatch, &s.MaxConcurrency, &s.ToleratedFailureCount, &s.Time}
}

// DecodeRun reads the record.
func DecodeRun(b []byte) (r Run, err error) {
	d := codec.Open(b)
	s := &r.Spec
	for _, t := range []*string{&s.ARN, &s.Label, &s.State, &s.ItemsPointer} {
		*t = d.Str()
	}
	for _, p := range r.payloads() {
		*p = d.Payload()
	}
	for _, n := range r.numbers() {
		*n = d.Int()
	}
	s.ToleratedFailurePercentage = math.Float64frombits(d.Uint())
	s.Seed, r.Mocks = d.Uint(), d.JSON()
	for n := d.Uint(); n > 0 && d.Err == nil; n-- {
		v := interp.Variable{Name: d.Str()}
		p := d.Payload()
		v.Blob, v.Value = p.Blob, p.Value
		s.Variables = append(s.Variables, v)
	}
	return r, d.Err
}

// RunProgress is a Map Run's progress as it is kept. Once the run has ended Below
// counts all its children.
type RunProgress struct {
	maprun.Progress
	Status   Status
	Stop     int64
	Total    int64  // items, once the run has ended
	Written  bool   // the children's results are in the run's output
	Identity string // of the dataset
	// Redrives counts the run's redrives, the last of them at Redriven.
	Redrives uint32
	Redriven int64
}

// The format bytes of progress and of children's rows where there were redrives.
const (
	runRedriveFormat   = 2
	childRedriveFormat = 2
)

// Encode is the record's bytes.
func (p *RunProgress) Encode() []byte {
	e := codec.New(96)
	e.Byte(byte(p.Status))
	for _, n := range p.numbers() {
		e.Int(*n)
	}
	e.Uint(math.Float64bits(p.Bounds.Percentage))
	var flags uint64
	for i, f := range p.flags() {
		if *f {
			flags |= 1 << i
		}
	}
	e.Uint(flags)
	for _, t := range []string{p.Failed, p.Cause, p.Identity} {
		e.Str(t)
	}
	for _, c := range p.Below[maprun.Succeeded:] {
		e.Int(c.Children)
		e.Int(c.Items)
	}
	if p.Redrives > 0 {
		e.B[0] = runRedriveFormat
		e.Uint(uint64(p.Redrives))
		e.Int(p.Redriven)
	}
	return e.B
}

func (p *RunProgress) numbers() []*int64 {
	return []*int64{&p.Stop, &p.Low, &p.Next, &p.Known, &p.Total, &p.Bounds.Concurrency, &p.Bounds.Failures}
}

func (p *RunProgress) flags() []*bool {
	return []*bool{&p.Fed, &p.Written, &p.Stopped, &p.Stopping, &p.Bounds.Counted, &p.Bounds.Rated}
}

// DecodeProgress reads the record.
func DecodeProgress(b []byte) (p RunProgress, err error) {
	d, format := codec.OpenUpTo(b, runRedriveFormat)
	p.Status = Status(d.Byte())
	for _, n := range p.numbers() {
		*n = d.Int()
	}
	p.Bounds.Percentage = math.Float64frombits(d.Uint())
	flags := d.Uint()
	for i, f := range p.flags() {
		*f = flags&(1<<i) != 0
	}
	p.Failed, p.Cause, p.Identity = d.Str(), d.Str(), d.Str()
	for i := range p.Below[maprun.Succeeded:] {
		p.Below[int(maprun.Succeeded)+i] = maprun.Tally{Children: d.Int(), Items: d.Int()}
	}
	if format == runRedriveFormat {
		p.Redrives, p.Redriven = uint32(d.Uint()), d.Int()
	}
	return p, d.Err
}

// EncodeOwner says whose a Map Run is; it stands under the id of the run's ARN.
func EncodeOwner(k RunKey, parentARN string) []byte {
	e := codec.New(128)
	e.Bytes(k.Parent[:])
	e.Uint(k.Command)
	e.Str(parentARN)
	return e.B
}

// DecodeOwner reads what EncodeOwner made.
func DecodeOwner(b []byte) (k RunKey, parentARN string, err error) {
	d := codec.Open(b)
	copy(k.Parent[:], d.Bytes())
	k.Command, parentARN = d.Uint(), d.Str()
	return k, parentARN, d.Err
}

// ChildKey begins the key of the row of a Map Run's nth child; the child's id follows.
func ChildKey(runARN string, index int64) []byte {
	id := IDOf(runARN)
	return binary.BigEndian.AppendUint64(id[:], uint64(index))
}
