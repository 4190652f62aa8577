package record

import (
	"crypto/sha256"
	"strings"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Fixed is what never changes about an execution.
type Fixed struct {
	ARN, MachineARN, Role, Owner   string
	Trace, ParentSpan, TraceHeader string
	TokenKey                       string
	Revision                       uint64
	Start                          int64 // Unix ms
	Input                          interp.Payload
	InputDigest                    string // 16 bytes
	// Subject is who started it; a record without one is as it was before there were any.
	Subject string
	// TestCase is the case of the mock file that answers; records without one are older
	// or mock nothing.
	TestCase string
	// Version is the number of the version that runs, Alias the name of the alias that
	// chose it; empty where the start named none.
	Version, Alias string
	// Child is the text of the Child record of a Map Run's child; empty of others.
	Child string
	// Fork is the execution that this one repeats, and behind a line end the state from
	// which it goes on by itself; empty of others.
	Fork string
}

// Encode is the record's bytes.
func (r *Fixed) Encode() []byte {
	e := codec.New(256 + len(r.Input.Value.Raw()))
	for _, s := range r.texts() {
		e.Str(*s)
	}
	e.Uint(r.Revision)
	e.Int(r.Start)
	e.Payload(r.Input)
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

func (r *Fixed) texts() []*string {
	return []*string{&r.ARN, &r.MachineARN, &r.Role, &r.Owner, &r.Trace, &r.ParentSpan, &r.TraceHeader, &r.TokenKey, &r.InputDigest}
}

// DecodeFixed reads the record, also one of an older release.
func DecodeFixed(b []byte) (r Fixed, err error) {
	d := codec.Open(b)
	for _, s := range r.texts() {
		*s = d.Str()
	}
	r.Revision, r.Start, r.Input = d.Uint(), d.Int(), d.Payload()
	for _, s := range r.later() {
		if d.Err == nil && len(d.B) > 0 {
			*s = d.Str()
		}
	}
	return r, d.Err
}

// later are the texts that the record got after its first format, in their order;
// a record ends behind the last one that it has.
func (r *Fixed) later() []*string {
	return []*string{&r.Subject, &r.TestCase, &r.Version, &r.Alias, &r.Child, &r.Fork}
}

// Name is the execution's name.
func (r *Fixed) Name() string {
	a, _ := sfn.ParseARN(r.ARN)
	return a.Sub
}

// MachineName is the name of its state machine.
func (r *Fixed) MachineName() string {
	a, _ := sfn.ParseARN(r.ARN)
	name, _, _ := strings.Cut(a.Name, "/") // a child's has its Map's label behind it
	return name
}

// InputDigest is what tells an input from another one: 16 bytes of its SHA-256.
func InputDigest(v jsonval.Value) string {
	sum := sha256.Sum256(v.Raw())
	return string(sum[:16])
}

// ForkedFrom gives the source of a fork and the state from which it went on.
func (r *Fixed) ForkedFrom() (source, at string) {
	source, at, _ = strings.Cut(r.Fork, "\n")
	return source, at
}

// Qualified is the ARN of a version or alias of the execution's state machine; empty
// for none.
func (r *Fixed) Qualified(qualifier string) string {
	if qualifier == "" {
		return ""
	}
	return r.MachineARN + ":" + qualifier
}

// ListedUnder gives the ARNs by which an execution is listed.
func (r *Fixed) ListedUnder() []string {
	out := []string{r.MachineARN}
	for _, qualifier := range []string{r.Version, r.Alias} {
		if qualifier != "" {
			out = append(out, r.Qualified(qualifier))
		}
	}
	return out
}

// Labelled is the state machine's ARN as an execution of it shows it: a child's
// has its Map's label.
func (r *Fixed) Labelled() string {
	if r.Child == "" {
		return r.MachineARN
	}
	a, _ := sfn.ParseARN(r.ARN)
	a.Kind, a.Sub = "stateMachine", ""
	return a.String()
}
