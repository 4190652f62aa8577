package engine

import (
	"encoding/binary"
	"math"

	"stile/asl/interp"
	"stile/internal/engine/maprun"
	"stile/internal/sfn"
	"stile/jsonval"
)

// The parts of a Map Run's record: what never changes, and its progress.
const (
	runFixedPart = 0
	runStatePart = 1
)

// runKey names a Map Run: its parent and the command that started it.
type runKey struct {
	parent  execID
	command uint64
}

func (k runKey) row(part uint64) []byte { return k.parent.key(k.command, part) }

// marker is the key of the row that stands while the run is open.
func (k runKey) marker() []byte { return k.parent.key(k.command) }

// runRecord is what never changes about a Map Run.
type runRecord struct {
	spec    interp.MapRunSpec
	start   int64
	entered int64 // history id of the Map's Entered event
	mocks   jsonval.Value
}

func (r *runRecord) encode() []byte {
	s := &r.spec
	e := record(512)
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
	e.JSON(r.mocks)
	e.Uint(uint64(len(s.Variables)))
	for _, v := range s.Variables {
		e.Str(v.Name)
		e.Payload(interp.Payload{Blob: v.Blob, Value: v.Value})
	}
	return e.B
}

func (r *runRecord) payloads() []*interp.Payload {
	s := &r.spec
	return []*interp.Payload{&s.Items, &s.Reader, &s.BatchInput, &s.Writer, &s.Input, &s.Context}
}

func (r *runRecord) numbers() []*int64 {
	s := &r.spec
	return []*int64{&r.start, &r.entered, &s.MaxItems, &s.MaxItemsPerBatch, &s.MaxInputBytesPerBatch, &s.MaxConcurrency, &s.ToleratedFailureCount, &s.Time}
}

func decodeRun(b []byte) (r runRecord, err error) {
	d := open(b)
	s := &r.spec
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
	s.Seed, r.mocks = d.Uint(), d.JSON()
	for n := d.Uint(); n > 0 && d.Err == nil; n-- {
		v := interp.Variable{Name: d.Str()}
		p := d.Payload()
		v.Blob, v.Value = p.Blob, p.Value
		s.Variables = append(s.Variables, v)
	}
	return r, d.Err
}

// runProgress is a Map Run's progress as it is kept. Once the run has ended Below
// counts all its children.
type runProgress struct {
	maprun.Progress
	status   statusCode
	stop     int64
	total    int64  // items, once the run has ended
	written  bool   // the children's results are in the run's output
	identity string // of the dataset
	// redrives counts the run's redrives, the last of them at redriven.
	redrives uint32
	redriven int64
}

// The format bytes of progress and of children's rows where there were redrives.
const (
	runRedriveFormat   = 2
	childRedriveFormat = 2
)

func (p *runProgress) encode() []byte {
	e := record(96)
	e.Byte(byte(p.status))
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
	for _, t := range []string{p.Failed, p.Cause, p.identity} {
		e.Str(t)
	}
	for _, c := range p.Below[maprun.Succeeded:] {
		e.Int(c.Children)
		e.Int(c.Items)
	}
	if p.redrives > 0 {
		e.B[0] = runRedriveFormat
		e.Uint(uint64(p.redrives))
		e.Int(p.redriven)
	}
	return e.B
}

func (p *runProgress) numbers() []*int64 {
	return []*int64{&p.stop, &p.Low, &p.Next, &p.Known, &p.total, &p.Bounds.Concurrency, &p.Bounds.Failures}
}

func (p *runProgress) flags() []*bool {
	return []*bool{&p.Fed, &p.written, &p.Stopped, &p.Stopping, &p.Bounds.Counted, &p.Bounds.Rated}
}

func decodeProgress(b []byte) (p runProgress, err error) {
	d, format := openUpTo(b, runRedriveFormat)
	p.status = statusCode(d.Byte())
	for _, n := range p.numbers() {
		*n = d.Int()
	}
	p.Bounds.Percentage = math.Float64frombits(d.Uint())
	flags := d.Uint()
	for i, f := range p.flags() {
		*f = flags&(1<<i) != 0
	}
	p.Failed, p.Cause, p.identity = d.Str(), d.Str(), d.Str()
	for i := range p.Below[maprun.Succeeded:] {
		p.Below[int(maprun.Succeeded)+i] = maprun.Tally{Children: d.Int(), Items: d.Int()}
	}
	if format == runRedriveFormat {
		p.redrives, p.redriven = uint32(d.Uint()), d.Int()
	}
	return p, d.Err
}

// childRecord is what a child execution knows of its Map Run.
type childRecord struct {
	run     string // the Map Run's ARN
	state   string // the Map's name
	parent  runKey
	index   int64
	items   int64
	express bool
}

func (c *childRecord) text() string {
	e := record(len(c.run) + len(c.state) + 48)
	e.Str(c.run)
	e.Str(c.state)
	e.Bytes(c.parent.parent[:])
	e.Uint(c.parent.command)
	e.Int(c.index)
	e.Int(c.items)
	e.Uint(map[bool]uint64{true: 1}[c.express])
	return string(e.B)
}

// mapChild gives what makes the execution a child of a Map Run; nil for others.
func (r *fixedRecord) mapChild() *childRecord {
	if r.child == "" {
		return nil
	}
	d := open([]byte(r.child))
	c := &childRecord{run: d.Str(), state: d.Str()}
	copy(c.parent.parent[:], d.Bytes())
	c.parent.command, c.index, c.items, c.express = d.Uint(), d.Int(), d.Int(), d.Uint() == 1
	if d.Err != nil {
		return nil
	}
	return c
}

// labelled is the state machine's ARN as an execution of it shows it: a child's
// has its Map's label.
func (r *fixedRecord) labelled() string {
	if r.child == "" {
		return r.machineARN
	}
	a, _ := sfn.ParseARN(r.arn)
	a.Kind, a.Sub = "stateMachine", ""
	return a.String()
}

// childRow is a row of a Map Run's list of children: one of a listing, with the
// number of the child's items behind it.
type childRow struct {
	indexRecord
	items int64
	// redrive counts the run's redrives when the child last ran.
	redrive uint32
}

func (r childRow) encode() []byte {
	e := record(20)
	e.Byte(byte(r.status))
	e.Int(r.stop)
	e.Int(r.items)
	if r.redrive > 0 {
		e.B[0] = childRedriveFormat
		e.Uint(uint64(r.redrive))
	}
	return e.B
}

func decodeChildRow(b []byte) (r childRow, err error) {
	d, format := openUpTo(b, childRedriveFormat)
	r.status, r.stop, r.items = statusCode(d.Byte()), d.Int(), d.Int()
	if format == childRedriveFormat {
		r.redrive = uint32(d.Uint())
	}
	return r, d.Err
}

// ownerRecord says whose a Map Run is; it stands under the id of the run's ARN.
func encodeOwner(k runKey, parentARN string) []byte {
	e := record(128)
	e.Bytes(k.parent[:])
	e.Uint(k.command)
	e.Str(parentARN)
	return e.B
}

func decodeOwner(b []byte) (k runKey, parentARN string, err error) {
	d := open(b)
	copy(k.parent[:], d.Bytes())
	k.command, parentARN = d.Uint(), d.Str()
	return k, parentARN, d.Err
}

// childKey begins the key of the row of a Map Run's nth child; the child's id follows.
func childKey(runARN string, index int64) []byte {
	id := idOf(runARN)
	return binary.BigEndian.AppendUint64(id[:], uint64(index))
}
