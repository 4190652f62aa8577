package system

import (
	"strings"

	"stile/policy/expr/clr"
)

var (
	typeNotImplemented = clr.Class("System.NotImplementedException")
	typeTimeout        = clr.Class("System.TimeoutException")
	typeApplication    = clr.Class("System.ApplicationException")
	typeSystem         = clr.Class("System.SystemException")
)

// exceptions lists the types with their bases and what .NET says of one without a
// message; where that is empty it is Exception's own words.
var exceptions = []struct {
	typ           *clr.Type
	base, message string
}{
	{typeSystem, "Exception", "System error."},
	{typeApplication, "Exception", "Error in the application."},
	{clr.TypeArgument, "SystemException", "Value does not fall within the expected range."},
	{clr.TypeArgumentNull, "ArgumentException", "Value cannot be null."},
	{clr.TypeArgumentRange, "ArgumentException", "Specified argument was out of the range of valid values."},
	{clr.TypeFormat, "SystemException", "One of the identified items was in an invalid format."},
	{clr.TypeInvalidCast, "SystemException", "Specified cast is not valid."},
	{clr.TypeInvalidOperation, "SystemException", "Operation is not valid due to the current state of the object."},
	{clr.TypeNotSupported, "SystemException", "Specified method is not supported."},
	{typeNotImplemented, "SystemException", "The method or operation is not implemented."},
	{typeTimeout, "SystemException", "The operation has timed out."},
	{clr.TypeNullReference, "SystemException", "Object reference not set to an instance of an object."},
	{clr.TypeIndexRange, "SystemException", "Index was outside the bounds of the array."},
	{clr.TypeArithmetic, "SystemException", "Overflow or underflow in the arithmetic operation."},
	{clr.TypeOverflow, "ArithmeticException", "Arithmetic operation resulted in an overflow."},
	{clr.TypeDivideByZero, "ArithmeticException", "Attempted to divide by zero."},
	{clr.TypeKeyNotFound, "SystemException", "The given key was not present in the dictionary."},
	{clr.TypeCryptographic, "SystemException", "Error occurred during a cryptographic operation."},
	{clr.TypeURIFormat, "FormatException", "One of the identified items was in an invalid format."},
	{clr.TypeJSON, "Exception", ""}, {clr.TypeJSONReader, "JsonException", ""}, {clr.TypeJSONSerialization, "JsonException", ""},
}

// parameterMark stands before the name of an argument in an exception's message.
const parameterMark = "\nParameter name: "

// exceptionSpecs gives the table of every exception type.
func exceptionSpecs() []clr.TypeSpec {
	base := exceptionForms(clr.TypeException, "")
	out := []clr.TypeSpec{{Type: clr.TypeException, Members: append(base, exceptionMembers...)}}
	for _, e := range exceptions {
		members := exceptionForms(e.typ, e.message)
		switch {
		case e.typ.Is(clr.TypeArgument):
			members = append(members, argumentForms...)
		case e.typ.Is(clr.TypeArgumentNull):
			members = namedForms(e.typ, e.message, members)
		case e.typ.Is(clr.TypeArgumentRange):
			members = append(namedForms(e.typ, e.message, members), clr.Line("new(string, object, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				message := withParameter(text(a[2]), text(a[0]))
				if a[1] != nil {
					message += "\nActual value was " + clr.Text(a[1]) + "."
				}
				return &clr.Exception{Type: clr.TypeArgumentRange, Message: message}
			}))
		}
		out = append(out, clr.TypeSpec{Type: e.typ, Bases: e.base, Members: members})
	}
	return out
}

// exceptionForms are the three constructors that every exception has.
func exceptionForms(t *clr.Type, message string) []clr.MemberSpec {
	if message == "" {
		message = "Exception of type '" + t.FullName() + "' was thrown."
	}
	said := func(v clr.Value) string {
		if s, ok := v.(string); ok {
			return s
		}
		return "Exception of type '" + t.FullName() + "' was thrown."
	}
	return []clr.MemberSpec{
		clr.Line("new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value {
			return &clr.Exception{Type: t, Message: message}
		}),
		clr.Line("new(string message)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return &clr.Exception{Type: t, Message: said(a[0])}
		}),
		clr.Line("new(string message, Exception innerException)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			inner, _ := a[1].(*clr.Exception)
			return &clr.Exception{Type: t, Message: said(a[0]), Inner: inner}
		}),
	}
}

func withParameter(message, name string) string {
	if name == "" {
		return message
	}
	return message + parameterMark + name
}

var argumentForms = []clr.MemberSpec{
	clr.Line("new(string message, string paramName)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return &clr.Exception{Type: clr.TypeArgument, Message: withParameter(text(a[0]), text(a[1]))}
	}),
	clr.Line("new(string message, string paramName, Exception innerException)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		inner, _ := a[2].(*clr.Exception)
		return &clr.Exception{Type: clr.TypeArgument, Message: withParameter(text(a[0]), text(a[1])), Inner: inner}
	}),
	clr.Line("string ParamName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, name, ok := strings.Cut(a[0].(*clr.Exception).Message, parameterMark)
		if name, _, _ = strings.Cut(name, "\n"); ok {
			return name
		}
		return nil
	}),
}

// namedForms are constructors whose one text names the parameter.
func namedForms(t *clr.Type, message string, forms []clr.MemberSpec) []clr.MemberSpec {
	forms[1] = clr.Line("new(string paramName)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return &clr.Exception{Type: t, Message: withParameter(message, text(a[0]))}
	})
	return append(forms, clr.Line("new(string paramName, string message)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return &clr.Exception{Type: t, Message: withParameter(text(a[1]), text(a[0]))}
	}))
}

var exceptionMembers = []clr.MemberSpec{
	clr.Line("string Message", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*clr.Exception).Message }),
	clr.Line("string StackTrace", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return "" }),
	clr.Line("string Source", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return "" }),
	clr.Line("string HelpLink", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }),
	clr.Line("Exception InnerException", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if e := a[0].(*clr.Exception).Inner; e != nil {
			return e
		}
		return nil
	}),
	clr.Line("Exception GetBaseException()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		e := a[0].(*clr.Exception)
		for e.Inner != nil {
			e = e.Inner
		}
		return e
	}),
}
