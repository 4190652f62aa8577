package eventsapi

import (
	"fmt"
	"regexp"
	"slices"
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
	path   string // "" at the top, else "authParameters."
	faults *faults
}

// faults of one request: those of the JSON types come before all constraints.
type faults struct{ types, constraints []string }

// text are the constraints of a string member in the service model.
type text struct {
	required  bool
	min, max  int // in characters; max 0: none
	enum      []string
	sensitive bool // its value never stands in a message
	pattern   *regexp.Regexp
	shown     string // the pattern as the model has it
}

// shape is a text with a pattern, which in the model's form stands in messages.
func shape(min, max int, pattern string) text {
	return text{min: min, max: max, pattern: regexp.MustCompile(`^(?:` + pattern + `)$`), shown: pattern}
}

func (c text) must() text   { c.required = true; return c }
func (c text) hidden() text { c.sensitive = true; return c }

// check gives the one error of all that was read so far, nil for none.
func (in *input) check() error {
	f := in.faults
	if len(f.types) > 0 {
		return serialization(f.types[0])
	}
	n := len(f.constraints)
	if n == 0 {
		return nil
	}
	s := ""
	if n > 1 {
		s = "s"
	}
	return &sfn.Error{Code: "ValidationException",
		Message: fmt.Sprintf("%d validation error%s detected: %s", n, s, strings.Join(f.constraints, "; "))}
}

// broken notes a constraint; in messages the names of members begin in lower case.
func (in *input) broken(name, value, constraint string) {
	in.faults.constraints = append(in.faults.constraints,
		"Value"+value+" at '"+in.path+lower(name)+"' failed to satisfy constraint: Member must "+constraint)
}

func lower(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// member gives a member that is neither absent nor null and has one of kinds.
func (in *input) member(name, want string, kinds ...jsonval.Kind) (jsonval.Value, bool) {
	v := in.value.Get(name)
	if !v.Exists() || v.IsNull() {
		return v, false
	}
	if slices.Contains(kinds, v.Kind()) {
		return v, true
	}
	in.faults.types = append(in.faults.types, name+" can not be converted to "+want)
	return v, false
}

// text reads a string member; nil where it is absent.
func (in *input) text(name string, c text) *string {
	v, ok := in.member(name, "a String", jsonval.String)
	if !ok {
		if c.required {
			in.broken(name, " null", "not be null")
		}
		return nil
	}
	s, _ := v.Str()
	shown := ""
	if !c.sensitive {
		shown = " '" + s + "'"
	}
	n := utf8.RuneCountInString(s)
	if n < c.min {
		in.broken(name, shown, "have length greater than or equal to "+strconv.Itoa(c.min))
	}
	if c.max > 0 && n > c.max {
		in.broken(name, shown, "have length less than or equal to "+strconv.Itoa(c.max))
	}
	if c.enum != nil && !slices.Contains(c.enum, s) {
		in.broken(name, shown, "satisfy enum value set: ["+strings.Join(c.enum, ", ")+"]")
	}
	if c.pattern != nil && n >= c.min && s != "" && !c.pattern.MatchString(s) {
		in.broken(name, shown, "satisfy regular expression pattern: "+c.shown)
	}
	return &s
}

// or reads a string member, "" where it is absent.
func (in *input) or(name string, c text) string {
	if s := in.text(name, c); s != nil {
		return *s
	}
	return ""
}

// integer reads a whole number within [low, high]; 0 where it is absent.
func (in *input) integer(name string, low, high int64) int {
	v, ok := in.member(name, "an Integer", jsonval.Number)
	if !ok {
		return 0
	}
	n, ok := v.Int()
	switch {
	case !ok:
		in.faults.types = append(in.faults.types, name+" can not be converted to an Integer")
	case n > high:
		in.broken(name, " '"+v.Text()+"'", "have value less than or equal to "+strconv.FormatInt(high, 10))
	case n < low:
		in.broken(name, " '"+v.Text()+"'", "have value greater than or equal to "+strconv.FormatInt(low, 10))
	}
	return int(n)
}

// flag reads a boolean; false where it is absent.
func (in *input) flag(name string) bool {
	v, ok := in.member(name, "a Boolean", jsonval.True, jsonval.False)
	return ok && v.Bool()
}

// object reads a structure; nil where it is absent.
func (in *input) object(name string, required bool) *input {
	v, ok := in.member(name, "a structure", jsonval.ObjectKind)
	if !ok {
		if required {
			in.broken(name, " null", "not be null")
		}
		return nil
	}
	return &input{value: v, path: in.path + lower(name) + ".", faults: in.faults}
}

// list reads the structures of a list of at most most.
func (in *input) list(name string, most int) (items []*input) {
	v, ok := in.member(name, "a list", jsonval.ArrayKind)
	if !ok {
		return nil
	}
	if v.Len() > most {
		in.broken(name, "", "have length less than or equal to "+strconv.Itoa(most))
		return nil
	}
	for i, item := range v.Items() {
		if item.Kind() != jsonval.ObjectKind {
			in.faults.types = append(in.faults.types, name+" can not be converted to a list of structures")
			continue
		}
		// The model's paths count from 1.
		items = append(items, &input{value: item, path: in.path + lower(name) + "." + strconv.Itoa(i+1) + ".member.", faults: in.faults})
	}
	return items
}
