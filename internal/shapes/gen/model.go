package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"unicode"
)

// model is what is read of an api-2.json.
type model struct {
	Metadata struct {
		APIVersion string `json:"apiVersion"`
		ServiceID  string `json:"serviceId"`
	} `json:"metadata"`
	Operations map[string]struct {
		Output *ref `json:"output"`
	} `json:"operations"`
	Shapes map[string]modelShape `json:"shapes"`
}

type ref struct {
	Shape     string `json:"shape"`
	JSONValue bool   `json:"jsonvalue"`
}

type modelShape struct {
	Type        string         `json:"type"`
	Required    []string       `json:"required"`
	Members     map[string]ref `json:"members"`
	Member      *ref           `json:"member"`
	Value       *ref           `json:"value"`
	Enum        []string       `json:"enum"`
	Min         *float64       `json:"min"`
	Max         *float64       `json:"max"`
	Document    bool           `json:"document"`
	EventStream bool           `json:"eventstream"`
}

// service is one entry of the extract, as internal/shapes reads it.
type service struct {
	Name       string         `json:"-"`
	Version    string         `json:"version"`
	Operations map[string]int `json:"operations"`
	Shapes     []shape        `json:"shapes"`
}

// shape is one shape of the extract: see internal/shapes.
type shape struct {
	Type     string         `json:"t"`
	Members  map[string]int `json:"m,omitempty"`
	Required []string       `json:"q,omitempty"`
	Of       int            `json:"of,omitempty"`
	Enum     []string       `json:"e,omitempty"`
	Min      *float64       `json:"min,omitempty"`
	Max      *float64       `json:"max,omitempty"`
}

// kinds are the model's types in the extract's letters.
var kinds = map[string]string{
	"structure": "o", "list": "l", "map": "m", "string": "s", "timestamp": "t", "blob": "x",
	"boolean": "b", "integer": "i", "long": "i", "float": "n", "double": "n",
}

func readModel(path string, later map[string]enums) (*service, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var m model
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	x := &extractor{model: &m, byName: map[string]int{}, byText: map[string]int{},
		out: &service{Name: serviceName(m.Metadata.ServiceID), Version: m.Metadata.APIVersion, Operations: map[string]int{}}}
	x.later = later[x.out.Name]
	names := make([]string, 0, len(m.Operations))
	for name := range m.Operations {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		out := -1
		if o := m.Operations[name].Output; o != nil {
			out = x.add(*o)
		}
		x.out.Operations[name] = out
	}
	return x.out, nil
}

type extractor struct {
	model  *model
	out    *service
	later  enums
	byName map[string]int
	byText map[string]int
}

// add gives the number of a shape, which it takes over with all below it. A shape
// that holds no other is shared with its equals.
func (x *extractor) add(r ref) int {
	if r.JSONValue {
		return x.leaf(shape{Type: "*"})
	}
	if n, ok := x.byName[r.Shape]; ok {
		return n
	}
	s := x.model.Shapes[r.Shape]
	if s.Document || s.EventStream {
		return x.leaf(shape{Type: "*"})
	}
	own := shape{Type: kinds[s.Type], Min: s.Min, Max: s.Max}
	if own.Type == "" {
		own.Type = "*"
	}
	switch own.Type {
	case "s":
		if len(s.Enum) > 0 {
			own = shape{Type: "s", Enum: x.later.join(r.Shape, s.Enum)}
		}
	case "o", "l", "m":
		n := len(x.out.Shapes)
		x.byName[r.Shape] = n
		x.out.Shapes = append(x.out.Shapes, own)
		x.fill(&own, s)
		x.out.Shapes[n] = own
		return n
	}
	n := x.leaf(own)
	x.byName[r.Shape] = n
	return n
}

func (x *extractor) fill(own *shape, s modelShape) {
	switch own.Type {
	case "l":
		own.Of = x.add(*s.Member)
	case "m":
		own.Of = x.add(*s.Value)
	case "o":
		names := make([]string, 0, len(s.Members))
		for name := range s.Members {
			names = append(names, name)
		}
		slices.Sort(names)
		own.Members = map[string]int{}
		for _, name := range names {
			own.Members[memberName(name)] = x.add(s.Members[name])
		}
		for _, name := range s.Required {
			own.Required = append(own.Required, memberName(name))
		}
	}
}

func (x *extractor) leaf(s shape) int {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a shape holds only strings and numbers
	}
	if n, ok := x.byText[string(text)]; ok {
		return n
	}
	n := len(x.out.Shapes)
	x.byText[string(text)] = n
	x.out.Shapes = append(x.out.Shapes, s)
	return n
}

// serviceName gives Step Functions' name of a service: its id in small letters and
// digits alone, without Amazon or AWS before and Service behind.
func serviceName(id string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, id)
	name = strings.TrimPrefix(strings.TrimPrefix(name, "amazon"), "aws")
	return strings.TrimSuffix(name, "service")
}

// memberName gives Step Functions' name of a member: words that are written in
// capitals at its beginning keep the first alone (DBInstances: DbInstances), and
// so does a name that is a method of every Java object (Equals: EqualsValue).
func memberName(name string) string {
	r := []rune(name)
	for i := 1; i < len(r) && unicode.IsUpper(r[i]); i++ {
		if i+1 < len(r) && unicode.IsLower(r[i+1]) {
			break
		}
		r[i] = unicode.ToLower(r[i])
	}
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	if string(r) == "Equals" {
		return "EqualsValue"
	}
	return string(r)
}
