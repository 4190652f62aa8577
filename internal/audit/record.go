package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
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
	v, err := jsonval.Parse(r.append(nil))
	if err != nil {
		panic("audit: a record is no JSON: " + err.Error())
	}
	return v
}

// append appends the record's JSON.
func (r *Record) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"seq":`...), int64(r.Seq), 10)
	b = r.Time.UTC().AppendFormat(append(b, `,"time":"`...), timeFormat)
	b = jsonval.AppendString(append(b, `","actor":`...), r.Actor)
	b = jsonval.AppendString(append(b, `,"via":`...), r.Via)
	b = jsonval.AppendString(append(b, `,"action":`...), r.Action)
	b = jsonval.AppendString(append(b, `,"resource":`...), r.Resource)
	b = jsonval.AppendString(append(b, `,"decision":`...), r.Decision)
	b = jsonval.AppendString(append(b, `,"role":`...), r.Role)
	b = append(b, `,"verdict":`...)
	if r.Verdict.Exists() {
		b = append(b, r.Verdict.Compact().Raw()...)
	} else {
		b = append(b, "null"...)
	}
	b = jsonval.AppendString(append(b, `,"trace":`...), r.Trace)
	b = jsonval.AppendString(append(b, `,"before":`...), r.Before)
	b = jsonval.AppendString(append(b, `,"after":`...), r.After)
	b = jsonval.AppendString(append(b, `,"prev":`...), r.Prev)
	return append(b, '}')
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
