package expr

import (
	"net/url"
	"sort"
	"strings"

	"stile/policy/exchange"
)

// headerView is a header as IReadOnlyDictionary<string, string[]>.
type headerView struct{ h *exchange.Header }

func (headerView) runtimeType() *Type {
	return generic(typeReadOnlyDict, typeString, arrayOf(typeString))
}
func (headerView) pairType() *Type { return generic(typeKeyValue, typeString, arrayOf(typeString)) }
func (v headerView) size() int     { return len(v.h.Names()) }

func (v headerView) lookup(m *machine, k Value) (Value, bool) {
	name := need(m, k, "key")
	if !v.h.Has(name) {
		return nil, false
	}
	return stringArray(v.h.Values(name)), true
}

func (v headerView) pairs(m *machine, yield func(k, v Value) bool) {
	for _, n := range v.h.Names() {
		m.step()
		if !yield(n, stringArray(v.h.Values(n))) {
			return
		}
	}
}

func (v headerView) each(m *machine, yield func(Value) bool) { eachPair(m, v, yield) }

// paramsView is a query (every name with all its values) or the matched parameters
// of a template (one value each). Names are compared without regard to case.
type paramsView struct {
	list  []exchange.Param
	query bool
}

func (v paramsView) valueType() *Type {
	if v.query {
		return arrayOf(typeString)
	}
	return typeString
}

func (v paramsView) runtimeType() *Type { return generic(typeReadOnlyDict, typeString, v.valueType()) }
func (v paramsView) pairType() *Type    { return generic(typeKeyValue, typeString, v.valueType()) }

func (v paramsView) lookup(m *machine, k Value) (Value, bool) {
	name := need(m, k, "key")
	var values []string
	for _, p := range v.list {
		if strings.EqualFold(p.Name, name) {
			values = append(values, p.Value)
		}
	}
	if len(values) == 0 {
		return nil, false
	}
	if v.query {
		return stringArray(values), true
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

func (v paramsView) pairs(m *machine, yield func(k, v Value) bool) {
	for _, n := range v.names() {
		m.step()
		x, _ := v.lookup(m, n)
		if !yield(n, x) {
			return
		}
	}
}

func (v paramsView) each(m *machine, yield func(Value) bool) { eachPair(m, v, yield) }

// variablesView is context.Variables.
type variablesView struct{ ex *exchange.Exchange }

func (variablesView) runtimeType() *Type { return generic(typeReadOnlyDict, typeString, typeObject) }
func (variablesView) pairType() *Type    { return generic(typeKeyValue, typeString, typeObject) }
func (v variablesView) size() int        { return len(v.ex.Variables) }

func (v variablesView) lookup(m *machine, k Value) (Value, bool) {
	x, ok := v.ex.Variables[need(m, k, "key")]
	return normal(x), ok
}

func (v variablesView) pairs(m *machine, yield func(k, v Value) bool) {
	for _, n := range sortedKeys(v.ex.Variables) {
		m.step()
		if !yield(n, normal(v.ex.Variables[n])) {
			return
		}
	}
}

func (v variablesView) each(m *machine, yield func(Value) bool) { eachPair(m, v, yield) }

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

func (*bodyView) runtimeType() *Type { return typeBody }

// take gives the body's bytes; without preserve they are gone afterwards.
func (v *bodyView) take(m *machine, preserve bool) []byte {
	b, err := v.body.Bytes()
	if err != nil {
		m.throw(typeInvalidOperation, "The message body cannot be read: "+err.Error())
	}
	m.grow(len(b))
	if !preserve {
		v.body.Consume()
	}
	return b
}

// bodyTypes are the T of As<T>.
var bodyTypes = []*Type{typeString, typeJObject, typeJToken, typeJArray, typeObject, arrayOf(typeByte)}

var bodyMembers = []memberSpec{
	{"T As<T>(bool preserveContent = false)", func(m *machine, t []*Type, a []Value) Value {
		b := a[0].(*bodyView).take(m, truth(a[1]))
		to := t[0]
		switch {
		case to.is(typeArray):
			return append([]byte{}, b...)
		case same(to, typeString), same(to, typeObject):
			return strings.TrimPrefix(encoding("utf-8").decode(b), "\ufeff")
		}
		tok := parseJSON(m, encoding("utf-8").decode(b))
		if !typeOf(tok).derives(to) {
			m.throw(typeJSONReader, "Error reading "+to.def.name+" from JsonReader. The body holds a JSON "+strings.ToLower(jsonKindName(tok))+".")
		}
		return tok
	}},
	{"IDictionary<string,IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)", func(m *machine, _ []*Type, a []Value) Value {
		b := a[0].(*bodyView).take(m, truth(a[1]))
		d := newDict(typeString, generic(typeIList, typeString))
		for _, p := range exchange.ParseQuery(strings.TrimSpace(string(b))) {
			l, ok := d.lookup(m, p.Name)
			if !ok {
				l = &List{elem: typeString}
				d.put(m, p.Name, l)
			}
			l.(*List).items = append(l.(*List).items, p.Value)
		}
		return d
	}},
}

// valueOr is GetValueOrDefault over a read-only dictionary; several values are
// joined by commas where a string is asked for.
func valueOr(m *machine, a []Value, join bool) Value {
	if a[0] == nil {
		m.throw(typeNullReference, "Object reference not set to an instance of an object.")
	}
	v, ok := dictOf(a[0]).lookup(m, a[1])
	if !ok {
		return a[2]
	}
	if list, isArray := v.(*Array); isArray && join {
		return joined(m, ",", list)
	}
	return v
}

// formPairs writes a dictionary of lists as a query or a form.
func formPairs(m *machine, v Value) string {
	var b strings.Builder
	dictOf(v).pairs(m, func(k, list Value) bool {
		iterate(m, list, func(x Value) bool {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(text(k)) + "=" + url.QueryEscape(text(x)))
			return true
		})
		return true
	})
	return b.String()
}

var extensionMembers = []memberSpec{
	{"ext string GetValueOrDefault(IReadOnlyDictionary<string,string[]>, string headerName, string defaultValue = null)", func(m *machine, _ []*Type, a []Value) Value {
		return valueOr(m, a, true)
	}},
	{"ext string[] GetValueOrDefault(IReadOnlyDictionary<string,string[]>, string name, string[] defaultValue)", func(m *machine, _ []*Type, a []Value) Value {
		return valueOr(m, a, false)
	}},
	{"ext string GetValueOrDefault(IReadOnlyDictionary<string,string>, string name, string defaultValue = null)", func(m *machine, _ []*Type, a []Value) Value {
		return valueOr(m, a, false)
	}},
	{"ext T GetValueOrDefault<T>(IReadOnlyDictionary<string,object>, string variableName, T defaultValue = null)", func(m *machine, t []*Type, a []Value) Value {
		v, ok := dictOf(a[0]).lookup(m, a[1])
		if !ok {
			return a[2]
		}
		return castValue(m, v, typeObject, t[0])
	}},
	{"ext object GetValueOrDefault(IReadOnlyDictionary<string,object>, string variableName, object defaultValue = null)", func(m *machine, _ []*Type, a []Value) Value {
		return valueOr(m, a, false)
	}},
	{"ext string ToQueryString(IDictionary<string,IList<string>>)", func(m *machine, _ []*Type, a []Value) Value { return m.text(formPairs(m, a[0])) }},
	{"ext string ToFormUrlEncodedContent(IDictionary<string,IList<string>>)", func(m *machine, _ []*Type, a []Value) Value {
		return m.text(formPairs(m, a[0]))
	}},
	{"ext Jwt AsJwt(string)", func(m *machine, _ []*Type, a []Value) Value {
		if j, ok := ParseJWT(str(a[0])); ok {
			return j
		}
		return nil
	}},
	{"ext bool TryParseJwt(string, out Jwt)", func(_ *machine, _ []*Type, a []Value) Value {
		j, ok := ParseJWT(str(a[0]))
		out(a[1], orNull(j))
		return ok
	}},
	{"ext BasicAuthCredentials AsBasic(string)", func(_ *machine, _ []*Type, a []Value) Value {
		b, _ := parseBasic(str(a[0]))
		return orNull(b)
	}},
	{"ext bool TryParseBasic(string, out BasicAuthCredentials)", func(_ *machine, _ []*Type, a []Value) Value {
		b, ok := parseBasic(str(a[0]))
		out(a[1], orNull(b))
		return ok
	}},
	{"ext byte[] Encrypt(byte[], string alg, byte[] key, byte[] iv)", func(m *machine, _ []*Type, a []Value) Value { return cipherCBC(m, a, true) }},
	{"ext byte[] Decrypt(byte[], string alg, byte[] key, byte[] iv)", func(m *machine, _ []*Type, a []Value) Value { return cipherCBC(m, a, false) }},
}
