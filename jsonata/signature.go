package jsonata

import (
	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

var transformSignature = &syntax.Signature{Text: "<(oa):o>", Params: []syntax.Param{{Type: '(', Kinds: "oa", Missing: true}}}

// symbol is the letter that a signature has for a value; m for a missing one.
func symbol(v value.Value) byte {
	return "mlbnsaof"[v.Kind()]
}

// validate checks arguments against a signature and gives them as the function
// takes them: the context where an argument is missing, an array where one is asked
// for and a single value was given.
func validate(sig *syntax.Signature, args []value.Value, context value.Value) ([]value.Value, error) {
	var room [8]byte
	symbols := room[:0]
	for i := range args {
		symbols = append(symbols, symbol(args[i]))
	}
	m := matcher{params: sig.Params, symbols: symbols, anchored: true}
	taken, ok := m.run()
	if !ok {
		return nil, mismatch(sig, args, symbols)
	}
	out := make([]value.Value, 0, max(len(sig.Params), len(args)))
	at := 0
	argument := func() value.Value {
		if at < len(args) {
			return args[at]
		}
		return value.Undefined
	}
	for i := range sig.Params {
		p := &sig.Params[i]
		if taken[i] == 0 {
			if !p.Context {
				out = append(out, argument())
				at++
				continue
			}
			if !p.Takes(symbol(context)) {
				return nil, &Error{Code: "T0411", Value: context, Index: at + 1}
			}
			out = append(out, context)
			continue
		}
		match := symbols[at : at+taken[i]]
		for range taken[i] {
			arg := argument()
			if p.Type == 'a' && symbols[at] != 'm' {
				if !itemsFit(p, match, symbols[at], arg) {
					return nil, &Error{Code: "T0412", Value: arg, Index: at + 1, Type: plurals[p.Subtype]}
				}
				if symbols[at] != 'a' {
					arg = value.OfItems(arg)
				}
			}
			out = append(out, arg)
			at++
		}
	}
	return out, nil
}

// plurals names what an array must hold.
var plurals = map[string]string{"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}

// itemsFit checks what stands in < > behind an array.
func itemsFit(p *syntax.Param, match []byte, kind byte, arg value.Value) bool {
	if p.Subtype == "" {
		return true
	}
	if kind != 'a' {
		return string(match) == p.Subtype
	}
	items := arg.Items()
	for i := range items {
		if symbol(items[i]) != p.Subtype[0] {
			return false
		}
	}
	return true
}

// mismatch finds the argument that the signature does not take.
func mismatch(sig *syntax.Signature, args []value.Value, symbols []byte) error {
	good := 0
	for n := 1; n <= len(sig.Params); n++ {
		m := matcher{params: sig.Params[:n], symbols: symbols}
		taken, ok := m.run()
		if !ok {
			break
		}
		good = 0
		for _, t := range taken {
			good += t
		}
	}
	fault := &Error{Code: "T0410", Index: good + 1}
	if good < len(args) {
		fault.Value = args[good]
	}
	return fault
}

// matcher lays a signature's parameters over the arguments' symbols as a regular
// expression would: each takes one, an optional one none rather than fail, a
// repeated one as many as it can.
type matcher struct {
	params   []syntax.Param
	symbols  []byte
	anchored bool // all symbols must be taken
	taken    []int
	failed   []bool // by parameter and symbol: known not to match from there
}

func (m *matcher) run() ([]int, bool) {
	m.taken = make([]int, len(m.params))
	if m.simple() {
		return m.taken, true
	}
	m.failed = make([]bool, (len(m.params)+1)*(len(m.symbols)+1))
	return m.taken, m.from(0, 0)
}

// simple is the case of one fitting argument for each parameter.
func (m *matcher) simple() bool {
	if len(m.params) != len(m.symbols) {
		return false
	}
	for i := range m.params {
		if m.params[i].Repeated || !m.params[i].Takes(m.symbols[i]) {
			return false
		}
		m.taken[i] = 1
	}
	return true
}

func (m *matcher) from(param, at int) bool {
	if param == len(m.params) {
		return !m.anchored || at == len(m.symbols)
	}
	slot := param*(len(m.symbols)+1) + at
	if m.failed[slot] {
		return false
	}
	p := &m.params[param]
	most := 0
	for at+most < len(m.symbols) && p.Takes(m.symbols[at+most]) && (most == 0 || p.Repeated) {
		most++
	}
	least := 1
	if p.Optional {
		least = 0
	}
	for n := most; n >= least; n-- {
		m.taken[param] = n
		if m.from(param+1, at+n) {
			return true
		}
	}
	m.failed[slot] = true
	return false
}
