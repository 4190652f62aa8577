package system

import (
	"strings"

	"stile/policy/expr/clr"
)

var (
	typeTextWriter   = clr.Class("System.IO.TextWriter")
	typeStringWriter = clr.Class("System.IO.StringWriter")
)

// StringWriter is System.IO.StringWriter.
type StringWriter struct{ b strings.Builder }

// RuntimeType names the .NET type.
func (*StringWriter) RuntimeType() *clr.Type { return typeStringWriter }

// String gives the text so far.
func (w *StringWriter) String() string { return w.b.String() }

// Write appends text.
func (w *StringWriter) Write(m *clr.Machine, texts ...string) {
	for _, t := range texts {
		m.Grow(len(t))
		w.b.WriteString(t)
	}
}

func textSpecs() []clr.TypeSpec {
	return []clr.TypeSpec{
		{Type: typeTextWriter, Bases: "IDisposable", Members: writerMembers()},
		{Type: typeStringWriter, Bases: "TextWriter", Members: []clr.MemberSpec{
			clr.Line("new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &StringWriter{} }),
			clr.Line("new(IFormatProvider formatProvider)", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &StringWriter{} }),
			clr.Line("string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return m.Text(a[0].(*StringWriter).String())
			}),
		}},
	}
}

func writerMembers() []clr.MemberSpec {
	put := func(end string) clr.Native {
		return func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			w := a[0].(*StringWriter)
			for _, v := range a[1:] {
				w.Write(m, clr.Text(v))
			}
			w.Write(m, end)
			return nil
		}
	}
	form := func(end string) clr.Native {
		return func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			a[0].(*StringWriter).Write(m, clr.Composite(m, needText(m, a[1], "format"), a[2].(*clr.Array).Items), end)
			return nil
		}
	}
	return []clr.MemberSpec{
		clr.Line("void Write(object value)", put("")), clr.Line("void Write(string value)", put("")), clr.Line("void Write(char value)", put("")),
		clr.Line("void WriteLine()", put("\n")), clr.Line("void WriteLine(object value)", put("\n")),
		clr.Line("void WriteLine(string value)", put("\n")), clr.Line("void WriteLine(char value)", put("\n")),
		clr.Line("void Write(string format, params object[] arg)", form("")),
		clr.Line("void WriteLine(string format, params object[] arg)", form("\n")),
		clr.Line("void Flush()", constant(nil)), clr.Line("void Close()", constant(nil)),
	}
}
