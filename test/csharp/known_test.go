package csharp

import (
	"regexp"
	"strings"
)

// known is a difference that is meant, with its reason.
type known struct {
	why string
	// is tells by the expression, the compilers' errors (empty: legal) and, where both
	// compile, the outcomes of both.
	is func(expr, theirs, ours, value, got string) bool
}

var localFunction = regexp.MustCompile(`\b(?:void|int|short|long|string|bool|double|JObject|JArray|JToken|[\w<>\[\]]+)\s+\w+\s*\([^()]*\)\s*(?:\{|=>)`)

// newer are overloads of .NET Core that mono's class library has and the .NET
// Framework of policy expressions has not.
var newer = regexp.MustCompile(`no form of (?:Split|StartsWith|EndsWith|Contains|Trim|TrimStart|TrimEnd|Append|Join|Replace|IndexOf) takes`)

// differences are looked at in order.
var differences = []known{
	{"mono's parser has no local functions, C# 7 has", func(expr, theirs, ours, _, _ string) bool {
		return theirs != "" && ours == "" && (strings.HasPrefix(theirs, "CS1525") || strings.HasPrefix(theirs, "CS1547")) && localFunction.MatchString(expr)
	}},
	{"mono has no constant patterns and none in switch, C# 7 has", func(_, theirs, ours, _, _ string) bool {
		return ours == "" && (strings.Contains(theirs, "`pattern matching'") || strings.Contains(theirs, "type pattern matching") || strings.Contains(theirs, "Unexpected symbol `when'"))
	}},
	{"mono takes an empty list of type arguments, C# does not (CS7003)", func(expr, theirs, ours, _, _ string) bool {
		return theirs == "" && strings.Contains(expr, "<>") && strings.HasPrefix(ours, "STL-E002")
	}},
	{"the type is not on the allow-list of policy expressions", func(_, theirs, ours, _, _ string) bool {
		return theirs == "" && strings.HasPrefix(ours, "STL-E004")
	}},
	{"mono's class library has overloads of .NET Core", func(_, theirs, ours, _, _ string) bool {
		return theirs == "" && newer.MatchString(ours)
	}},
	{"reflection is not on the allow-list of policy expressions", func(_, theirs, ours, _, _ string) bool {
		return theirs == "" && (strings.Contains(ours, "GetType") || strings.Contains(ours, "typeof"))
	}},
	{"mono's parser does not cast an interpolated string", func(_, theirs, ours, _, _ string) bool {
		return ours == "" && strings.Contains(theirs, "Unexpected symbol `${'")
	}},
	{"null is a text to API Management's GetValueOrDefault, a string[] to mono", func(expr, theirs, ours, _, _ string) bool {
		return ours == "" && strings.HasPrefix(theirs, "CS0030: Cannot convert type `string[]'") && strings.Contains(expr, "GetValueOrDefault")
	}},
	{"Newtonsoft.Json 6 lacks the member", func(_, theirs, ours, _, _ string) bool {
		return ours == "" && (strings.HasPrefix(theirs, "CS1061") || strings.HasPrefix(theirs, "CS0117")) && strings.Contains(theirs, "Newtonsoft.Json")
	}},
}

// reason names a difference; empty where none is known.
func reason(expr, theirs, ours, value, got string) string {
	for _, k := range differences {
		if k.is(expr, theirs, ours, value, got) {
			return k.why
		}
	}
	return ""
}
