package library

import (
	"net/url"
	"sort"
	"strings"

	"stile/policy/exchange"
	"stile/policy/expr/clr"
	"stile/policy/expr/library/xlinq"
)

// headerView is a header as IReadOnlyDictionary<string, string[]>.
type headerView struct{ h *exchange.Header }

func (headerView) RuntimeType() *clr.Type {
	return clr.Generic(typeReadOnlyDict, clr.TypeString, clr.ArrayOf(clr.TypeString))
}
func (headerView) pairType() *clr.Type {
	return clr.Generic(clr.TypeKeyValue, clr.TypeString, clr.ArrayOf(clr.TypeString))
}
func (v headerView) size() int { return len(v.h.Names()) }

func (v headerView) lookup(m *clr.Machine, k clr.Value) (clr.Value, bool) {
	name := need(m, k, "key")
	m.Work(v.h.Len() / 32)
	if !v.h.Has(name) {
		return nil, false
	}
	return clr.StringArray(v.h.Values(name)), true
}

func (v headerView) pairs(m *clr.Machine, yield func(k, v clr.Value) bool) {
	for _, n := range v.h.Names() {
		m.Work(1 + v.h.Len()/32) // whoever calls decides how many there are
		if !yield(n, clr.StringArray(v.h.Values(n))) {
			return
		}
	}
}

func (v headerView) Each(m *clr.Machine, yield func(clr.Value) bool) { eachPair(m, v, yield) }

// paramsView is a query (every name with all its values) or the matched parameters
// of a template (one value each). Names are compared without regard to case.
type paramsView struct {
	list  []exchange.Param
	query bool
}

func (v paramsView) valueType() *clr.Type {
	if v.query {
		return clr.ArrayOf(clr.TypeString)
	}
	return clr.TypeString
}

func (v paramsView) RuntimeType() *clr.Type {
	return clr.Generic(typeReadOnlyDict, clr.TypeString, v.valueType())
}
func (v paramsView) pairType() *clr.Type {
	return clr.Generic(clr.TypeKeyValue, clr.TypeString, v.valueType())
}

func (v paramsView) lookup(m *clr.Machine, k clr.Value) (clr.Value, bool) {
	name := need(m, k, "key")
	var values []string
	m.Work(len(v.list) / 32)
	for _, p := range v.list {
		if strings.EqualFold(p.Name, name) {
			values = append(values, p.Value)
		}
	}
	if len(values) == 0 {
		return nil, false
	}
	if v.query {
		return clr.StringArray(values), true
	}
	return values[0], true
}

func (v paramsView) names() []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range v.list {
		if f := strings.ToLower(p.Name); !seen[f] {
			seen[f] = true
			out = append(out, p.Name)
		}
	}
	return out
}

func (v paramsView) size() int { return len(v.names()) }

func (v paramsView) pairs(m *clr.Machine, yield func(k, v clr.Value) bool) {
	for _, n := range v.names() {
		m.Step()
		x, _ := v.lookup(m, n)
		if !yield(n, x) {
			return
		}
	}
}

func (v paramsView) Each(m *clr.Machine, yield func(clr.Value) bool) { eachPair(m, v, yield) }

// variablesView is context.Variables.
type variablesView struct{ ex *exchange.Exchange }

func (variablesView) RuntimeType() *clr.Type {
	return clr.Generic(typeReadOnlyDict, clr.TypeString, clr.TypeObject)
}
func (variablesView) pairType() *clr.Type {
	return clr.Generic(clr.TypeKeyValue, clr.TypeString, clr.TypeObject)
}
func (v variablesView) size() int { return len(v.ex.Variables) }

func (v variablesView) lookup(m *clr.Machine, k clr.Value) (clr.Value, bool) {
	x, ok := v.ex.Variables[need(m, k, "key")]
	return clr.Normal(x), ok
}

func (v variablesView) pairs(m *clr.Machine, yield func(k, v clr.Value) bool) {
	for _, n := range sortedKeys(v.ex.Variables) {
		m.Step()
		if !yield(n, clr.Normal(v.ex.Variables[n])) {
			return
		}
	}
}

func (v variablesView) Each(m *clr.Machine, yield func(clr.Value) bool) { eachPair(m, v, yield) }

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// bodyView is IMessageBody.
type bodyView struct {
	body   *exchange.Body
	header *exchange.Header
}

func (*bodyView) RuntimeType() *clr.Type { return TypeBody }

// take gives the body's bytes; without preserve they are gone afterwards.
func (v *bodyView) take(m *clr.Machine, preserve bool) []byte {
	b, err := v.body.Bytes()
	if err != nil {
		m.Throw(clr.TypeInvalidOperation, "The message body cannot be read: "+err.Error())
	}
	m.Grow(len(b))
	if !preserve {
		v.body.Consume()
	}
	return b
}

// BodyTypes are the T of Body.As<T>.
var BodyTypes = append([]*clr.Type{clr.TypeString, TypeJObject, TypeJToken, typeJArray, clr.TypeObject, clr.ArrayOf(clr.TypeByte)},
	xlinq.BodyTypes()...)

var bodyMembers = []memberSpec{
	{"T As<T>(bool preserveContent = false)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		b := a[0].(*bodyView).take(m, truth(a[1]))
		to := t[0]
		switch {
		case to.Is(clr.TypeArray):
			return append([]byte{}, b...)
		case clr.Same(to, clr.TypeString), clr.Same(to, clr.TypeObject):
			return strings.TrimPrefix(encoding("utf-8").decode(b), "\ufeff")
		}
		if x, ok := xlinq.ReadBody(m, encoding("utf-8").decode(b), to); ok {
			return x
		}
		tok := parseJSON(m, encoding("utf-8").decode(b))
		if !clr.TypeOf(tok).Derives(to) {
			m.Throw(clr.TypeJSONReader, "Error reading "+to.Def.Name+" from JsonReader. The body holds a JSON "+strings.ToLower(jsonKindName(tok))+".")
		}
		return tok
	}},
	{"IDictionary<string,IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		b := a[0].(*bodyView).take(m, truth(a[1]))
		d := newDict(clr.TypeString, clr.Generic(typeIList, clr.TypeString))
		for _, p := range exchange.ParseQuery(strings.TrimSpace(string(b))) {
			l, ok := d.lookup(m, p.Name)
			if !ok {
				l = &clr.List{Elem: clr.TypeString}
				d.put(m, p.Name, l)
			}
			l.(*clr.List).Items = append(l.(*clr.List).Items, p.Value)
		}
		return d
	}},
}

// valueOr is GetValueOrDefault over a read-only dictionary; several values are
// joined by commas where a string is asked for.
func valueOr(m *clr.Machine, a []clr.Value, join bool) clr.Value {
	if a[0] == nil {
		m.Throw(clr.TypeNullReference, "Object reference not set to an instance of an object.")
	}
	v, ok := dictOf(a[0]).lookup(m, a[1])
	if !ok {
		return a[2]
	}
	if list, isArray := v.(*clr.Array); isArray && join {
		return joined(m, ",", list)
	}
	return v
}

// formPairs writes a dictionary of lists as a query or a form.
func formPairs(m *clr.Machine, v clr.Value) string {
	var b strings.Builder
	dictOf(v).pairs(m, func(k, list clr.Value) bool {
		clr.Iterate(m, list, func(x clr.Value) bool {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(clr.Text(k)) + "=" + url.QueryEscape(clr.Text(x)))
			return true
		})
		return true
	})
	return b.String()
}

var extensionMembers = []memberSpec{
	{"ext string GetValueOrDefault(IReadOnlyDictionary<string,string[]>, string headerName, string defaultValue = null)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return valueOr(m, a, true)
	}},
	{"ext string[] GetValueOrDefault(IReadOnlyDictionary<string,string[]>, string name, string[] defaultValue)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return valueOr(m, a, false)
	}},
	{"ext string GetValueOrDefault(IReadOnlyDictionary<string,string>, string name, string defaultValue = null)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return valueOr(m, a, false)
	}},
	{"ext T GetValueOrDefault<T>(IReadOnlyDictionary<string,object>, string variableName, T defaultValue = null)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		v, ok := dictOf(a[0]).lookup(m, a[1])
		if !ok {
			return a[2]
		}
		return CastValue(m, v, clr.TypeObject, t[0])
	}},
	{"ext object GetValueOrDefault(IReadOnlyDictionary<string,object>, string variableName, object defaultValue = null)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return valueOr(m, a, false)
	}},
	{"ext string ToQueryString(IDictionary<string,IList<string>>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(formPairs(m, a[0])) }},
	{"ext string ToFormUrlEncodedContent(IDictionary<string,IList<string>>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(formPairs(m, a[0]))
	}},
	{"ext Jwt AsJwt(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if j, ok := ParseJWT(str(a[0])); ok {
			return j
		}
		return nil
	}},
	{"ext bool TryParseJwt(string, out Jwt)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		j, ok := ParseJWT(str(a[0]))
		out(a[1], orNull(j))
		return ok
	}},
	{"ext BasicAuthCredentials AsBasic(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		b, _ := parseBasic(str(a[0]))
		return orNull(b)
	}},
	{"ext bool TryParseBasic(string, out BasicAuthCredentials)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		b, ok := parseBasic(str(a[0]))
		out(a[1], orNull(b))
		return ok
	}},
}
