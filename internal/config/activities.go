package config

import (
	"slices"
	"unicode/utf8"

	"stile/internal/config/doctree"
)

// Activity is one entry of activities: a queue of Tasks for workers, by its name.
type Activity struct {
	Name         string
	Line, Column int
}

func (r *reader) activity(n *doctree.Node) {
	a := Activity{Line: n.Line, Column: n.Column}
	r.NonEmpty(&a.Name)(n)
	if a.Name == "" {
		return
	}
	if utf8.RuneCountInString(a.Name) > 80 || !LegalActivity(a.Name) {
		r.Fault(n, doctree.CodeValue, "this is not the name of an activity", "use up to 80 letters, digits, - and _")
	}
	if slices.ContainsFunc(r.cfg.Activities, func(o Activity) bool { return o.Name == a.Name }) {
		r.Fault(n, doctree.CodeDuplicate, "the activity "+a.Name+" stands here twice", "remove one of the entries")
	}
	r.cfg.Activities = append(r.cfg.Activities, a)
}

// LegalActivity reports whether a name may stand in stile.yaml: letters, digits and
// - _ . of those that Step Functions takes.
func LegalActivity(name string) bool {
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return name != ""
}
