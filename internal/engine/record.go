package engine

import (
	"crypto/sha256"
	"strings"

	"stile/asl/interp"
	"stile/internal/engine/redrive"
	"stile/internal/sfn"
	"stile/jsonval"
)

// fixedRecord is what never changes about an execution.
type fixedRecord struct {
	arn, machineARN, role, owner   string
	trace, parentSpan, traceHeader string
	tokenKey                       string
	revision                       uint64
	start                          int64 // Unix ms
	input                          interp.Payload
	inputDigest                    string // 16 bytes
	// subject is who started it; a record without one is as it was before there were any.
	subject string
	// testCase is the case of the mock file that answers; records without one are older
	// or mock nothing.
	testCase string
	// version is the number of the version that runs, alias the name of the alias that
	// chose it; empty where the start named none.
	version, alias string
	// child is the childRecord of a Map Run's child; empty of others.
	child string
}

func (r *fixedRecord) encode() []byte {
	e := record(256 + len(r.input.Value.Raw()))
	for _, s := range r.texts() {
		e.Str(*s)
	}
	e.Uint(r.revision)
	e.Int(r.start)
	e.Payload(r.input)
	// What came later stands behind, as far as the last that is there.
	later := r.later()
	for i := len(later); i > 0; i-- {
		if *later[i-1] == "" {
			continue
		}
		for _, s := range later[:i] {
			e.Str(*s)
		}
		break
	}
	return e.B
}

func (r *fixedRecord) texts() []*string {
	return []*string{&r.arn, &r.machineARN, &r.role, &r.owner, &r.trace, &r.parentSpan, &r.traceHeader, &r.tokenKey, &r.inputDigest}
}

func decodeFixed(b []byte) (r fixedRecord, err error) {
	d := open(b)
	for _, s := range r.texts() {
		*s = d.Str()
	}
	r.revision, r.start, r.input = d.Uint(), d.Int(), d.Payload()
	for _, s := range r.later() {
		if d.Err == nil && len(d.B) > 0 {
			*s = d.Str()
		}
	}
	return r, d.Err
}

// later are the texts that the record got after its first format, in their order;
// a record ends behind the last one that it has.
func (r *fixedRecord) later() []*string {
	return []*string{&r.subject, &r.testCase, &r.version, &r.alias, &r.child}
}

func (r *fixedRecord) name() string {
	a, _ := sfn.ParseARN(r.arn)
	return a.Sub
}

func (r *fixedRecord) machineName() string {
	a, _ := sfn.ParseARN(r.arn)
	name, _, _ := strings.Cut(a.Name, "/") // a child's has its Map's label behind it
	return name
}

func inputDigest(v jsonval.Value) string {
	sum := sha256.Sum256(v.Raw())
	return string(sum[:16])
}

// statusCode is a status in a record.
type statusCode byte

var statuses = [...]string{"", sfn.Running, sfn.Succeeded, sfn.Failed, sfn.TimedOut, sfn.Aborted}

const running statusCode = 1

func (c statusCode) String() string {
	if int(c) < len(statuses) {
		return statuses[c]
	}
	return ""
}

func codeOf(status string) statusCode {
	for i, s := range statuses {
		if s == status {
			return statusCode(i)
		}
	}
	return 0
}

// stateRecord is an execution's visibility and the counters that its host needs;
// every turn that changes the execution writes it.
type stateRecord struct {
	status         statusCode
	state, waiting string
	stop           int64
	output         interp.Payload
	err, cause     *string
	seq            uint64 // of the last journal record
	last           int64  // time of the last event: an execution's time never goes back
	quarantine     string // why it was taken out of service; empty: it was not
	// found says that the quarantine was found when the execution was loaded, which
	// ends it once that goes well; before is what it was waiting for.
	found  bool
	before string
	health healthRecord
	told   uint64 // how many outbox records it has made: they number them
	// redrive is what there is to say of redrives: of one that ended otherwise than
	// well, or was redriven.
	redrive redrive.State
}

// redriveFormat is the format byte of visibility records that have redrives.
const redriveFormat = 3

func (r *stateRecord) encode() []byte {
	e := record(96)
	e.B[0] = healthFormat
	e.Byte(byte(r.status))
	e.Str(r.state)
	e.Str(r.waiting)
	e.Uint(r.seq)
	e.Int(r.last)
	e.Str(r.quarantine)
	e.Uint(r.told)
	if r.redrive != (redrive.State{}) {
		e.B[0] = redriveFormat
		r.redrive.Append(e)
	}
	if r.status == running {
		r.health.encode(e, r.state)
		if r.found {
			e.Str(r.before)
		}
	} else {
		e.Int(r.stop)
		e.Payload(r.output)
		e.Opt(r.err)
		e.Opt(r.cause)
	}
	return e.B
}

func decodeState(b []byte) (r stateRecord, err error) {
	d, format := openUpTo(b, redriveFormat)
	r.status = statusCode(d.Byte())
	r.state, r.waiting, r.seq, r.last, r.quarantine = d.Str(), d.Str(), d.Uint(), d.Int(), d.Str()
	if format >= healthFormat {
		r.told = d.Uint()
	}
	if format == redriveFormat {
		r.redrive = redrive.Read(d)
	}
	switch {
	case r.status == running && format >= healthFormat:
		r.health.decode(d, r.state)
		if r.found = len(d.B) > 0; r.found {
			r.before = d.Str()
		}
	case r.status == running:
		r.health.guess(&r)
	default:
		r.stop, r.output, r.err, r.cause = d.Int(), d.Payload(), d.Opt(), d.Opt()
	}
	return r, d.Err
}

// workRecord is due work of an execution: the current attempt of a Task visit
// (by its command id), or under command 0 a slice to be continued. Recovery reads
// nothing else to know what to do again.
type workRecord struct {
	phase   workPhase
	attempt uint32
	send    uint32
	epoch   uint64 // of the host that sent it last
	token   bool
	since   int64 // when the attempt was scheduled
	expires int64 // of its token
	state   string
	entered int64 // when the visit's first attempt was scheduled
	trouble sfn.Trouble
	refused uint32 // the send whose side-journal record holds the last denial; 0: none
}

// workPhase says how far an attempt is. The numbers are stored.
type workPhase byte

const (
	workDispatched workPhase = iota + 1 // the request is out: send it again after a restart
	workSubmitted                       // accepted; the token ends it
	workIdle                            // no attempt is out; the sends so far are remembered
	workContinue                        // command 0: a slice ended early
)

func (w workRecord) encode() []byte {
	e := record(32)
	e.B[0] = healthFormat
	e.Byte(byte(w.phase))
	e.Uint(uint64(w.attempt))
	e.Uint(uint64(w.send))
	e.Uint(w.epoch)
	e.Uint(map[bool]uint64{true: 1}[w.token])
	e.Int(w.since)
	e.Int(w.expires)
	e.Str(w.state)
	e.Int(w.since - w.entered)
	e.Byte(byte(w.trouble))
	e.Uint(uint64(w.refused))
	return e.B
}

func decodeWork(b []byte) (w workRecord, err error) {
	d, format := openUpTo(b, healthFormat)
	w.phase = workPhase(d.Byte())
	w.attempt, w.send, w.epoch, w.token = uint32(d.Uint()), uint32(d.Uint()), d.Uint(), d.Uint() == 1
	w.since, w.expires, w.state = d.Int(), d.Int(), d.Str()
	w.entered = w.since
	if format == healthFormat {
		w.entered -= d.Int()
		w.trouble, w.refused = sfn.Trouble(d.Byte()), uint32(d.Uint())
	}
	return w, d.Err
}

// indexRecord is a row of the two listings.
type indexRecord struct {
	status statusCode
	stop   int64
}

func (r indexRecord) encode() []byte {
	e := record(12)
	e.Byte(byte(r.status))
	e.Int(r.stop)
	return e.B
}

func decodeIndex(b []byte) (r indexRecord, err error) {
	d := open(b)
	r.status, r.stop = statusCode(d.Byte()), d.Int()
	return r, d.Err
}

// tokenRecord is how a delivery ended an attempt.
type tokenRecord struct {
	delivery, digest string
	at               int64
}

func (r tokenRecord) encode() []byte {
	e := record(96)
	e.Str(r.delivery)
	e.Str(r.digest)
	e.Int(r.at)
	return e.B
}

func decodeToken(b []byte) (r tokenRecord, err error) {
	d := open(b)
	r.delivery, r.digest, r.at = d.Str(), d.Str(), d.Int()
	return r, d.Err
}

func encodeCall(c sfn.CallRecord) []byte {
	e := record(64 + len(c.Call.Raw()))
	e.Str(c.State)
	e.Uint(uint64(c.Attempt))
	e.Int(c.Time.UnixMilli())
	e.JSON(c.Call)
	return e.B
}
