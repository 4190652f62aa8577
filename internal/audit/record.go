package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"stile/jsonval"
)

// How long one member may be, in bytes: names come from callers, refused ones too.
const (
	maxText    = 2048
	maxVerdict = 4096
)

// timeFormat is RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// Digest is the hex SHA-256 of what Before and After stand for; empty for nothing.
func Digest(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return hash(b)
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// bounded cuts what is too long to keep, so that a caller's names cannot fill the
// store. A verdict that is too long is left out: a part of it would not be JSON.
func (e Entry) bounded() Entry {
	for _, s := range []*string{&e.Actor, &e.Via, &e.Action, &e.Resource, &e.Decision, &e.Role, &e.Trace, &e.Before, &e.After} {
		*s = cut(*s)
	}
	if len(e.Verdict.Raw()) > maxVerdict {
		e.Verdict = jsonval.Value{}
	}
	return e
}

func cut(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// JSON is the record's one spelling: every member, in this order, without space.
// The hash of a record is that of this text.
func (r Record) JSON() jsonval.Value {
	verdict := jsonval.NullValue
	if r.Verdict.Exists() {
		verdict = r.Verdict.Compact()
	}
	var o jsonval.Object
	o.AddInt("seq", int64(r.Seq)).AddString("time", r.Time.UTC().Format(timeFormat)).AddString("actor", r.Actor)
	o.AddString("via", r.Via).AddString("action", r.Action).AddString("resource", r.Resource)
	o.AddString("decision", r.Decision).AddString("role", r.Role).Add("verdict", verdict).AddString("trace", r.Trace)
	return o.AddString("before", r.Before).AddString("after", r.After).AddString("prev", r.Prev).Value()
}

// errUnreadable is a stored record that this version cannot read.
var errUnreadable = errors.New("a record is not readable")

// decode reads a stored record: the format byte, then its JSON, whose number is
// the key's.
func decode(key, value []byte) (r Record, err error) {
	if len(key) != 8 || len(value) < 2 || value[0] != format {
		return r, errUnreadable
	}
	v, err := jsonval.Parse(append([]byte(nil), value[1:]...))
	if err != nil {
		return r, errUnreadable
	}
	text := func(name string) string {
		s, ok := v.Get(name).Str()
		if !ok {
			err = errUnreadable
		}
		return s
	}
	seq, _ := v.Get("seq").Int()
	r = Record{Seq: binary.BigEndian.Uint64(key), Prev: text("prev"), Entry: Entry{
		Actor: text("actor"), Via: text("via"), Action: text("action"), Resource: text("resource"),
		Decision: text("decision"), Role: text("role"), Trace: text("trace"), Before: text("before"), After: text("after")}}
	if verdict := v.Get("verdict"); !verdict.IsNull() {
		r.Verdict = verdict
	}
	at, bad := time.Parse(timeFormat, text("time"))
	if r.Time = at; bad != nil || err != nil || seq < 0 || uint64(seq) != r.Seq {
		return r, errUnreadable
	}
	return r, nil
}
