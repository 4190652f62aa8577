package asl

import (
	"strings"

	"stile/jsonval"
)

// Text says a rule's condition in one line for people, such as
// "$.amount > 500" or "$.a is present and not $.b == \"x\"": comparisons by their
// sign, all else by the operator's name. It is for pictures and messages, not to
// be parsed.
func (r Rule) Text() string { return conditionText(r.cond, false) }

func conditionText(c condition, nested bool) string {
	var text string
	switch c := c.(type) {
	case allOf:
		text = joinConditions(c, " and ")
	case anyOf:
		text = joinConditions(c, " or ")
	case notOf:
		return "not " + conditionText(c.c, true)
	case *test:
		return c.text()
	case *queryTest:
		return c.text()
	}
	if nested {
		return "(" + text + ")"
	}
	return text
}

func joinConditions(list []condition, word string) string {
	parts := make([]string, len(list))
	for i, c := range list {
		parts[i] = conditionText(c, true)
	}
	return strings.Join(parts, word)
}

func (q *queryTest) text() string {
	if q.condition.query == nil {
		return q.condition.literal.Text()
	}
	return strings.Join(strings.Fields(q.condition.query.text), " ")
}

func (t *test) text() string {
	variable := t.variable.Text()
	if what, ok := strings.CutPrefix(t.op.name, "Is"); ok {
		is := " is "
		if !t.literal.Bool() {
			is = " is not "
		}
		return variable + is + strings.ToLower(what)
	}
	right := t.literal.Text()
	if t.path != nil {
		right = t.path.Text()
	} else if t.op.want == wantTimestamp && t.literal.Kind() == jsonval.String {
		right, _ = t.literal.Str()
	}
	return variable + " " + comparisonSign(t.op.name) + " " + right
}

// comparisonSign gives a comparison's sign by the end of its operator's name.
func comparisonSign(name string) string {
	for _, s := range []struct{ end, sign string }{
		{"LessThanEquals", "<="}, {"GreaterThanEquals", ">="}, {"LessThan", "<"}, {"GreaterThan", ">"},
		{"Equals", "=="}, {"Matches", "matches"},
	} {
		if strings.HasSuffix(name, s.end) {
			return s.sign
		}
	}
	return name
}
