package asl

import (
	"slices"
	"strings"

	"stile/diag"
)

// NamedValuePlace is a literal string of a definition with {{Name}} in it, where it
// would be resolved; Offset is the string's in the source.
type NamedValuePlace struct {
	State, Name string
	Offset      int
}

// NamedValuePlaces lists the references that the Tasks of a definition have, in the
// order of the text; nil where it is no JSON. States and names are those of the
// Program's Task.NamedValues.
func NamedValuePlaces(src *diag.Source) []NamedValuePlace {
	root, err := parseNodes(src)
	if err != nil {
		return nil
	}
	var out []NamedValuePlace
	root.namedValues(&out)
	slices.SortStableFunc(out, func(a, b NamedValuePlace) int { return a.Offset - b.Offset })
	return out
}

// namedValues looks into the states of a body, and into theirs.
func (n *node) namedValues(out *[]NamedValuePlace) {
	states := n.get("States")
	if states == nil {
		return
	}
	for _, m := range states.members {
		p := m.value.get("Parameters")
		inJSONata := p == nil
		if inJSONata {
			p = m.value.get("Arguments")
		}
		if r := m.value.get("Resource"); r != nil && p != nil {
			if t := integrationARN.FindStringSubmatch(r.text); t != nil && t[1] == "" && t[3] == "invoke" && (t[2] == "http" || t[2] == "apigateway") {
				for _, field := range namedValueFields {
					if f := p.get(field); f != nil {
						f.literals(m.name, inJSONata, out)
					}
				}
			}
		}
		for _, body := range []string{"ItemProcessor", "Iterator"} {
			if b := m.value.get(body); b != nil {
				b.namedValues(out)
			}
		}
		if b := m.value.get("Branches"); b != nil {
			for _, item := range b.items {
				item.namedValues(out)
			}
		}
	}
}

// literals adds the references of every string that is no expression.
func (n *node) literals(state string, inJSONata bool, out *[]NamedValuePlace) {
	if inJSONata && isQuery(n.text) {
		return
	}
	EachNamedValue(n.text, func(_ int, name string) bool {
		*out = append(*out, NamedValuePlace{state, name, n.offset})
		return true
	})
	for _, item := range n.items {
		item.literals(state, inJSONata, out)
	}
	for _, m := range n.members {
		if inJSONata || !strings.HasSuffix(m.name, ".$") {
			m.value.literals(state, inJSONata, out)
		}
	}
}
