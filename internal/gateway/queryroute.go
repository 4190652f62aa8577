package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"stile/policy/exchange"
)

// queryTerm is one term of a URL template's query: name=literal, or name={param}.
// A request fits where it has the parameter, with the literal's value; names and
// literals are compared without regard to case, as the path is.
type queryTerm struct {
	name, literal, param string
}

// queryTerms reads the query of a URL template; names are the path's parameters.
func queryTerms(query string, names []string) (out []queryTerm, err error) {
	if query == "" {
		return nil, nil
	}
	taken := slices.Clone(names)
	for text := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(text, "=")
		t := queryTerm{name: queryText(name), literal: queryText(value)}
		if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
			t.literal, t.param = "", value[1:len(value)-1]
		}
		switch {
		case t.name == "" || strings.ContainsAny(t.name, "{}"):
			return nil, errors.New("a query parameter of the URL template has no name")
		case strings.ContainsAny(t.literal+t.param, "{}*") || t.param == "" && strings.HasPrefix(value, "{"):
			return nil, errors.New("the value of a query parameter in a URL template is a literal or one {parameter}")
		case t.param != "" && slices.Contains(taken, t.param):
			return nil, fmt.Errorf("the parameter {%s} stands twice", t.param)
		case slices.ContainsFunc(out, func(o queryTerm) bool { return strings.EqualFold(o.name, t.name) }):
			return nil, fmt.Errorf("the query parameter %s stands twice", t.name)
		}
		taken, out = append(taken, t.param), append(out, t)
	}
	return out, nil
}

func queryText(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// fits reports whether a request's query has all terms.
func fits(terms []queryTerm, query []exchange.Param) bool {
	for i := range terms {
		t := &terms[i]
		found := false
		for j := range query {
			if strings.EqualFold(query[j].Name, t.name) && (t.param != "" || strings.EqualFold(query[j].Value, t.literal)) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// wanted is what a request says beside its path. any takes operations whatever
// their query asks for.
type wanted struct {
	method string
	query  []exchange.Param
	any    bool
}

// methods are the operations that end at one place, by method, the most specific
// first: the one with more literals in its query, then with more terms, then the one
// that was declared first.
type methods map[string][]*operation

func (m methods) find(w wanted) *operation {
	for _, o := range m[w.method] {
		if w.any || fits(o.template.query, w.query) {
			return o
		}
	}
	return nil
}

func (m *methods) put(o *operation) error {
	if *m == nil {
		*m = methods{}
	}
	list := (*m)[o.noun.Method]
	for _, other := range list {
		if sameTerms(other.template.query, o.template.query) {
			return fmt.Errorf("operation %s has the same method and URL template", other.noun.ID)
		}
	}
	at := slices.IndexFunc(list, func(other *operation) bool { return weight(o.template.query) > weight(other.template.query) })
	if at < 0 {
		at = len(list)
	}
	(*m)[o.noun.Method] = slices.Insert(list, at, o)
	return nil
}

// weight orders queries by how much they ask for.
func weight(terms []queryTerm) int {
	n := len(terms)
	for _, t := range terms {
		if t.param == "" {
			n += 1000
		}
	}
	return n
}

// sameTerms reports whether two queries ask for the same, whatever their order and
// the names of their parameters.
func sameTerms(a, b []queryTerm) bool {
	if len(a) != len(b) {
		return false
	}
	for _, t := range a {
		if !slices.ContainsFunc(b, func(o queryTerm) bool {
			return strings.EqualFold(o.name, t.name) && strings.EqualFold(o.literal, t.literal) && (o.param == "") == (t.param == "")
		}) {
			return false
		}
	}
	return true
}

// matched gives the parameters of an operation's template with what a request has
// for them: those of the path, whose texts are still escaped, then those of the query.
func (t *template) matched(values *[maxParams]string, query []exchange.Param) []exchange.Param {
	n := len(t.names)
	for i := range t.query {
		if t.query[i].param != "" {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	out := make([]exchange.Param, 0, n)
	for i, name := range t.names {
		out = append(out, exchange.Param{Name: name, Value: unescape(values[i])})
	}
	for i := range t.query {
		if q := &t.query[i]; q.param != "" {
			value, _ := param(query, q.name)
			out = append(out, exchange.Param{Name: q.param, Value: value})
		}
	}
	return out
}
