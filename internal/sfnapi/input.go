package sfnapi

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"stile/internal/sfn"
	"stile/jsonval"
)

// input reads the members of one JSON object and collects every constraint that
// they break, in the order in which they are read.
type input struct {
	value  jsonval.Value
	path   string // "" at the top, else "loggingConfiguration."
	faults *faults
}

// faults of one request: those of the JSON types come before all constraints.
type faults struct {
	types       []string
	constraints []string
}

// text are the constraints of a string member (Smithy's traits in the service model).
type text struct {
	required  bool
	min, max  int // in UTF-16 units; max 0: none
	bytes     bool
	enum      []string
	sensitive bool // its value never stands in a message
	ascii     bool
	// matches is the regular expression that pattern is the text of; nil: none.
	matches func(string) bool
	pattern string
}

// The shapes of the service model that several actions share.
var (
	arnShape       = text{required: true, min: 1, max: 256}
	nameShape      = text{required: true, min: 1, max: 80}
	definition     = text{required: true, min: 1, max: 1 << 20, sensitive: true}
	data           = text{max: 262144, bytes: true, sensitive: true}
	errorShape     = text{max: 256, sensitive: true}
	causeShape     = text{max: 32768, sensitive: true}
	taskTokenShape = text{required: true, min: 1, max: 2048}
	pageToken      = text{min: 1, max: 1024}
	includedData   = text{enum: []string{"ALL_DATA", "METADATA_ONLY"}}
)

func (c text) optional() text { c.required = false; return c }

// check gives the one error of all that was read so far, nil for none.
func (in *input) check() error {
	f := in.faults
	if len(f.types) > 0 {
		return serialization(f.types[0])
	}
	if n := len(f.constraints); n > 0 {
		s := ""
		if n > 1 {
			s = "s"
		}
		return &sfn.Error{Code: "ValidationException",
			Message: fmt.Sprintf("%d validation error%s detected: %s", n, s, strings.Join(f.constraints, "; "))}
	}
	return nil
}

func (in *input) broken(name, value, constraint string) {
	in.faults.constraints = append(in.faults.constraints,
		"Value"+value+" at '"+in.path+name+"' failed to satisfy constraint: Member must "+constraint)
}

// member gives a member that is neither absent nor null and has one of kinds.
func (in *input) member(name, want string, kinds ...jsonval.Kind) (jsonval.Value, bool) {
	v := in.value.Get(name)
	if !v.Exists() || v.IsNull() {
		return v, false
	}
	for _, k := range kinds {
		if v.Kind() == k {
			return v, true
		}
	}
	in.faults.types = append(in.faults.types, wireKind(v)+" can not be converted to "+want)
	return v, false
}

// wireKind is the token name that AWS's parser prints in type faults.
func wireKind(v jsonval.Value) string {
	switch v.Kind() {
	case jsonval.String:
		return "STRING_VALUE"
	case jsonval.Number:
		return "NUMBER_VALUE"
	case jsonval.True:
		return "TRUE_VALUE"
	case jsonval.False:
		return "FALSE_VALUE"
	case jsonval.ArrayKind:
		return "START_ARRAY"
	}
	return "START_OBJECT"
}

// text reads a string member; ok is false where it is absent or null.
func (in *input) text(name string, c text) (s string, ok bool) {
	v, ok := in.member(name, "a String", jsonval.String)
	if !ok {
		if c.required {
			in.missing(name)
		}
		return "", false
	}
	s, _ = v.Str()
	shown := ""
	if !c.sensitive {
		shown = " '" + s + "'"
	}
	n := utf16Len(s)
	if c.bytes {
		n = len(s)
	}
	if n < c.min {
		in.broken(name, shown, "have length greater than or equal to "+strconv.Itoa(c.min))
	}
	if c.max > 0 && n > c.max {
		in.broken(name, shown, "have length less than or equal to "+strconv.Itoa(c.max))
	}
	if c.enum != nil && !contains(c.enum, s) {
		in.broken(name, shown, "satisfy enum value set: ["+strings.Join(c.enum, ", ")+"]")
	}
	if c.ascii && !isASCII(s) {
		in.broken(name, shown, `satisfy regular expression pattern: \p{ASCII}*`)
	}
	if c.matches != nil && s != "" && !c.matches(s) {
		in.broken(name, shown, "satisfy regular expression pattern: "+c.pattern)
	}
	return s, true
}

// optional reads a string member that may be absent, as "" then.
func (in *input) optional(name string, c text) string {
	s, _ := in.text(name, c.optional())
	return s
}

// required reads a string member that must be there.
func (in *input) required(name string, c text) string {
	s, _ := in.text(name, c)
	return s
}

func (in *input) missing(name string) { in.broken(name, " null", "not be null") }

// integer reads a whole number within [low, high]; 0 where it is absent.
func (in *input) integer(name string, low, high int64) int {
	v, ok := in.member(name, "an Integer", jsonval.Number)
	if !ok {
		return 0
	}
	n, ok := v.Int()
	if !ok {
		in.faults.types = append(in.faults.types, "NUMBER_VALUE can not be converted to an Integer")
		return 0
	}
	if n > high {
		in.broken(name, " '"+v.Text()+"'", "have value less than or equal to "+strconv.FormatInt(high, 10))
	}
	if n < low {
		in.broken(name, " '"+v.Text()+"'", "have value greater than or equal to "+strconv.FormatInt(low, 10))
	}
	return int(n)
}

// flag reads a boolean; otherwise is its value where it is absent.
func (in *input) flag(name string, otherwise bool) bool {
	v, ok := in.member(name, "a Boolean", jsonval.True, jsonval.False)
	if !ok {
		return otherwise
	}
	return v.Bool()
}

// object reads a structure; nil where it is absent.
func (in *input) object(name string) *input {
	v, ok := in.member(name, "a structure", jsonval.ObjectKind)
	if !ok {
		return nil
	}
	return &input{value: v, path: in.path + name + ".", faults: in.faults}
}

// list reads the structures of a list; ok is false where it is absent.
func (in *input) list(name string) (items []*input, ok bool) {
	v, ok := in.member(name, "a list", jsonval.ArrayKind)
	if !ok {
		return nil, false
	}
	for i, item := range v.Items() {
		if item.Kind() != jsonval.ObjectKind {
			in.faults.types = append(in.faults.types, wireKind(item)+" can not be converted to a structure")
			continue
		}
		// The model's paths count from 1.
		path := in.path + name + "." + strconv.Itoa(i+1) + ".member."
		items = append(items, &input{value: item, path: path, faults: in.faults})
	}
	return items, true
}

// texts reads a list of strings; ok is false where it is absent.
func (in *input) texts(name string, c text) (list []string, ok bool) {
	v, ok := in.member(name, "a list", jsonval.ArrayKind)
	if !ok {
		return nil, false
	}
	for i, item := range v.Items() {
		var o jsonval.Object
		one := &input{value: o.Add("member", item).Value(), path: in.path + name + "." + strconv.Itoa(i+1) + ".", faults: in.faults}
		list = append(list, one.required("member", c))
	}
	return list, true
}

// page reads maxResults and nextToken.
func (in *input) page(token text) sfn.Page {
	return sfn.Page{Max: in.integer("maxResults", 0, 1000), Token: in.optional("nextToken", token)}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x10000 {
			n++
		}
	}
	return n
}
