package jsonpath

import (
	"math/big"
	"regexp"
	"strings"

	"stile/jsonval"
)

// filter is a compiled condition of [?( … )].
type filter interface {
	accepts(e *evaluator, at jsonval.Value) (bool, error)
}

func (e *evaluator) accepts(f filter, at jsonval.Value) (bool, error) {
	if err := e.spend(at); err != nil {
		return false, err
	}
	return f.accepts(e, at)
}

type (
	orFilter  []filter
	andFilter []filter
	notFilter struct{ f filter }
	// existsFilter is a path alone: true where it finds something.
	existsFilter  struct{ v operand }
	compareFilter struct {
		op          string
		left, right operand
	}
	matchFilter struct {
		left operand
		re   *regexp.Regexp
	}
)

func (f orFilter) accepts(e *evaluator, at jsonval.Value) (bool, error) {
	for _, x := range f {
		if ok, err := e.accepts(x, at); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (f andFilter) accepts(e *evaluator, at jsonval.Value) (bool, error) {
	for _, x := range f {
		if ok, err := e.accepts(x, at); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (f notFilter) accepts(e *evaluator, at jsonval.Value) (bool, error) {
	ok, err := e.accepts(f.f, at)
	return !ok, err
}

func (f existsFilter) accepts(e *evaluator, at jsonval.Value) (bool, error) {
	v, err := f.v.eval(e, at)
	if err != nil || !v.Exists() {
		return false, err
	}
	return f.v.definite || v.Len() > 0, nil
}

func (f matchFilter) accepts(e *evaluator, at jsonval.Value) (bool, error) {
	v, err := f.left.eval(e, at)
	if err != nil {
		return false, err
	}
	s, ok := v.Str()
	if !ok && v.Kind() == jsonval.Number {
		s, ok = v.Text(), true
	}
	return ok && f.re.MatchString(s), nil
}

// operand is a literal, or a path from the current node or from the root.
type operand struct {
	literal  jsonval.Value
	path     []segment // not nil for a path, even for "@"
	definite bool
	fromRoot bool
	id       int // of an operand from the root, within its path
}

// eval gives the zero Value where a path finds nothing.
func (o *operand) eval(e *evaluator, at jsonval.Value) (jsonval.Value, error) {
	if o.path == nil {
		return o.literal, nil
	}
	if o.fromRoot {
		return o.evalRoot(e)
	}
	return o.find(e, at)
}

func (o *operand) evalRoot(e *evaluator) (jsonval.Value, error) {
	f, ok := e.fromRoot[o.id]
	if !ok {
		f.v, f.err = o.find(e, e.root)
		if e.fromRoot == nil {
			e.fromRoot = map[int]found{}
		}
		e.fromRoot[o.id] = f
	}
	return f.v, f.err
}

func (o *operand) find(e *evaluator, at jsonval.Value) (jsonval.Value, error) {
	v, err := e.path(o.path, o.definite, at)
	if _, missing := err.(*NotFound); missing {
		return jsonval.Value{}, nil
	}
	return v, err
}

func (f compareFilter) accepts(e *evaluator, at jsonval.Value) (bool, error) {
	l, err := f.left.eval(e, at)
	if err != nil {
		return false, err
	}
	r, err := f.right.eval(e, at)
	if err != nil {
		return false, err
	}
	if l.Kind() == jsonval.ArrayKind && r.Kind() == jsonval.ArrayKind {
		// The list operators compare each item with each.
		if e.budget -= l.Len() * r.Len() / 16; e.budget < 0 {
			return false, &LimitError{"the path compares too long lists"}
		}
	}
	return compare(f.op, l, r), nil
}

func compare(op string, l, r jsonval.Value) bool {
	switch op {
	case "==":
		return looseEqual(l, r)
	case "!=":
		return !looseEqual(l, r)
	case "===":
		return l.Exists() && sameKind(l, r) && jsonval.Equal(l, r)
	case "!==":
		return !(l.Exists() && sameKind(l, r) && jsonval.Equal(l, r))
	case "<", "<=", ">", ">=":
		c, ok := order(l, r)
		switch {
		case !ok:
			return false
		case op == "<":
			return c < 0
		case op == "<=":
			return c <= 0
		case op == ">":
			return c > 0
		}
		return c >= 0
	case "empty":
		want := r.Bool()
		return l.Exists() && isEmpty(l) == want && hasSize(l)
	case "size":
		n, ok := r.Int()
		return ok && hasSize(l) && int64(size(l)) == n
	}
	return compareSets(op, l, r)
}

// compareSets holds the operators over lists.
func compareSets(op string, l, r jsonval.Value) bool {
	switch op {
	case "in":
		return l.Exists() && member(r, l)
	case "nin":
		return !l.Exists() || !member(r, l)
	case "contains":
		if s, ok := l.Str(); ok {
			sub, isText := r.Str()
			return isText && strings.Contains(s, sub)
		}
		return member(l, r)
	case "subsetof":
		return l.Kind() == jsonval.ArrayKind && count(l, r) == l.Len()
	case "anyof":
		return l.Kind() == jsonval.ArrayKind && count(l, r) > 0
	case "noneof":
		return l.Kind() == jsonval.ArrayKind && count(l, r) == 0
	}
	return false
}

func member(list, x jsonval.Value) bool {
	found := false
	list.EachItem(func(m jsonval.Value) bool {
		found = looseEqual(m, x)
		return !found
	})
	return found
}

// count tells how many items of l are in r.
func count(l, r jsonval.Value) int {
	n := 0
	l.EachItem(func(m jsonval.Value) bool {
		if member(r, m) {
			n++
		}
		return true
	})
	return n
}

func hasSize(v jsonval.Value) bool {
	k := v.Kind()
	return k == jsonval.String || k == jsonval.ArrayKind || k == jsonval.ObjectKind
}

func size(v jsonval.Value) int {
	if s, ok := v.Str(); ok {
		return len([]rune(s))
	}
	return v.Len()
}

func isEmpty(v jsonval.Value) bool { return hasSize(v) && size(v) == 0 }

func sameKind(l, r jsonval.Value) bool {
	return l.Kind() == r.Kind()
}

// looseEqual compares a number with a numeric text by value, as Jayway does.
func looseEqual(l, r jsonval.Value) bool {
	if !l.Exists() || !r.Exists() {
		return false
	}
	lk, rk := l.Kind(), r.Kind()
	if lk == jsonval.Number && rk == jsonval.String || lk == jsonval.String && rk == jsonval.Number {
		x, ok1 := number(l)
		y, ok2 := number(r)
		return ok1 && ok2 && x.Cmp(y) == 0
	}
	return jsonval.Equal(l, r)
}

// number reads a number, or a text that is one, within float64's exponents.
func number(v jsonval.Value) (*big.Float, bool) {
	text := v.Text()
	if s, ok := v.Str(); ok {
		text = s
	}
	n, err := jsonval.ParseString(text)
	if err != nil || n.Kind() != jsonval.Number {
		return nil, false
	}
	if _, ok := n.Float(); !ok {
		return nil, false
	}
	f, _, err := big.ParseFloat(text, 10, 128, big.ToNearestEven)
	return f, err == nil
}

// order compares two numbers, or two texts.
func order(l, r jsonval.Value) (int, bool) {
	if l.Kind() == jsonval.Number && r.Kind() == jsonval.Number {
		x, ok1 := number(l)
		y, ok2 := number(r)
		if !ok1 || !ok2 {
			return 0, false
		}
		return x.Cmp(y), true
	}
	x, ok1 := l.Str()
	y, ok2 := r.Str()
	return strings.Compare(x, y), ok1 && ok2
}
