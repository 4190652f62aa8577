package visibility

import (
	"crypto/sha256"
	"slices"
	"strings"

	"stile/internal/engine/codec"
	"stile/jsonpath"
	"stile/jsonval"
)

// MaxFields is how many fields a state machine may have, and MaxValue how long the
// JSON text of a value is at most, in bytes, that is indexed.
const (
	MaxFields = 16
	MaxValue  = 256
)

// Field is one field that a state machine's executions are found by: a place in their
// input, or in their output.
type Field struct {
	Name   string
	Output bool
	Path   *jsonpath.Reference
}

// Fields are those of one state machine.
type Fields []Field

// Value is a field's value as compact JSON: a string, a number, a boolean or null.
type Value struct{ Name, Text string }

// Values gives what an input, or an output, has of the fields. A place that is not
// there, an object, an array and a value over MaxValue bytes give none.
func (l Fields) Values(output bool, v jsonval.Value) (out []Value) {
	if !v.Exists() {
		return nil
	}
	for _, f := range l {
		if f.Output != output {
			continue
		}
		at, err := f.Path.Eval(v)
		if err != nil {
			continue
		}
		if text, ok := Text(at); ok {
			out = append(out, Value{f.Name, text})
		}
	}
	return out
}

// Has says that a field is declared.
func (l Fields) Has(name string) bool {
	return slices.ContainsFunc(l, func(f Field) bool { return f.Name == name })
}

// Names are the fields' names, for a refusal.
func (l Fields) Names() string {
	var names []string
	for _, f := range l {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// Text is a value as it is indexed and asked for: a string with its escapes in one
// spelling, a number as it is written; false for what is not indexed.
func Text(v jsonval.Value) (string, bool) {
	if !v.Exists() {
		return "", false
	}
	switch v.Kind() {
	case jsonval.ObjectKind, jsonval.ArrayKind:
		return "", false
	}
	text := v.Compact().Text()
	if s, ok := v.Str(); ok {
		text = jsonval.OfString(s).Text()
	}
	return text, len(text) <= MaxValue
}

// Hash is where the rows of a field's value begin: the first 16 bytes of a SHA-256.
type Hash [16]byte

// HashOf is the hash of a field's value among the executions of a state machine.
func HashOf(stateMachineARN string, v Value) Hash {
	sum := sha256.Sum256([]byte(stateMachineARN + "\x00" + v.Name + "\x00" + v.Text))
	return Hash(sum[:16])
}

// Hashes are what an execution is indexed by, as its record keeps it: its rows are
// found by them, whatever the project declares by then.
type Hashes []Hash

// Add appends those of values.
func (l Hashes) Add(stateMachineARN string, values []Value) Hashes {
	for _, v := range values {
		l = append(l, HashOf(stateMachineARN, v))
	}
	return l
}

// Encode is the record.
func (l Hashes) Encode() []byte {
	e := codec.New(2 + 17*len(l))
	e.Uint(uint64(len(l)))
	for i := range l {
		e.Bytes(l[i][:])
	}
	return e.B
}

// DecodeHashes reads the record; an absent one has none.
func DecodeHashes(b []byte) (out Hashes, err error) {
	if b == nil {
		return nil, nil
	}
	d := codec.Open(b)
	for n := d.Uint(); n > 0 && d.Err == nil; n-- {
		one := d.Bytes()
		if len(one) != len(Hash{}) {
			d.Fail()
			break
		}
		out = append(out, Hash(one))
	}
	return out, d.Err
}
