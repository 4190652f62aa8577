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
		e.str(t)
	}
	for _, p := range r.payloads() {
		e.payload(*p)
	}
	for _, n := range r.numbers() {
		e.int(*n)
	}
	e.uint(math.Float64bits(s.ToleratedFailurePercentage))
	e.uint(s.Seed)
	e.json(r.mocks)
	e.uint(uint64(len(s.Variables)))
	for _, v := range s.Variables {
		e.str(v.Name)
		e.payload(interp.Payload{Blob: v.Blob, Value: v.Value})
	}
	return e.b
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
		*t = d.str()
	}
	for _, p := range r.payloads() {
		*p = d.payload()
	}
	for _, n := range r.numbers() {
		*n = d.int()
	}
	s.ToleratedFailurePercentage = math.Float64frombits(d.uint())
	s.Seed, r.mocks = d.uint(), d.json()
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		v := interp.Variable{Name: d.str()}
		p := d.payload()
		v.Blob, v.Value = p.Blob, p.Value
		s.Variables = append(s.Variables, v)
	}
	return r, d.err
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
}

func (p *runProgress) encode() []byte {
	e := record(96)
	e.byte(byte(p.status))
	for _, n := range p.numbers() {
		e.int(*n)
	}
	e.uint(math.Float64bits(p.Bounds.Percentage))
	var flags uint64
	for i, f := range p.flags() {
		if *f {
			flags |= 1 << i
		}
	}
	e.uint(flags)
	for _, t := range []string{p.Failed, p.Cause, p.identity} {
		e.str(t)
	}
	for _, c := range p.Below[maprun.Succeeded:] {
		e.int(c.Children)
		e.int(c.Items)
	}
	return e.b
}

func (p *runProgress) numbers() []*int64 {
	return []*int64{&p.stop, &p.Low, &p.Next, &p.Known, &p.total, &p.Bounds.Concurrency, &p.Bounds.Failures}
}

func (p *runProgress) flags() []*bool {
	return []*bool{&p.Fed, &p.written, &p.Stopped, &p.Stopping, &p.Bounds.Counted, &p.Bounds.Rated}
}

func decodeProgress(b []byte) (p runProgress, err error) {
	d := open(b)
	p.status = statusCode(d.byte())
	for _, n := range p.numbers() {
		*n = d.int()
	}
	p.Bounds.Percentage = math.Float64frombits(d.uint())
	flags := d.uint()
	for i, f := range p.flags() {
		*f = flags&(1<<i) != 0
	}
	p.Failed, p.Cause, p.identity = d.str(), d.str(), d.str()
	for i := range p.Below[maprun.Succeeded:] {
		p.Below[int(maprun.Succeeded)+i] = maprun.Tally{Children: d.int(), Items: d.int()}
	}
	return p, d.err
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
	e.str(c.run)
	e.str(c.state)
	e.bytes(c.parent.parent[:])
	e.uint(c.parent.command)
	e.int(c.index)
	e.int(c.items)
	e.uint(map[bool]uint64{true: 1}[c.express])
	return string(e.b)
}

// mapChild gives what makes the execution a child of a Map Run; nil for others.
func (r *fixedRecord) mapChild() *childRecord {
	if r.child == "" {
		return nil
	}
	d := open([]byte(r.child))
	c := &childRecord{run: d.str(), state: d.str()}
	copy(c.parent.parent[:], d.bytes())
	c.parent.command, c.index, c.items, c.express = d.uint(), d.int(), d.int(), d.uint() == 1
	if d.err != nil {
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
}

func (r childRow) encode() []byte {
	e := record(20)
	e.byte(byte(r.status))
	e.int(r.stop)
	e.int(r.items)
	return e.b
}

func decodeChildRow(b []byte) (r childRow, err error) {
	d := open(b)
	r.status, r.stop, r.items = statusCode(d.byte()), d.int(), d.int()
	return r, d.err
}

// ownerRecord says whose a Map Run is; it stands under the id of the run's ARN.
func encodeOwner(k runKey, parentARN string) []byte {
	e := record(128)
	e.bytes(k.parent[:])
	e.uint(k.command)
	e.str(parentARN)
	return e.b
}

func decodeOwner(b []byte) (k runKey, parentARN string, err error) {
	d := open(b)
	copy(k.parent[:], d.bytes())
	k.command, parentARN = d.uint(), d.str()
	return k, parentARN, d.err
}

// childKey begins the key of the row of a Map Run's nth child; the child's id follows.
func childKey(runARN string, index int64) []byte {
	id := idOf(runARN)
	return binary.BigEndian.AppendUint64(id[:], uint64(index))
}
