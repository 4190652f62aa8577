package syntax

// binaryOps are the operators that have nothing to do with paths.
var binaryOps = map[string]Operator{
	"+": OpAdd, "-": OpSubtract, "*": OpMultiply, "/": OpDivide, "%": OpModulo, "=": OpEqual, "!=": OpNotEqual,
	"<": OpLess, "<=": OpLessEqual, ">": OpGreater, ">=": OpGreaterEqual, "&": OpConcat, "and": OpAnd, "or": OpOr,
	"in": OpIn, "..": OpRange,
}

func (s *shaper) binary(r *raw, c Common) Node {
	switch r.token.op {
	case ".":
		return s.dot(r)
	case "[":
		return s.filter(r)
	case "@":
		return s.focus(r)
	case "#":
		return s.index(r)
	case ":=":
		n := &Bind{Common: c, Name: r.left.token.value.(string)}
		n.Value = s.part(n, r.right)
		return n
	case "~>":
		n := &Apply{Common: c, Left: s.node(r.left), Right: s.node(r.right)}
		n.KeepArray = n.Left.Base().KeepArray || n.Right.Base().KeepArray
		return n
	}
	n := &Binary{Common: c, Op: binaryOps[r.token.op], Left: s.node(r.left), Right: s.node(r.right)}
	s.hand(n, n.Left)
	s.hand(n, n.Right)
	return n
}

// dot appends what stands behind the dot to the path in front of it.
func (s *shaper) dot(r *raw) Node {
	first := s.node(r.left)
	path, ok := first.(*Path)
	if !ok {
		path = &Path{Common: Common{At: first.Base().At}, Steps: []Node{first}}
	}
	if parent, ok := first.(*Parent); ok {
		s.seeking[&path.Common] = &slots{[]*Slot{parent.Slot}}
	}
	fresh := len(path.Steps)
	if r.left.kind != rBinary || r.left.token.op != "." {
		fresh = 0
	}
	rest := s.node(r.right)
	if more, ok := rest.(*Path); ok {
		path.Steps = append(path.Steps, more.Steps...)
	} else {
		stage(rest.Base())
		path.Steps = append(path.Steps, rest)
	}
	for i := fresh; i < len(path.Steps); i++ {
		path.Steps[i] = s.step(path.Steps[i])
		path.KeepSingleton = path.KeepSingleton || path.Steps[i].Base().KeepArray
	}
	for _, end := range []Node{path.Steps[0], path.Steps[len(path.Steps)-1]} {
		if array, ok := end.(*Array); ok {
			array.ConsArray = true
		}
	}
	s.resolve(path)
	return path
}

// step gives a node as a step of a path: a string becomes a name, and other
// constants are none.
func (s *shaper) step(n Node) Node {
	c := n.Base()
	switch n := n.(type) {
	case *String:
		name := &Name{*c, n.Value}
		if slots := s.seeking[c]; slots != nil {
			s.seeking[&name.Common] = slots
		}
		return name
	case *Number:
		panic(fault("S0213", c.At, c.Position, nil, n.Value))
	case *Bool:
		panic(fault("S0213", c.At, c.Position, nil, n.Value))
	case *Null:
		panic(fault("S0213", c.At, c.Position, nil, nil))
	}
	return n
}

// stage makes the predicates of a node its stages, for it becomes a step.
func stage(c *Common) {
	if c.Predicates == nil {
		return
	}
	c.Stages = nil
	for _, p := range c.Predicates {
		c.Stages = append(c.Stages, Stage{Expr: p.Expr, Position: p.Position})
	}
	c.Predicates = nil
}

// last gives what an operator behind an expression applies to: the last step of a
// path, or the expression itself.
func last(n Node) (step Node, isPath bool) {
	if path, ok := n.(*Path); ok {
		return path.Steps[len(path.Steps)-1], true
	}
	return n, false
}

func (s *shaper) filter(r *raw) Node {
	n := s.node(r.left)
	step, isPath := last(n)
	c := step.Base()
	if c.Group != nil {
		wrong("S0209", r)
	}
	expr := s.node(r.right)
	if seeking := s.seeking[expr.Base()]; seeking != nil {
		for _, slot := range seeking.list {
			if slot.level == 1 {
				seek(step, slot)
			} else {
				slot.level--
			}
		}
		s.hand(step, expr)
	}
	if isPath {
		c.Stages = append(c.Stages, Stage{Expr: expr, Position: r.token.position})
	} else {
		c.Predicates = append(c.Predicates, Filter{expr, r.token.position})
	}
	return n
}

func (s *shaper) group(r *raw) Node {
	n := s.node(r.left)
	c := n.Base()
	if c.Group != nil {
		wrong("S0210", r)
	}
	c.Group = &Group{Pairs: make([]Pair, len(r.pairs)), Position: r.token.position}
	for i, pair := range r.pairs {
		c.Group.Pairs[i] = Pair{s.node(pair[0]), s.node(pair[1])}
	}
	return n
}

func (s *shaper) sort(r *raw, c Common) Node {
	n := s.node(r.left)
	path, ok := n.(*Path)
	if !ok {
		path = &Path{Common: Common{At: n.Base().At}, Steps: []Node{n}}
	}
	sort := &Sort{Common: c, Terms: make([]SortTerm, len(r.list))}
	for i, term := range r.list {
		sort.Terms[i] = SortTerm{s.part(sort, term), r.falling[i]}
	}
	path.Steps = append(path.Steps, sort)
	s.resolve(path)
	return path
}

func (s *shaper) focus(r *raw) Node {
	n := s.node(r.left)
	step, _ := last(n)
	c := step.Base()
	if c.Stages != nil || c.Predicates != nil {
		wrong("S0215", r)
	}
	if _, sorted := step.(*Sort); sorted {
		wrong("S0216", r)
	}
	c.KeepArray = c.KeepArray || r.keepArray
	c.Focus, c.Tuple = r.right.token.value.(string), true
	return n
}

func (s *shaper) index(r *raw) Node {
	n := s.node(r.left)
	step, isPath := last(n)
	c := step.Base()
	if !isPath {
		n = &Path{Common: Common{At: c.At}, Steps: []Node{step}}
		stage(c)
	}
	name := r.right.token.value.(string)
	if c.Stages == nil {
		c.Index = name
	} else {
		c.Stages = append(c.Stages, Stage{Index: name, Position: r.token.position})
	}
	c.Tuple = true
	return n
}
