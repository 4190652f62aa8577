package xlinq

import (
	"strings"
	"unicode/utf8"

	"stile/policy/expr/clr"
)

var (
	typeTextReader   = clr.Class("System.IO.TextReader")
	typeStringReader = clr.Class("System.IO.StringReader")
)

// stringReader is a StringReader: what has not been read.
type stringReader struct{ left string }

func (*stringReader) RuntimeType() *clr.Type { return typeStringReader }

// ReadToEnd gives what has not been read.
func (r *stringReader) ReadToEnd(*clr.Machine) string {
	s := r.left
	r.left = ""
	return s
}

func textLine(sig string, f func(m *clr.Machine, r *stringReader) clr.Value) clr.MemberSpec {
	return clr.Line(sig, func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(m, a[0].(*stringReader)) })
}

func (r *stringReader) next(take bool) clr.Value {
	if r.left == "" {
		return int32(-1)
	}
	c, n := utf8.DecodeRuneInString(r.left)
	if take {
		r.left = r.left[n:]
	}
	return int32(c)
}

func textSpecs() []clr.TypeSpec {
	return []clr.TypeSpec{
		{Type: typeTextReader, Bases: "IDisposable", Members: []clr.MemberSpec{
			textLine("string ReadToEnd()", func(m *clr.Machine, r *stringReader) clr.Value { return r.ReadToEnd(m) }),
			textLine("string ReadLine()", func(m *clr.Machine, r *stringReader) clr.Value {
				m.Step()
				if r.left == "" {
					return nil
				}
				i := strings.IndexAny(r.left, "\r\n")
				if i < 0 {
					return r.ReadToEnd(m)
				}
				m.Work(i / 64)
				s, rest := r.left[:i], r.left[i:]
				if r.left = strings.TrimPrefix(rest, "\r\n"); r.left == rest {
					r.left = rest[1:]
				}
				return s
			}),
			textLine("int Read()", func(_ *clr.Machine, r *stringReader) clr.Value { return r.next(true) }),
			textLine("int Peek()", func(_ *clr.Machine, r *stringReader) clr.Value { return r.next(false) }),
			textLine("void Close()", func(*clr.Machine, *stringReader) clr.Value { return nil }),
			textLine("void Dispose()", func(*clr.Machine, *stringReader) clr.Value { return nil }),
		}},
		{Type: typeStringReader, Bases: "TextReader", Members: []clr.MemberSpec{
			clr.Line("new(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				need(m, a[0], "s")
				return &stringReader{a[0].(string)}
			}),
		}},
	}
}
