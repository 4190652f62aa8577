package syntax

import "strconv"

// slots are the parents that expressions within a node ask for and that it does
// not hold. A node may share them with the node around it, as in the original.
type slots struct{ list []*Slot }

// shaper makes the tree of raw nodes: chains of dots become paths, brackets become
// filters, and every % is led to the step that it refers to.
type shaper struct {
	depth   int
	labels  int
	seeking map[*Common]*slots
}

// shape gives the tree of a whole expression.
func shape(r *raw) Node {
	s := &shaper{seeking: map[*Common]*slots{}}
	n := s.node(r)
	if _, isParent := n.(*Parent); isParent || s.seeking[n.Base()] != nil {
		lost(n)
	}
	return n
}

// lost ends the parse at a node in which a parent cannot be found.
func lost(n Node) {
	c := n.Base()
	panic(fault("S0217", c.At, c.Position, typeName(n), nil))
}

// wrong ends the parse at an operator.
func wrong(code string, r *raw) {
	panic(fault(code, r.token.at, r.token.position, nil, nil))
}

func (s *shaper) node(r *raw) Node {
	if s.depth++; s.depth > MaxHeight {
		panic(&Error{At: r.token.at, Position: r.token.position,
			Message: "Expression has more than " + strconv.Itoa(MaxHeight) + " operators within each other"})
	}
	n := s.form(r)
	if r.keepArray {
		n.Base().KeepArray = true
	}
	s.depth--
	return n
}

func (s *shaper) form(r *raw) Node {
	c := Common{At: r.token.at, Position: r.token.position}
	switch r.kind {
	case rTerminal:
		return s.terminal(r, c)
	case rWildcard:
		return &Wildcard{c}
	case rDescend:
		return &Descendant{c}
	case rParent:
		s.labels++
		return &Parent{Common{At: c.At}, &Slot{Label: s.labels - 1, level: 1}}
	case rNegate:
		return s.negate(r, c)
	case rArray:
		n := &Array{Common: c}
		n.Items = s.parts(n, r.list)
		return n
	case rObject:
		n := &Object{Common: c, Pairs: make([]Pair, len(r.pairs))}
		for i, pair := range r.pairs {
			n.Pairs[i].Key = s.part(n, pair[0])
			n.Pairs[i].Value = s.part(n, pair[1])
		}
		return n
	case rBlock:
		return s.block(r, c)
	case rBinary:
		return s.binary(r, c)
	case rGroup:
		return s.group(r)
	case rSort:
		return s.sort(r, c)
	case rCall:
		n := &Call{Common: c}
		n.Args = s.parts(n, r.list)
		n.Procedure = s.node(r.left)
		return n
	case rPartial:
		n := &Partial{Common: c}
		n.Args = s.parts(n, r.list)
		n.Procedure = s.node(r.left)
		return n
	case rLambda:
		return s.lambda(r, c)
	case rCondition:
		n := &Condition{Common: c}
		n.Cond = s.part(n, r.left)
		n.Then = s.part(n, r.right)
		if r.third != nil {
			n.Else = s.part(n, r.third)
		}
		return n
	case rDefault:
		n := &Default{Common: c, Coalesce: r.token.op == "??"}
		n.Left = s.part(n, r.left)
		n.Right = s.part(n, r.right)
		return n
	default: // rTransform
		n := &Transform{Common: c, Pattern: s.node(r.left), Update: s.node(r.right)}
		if r.third != nil {
			n.Delete = s.node(r.third)
		}
		return n
	}
}

// part shapes a part of a node and hands the parents that it asks for to the node.
func (s *shaper) part(of Node, r *raw) Node {
	n := s.node(r)
	s.hand(of, n)
	return n
}

func (s *shaper) parts(of Node, list []*raw) []Node {
	nodes := make([]Node, len(list))
	for i, r := range list {
		nodes[i] = s.part(of, r)
	}
	return nodes
}

func (s *shaper) lambda(r *raw, c Common) Node {
	n := &Lambda{Common: c, Signature: r.signature, Params: make([]string, len(r.list))}
	for i, a := range r.list {
		n.Params[i] = a.token.value.(string)
	}
	n.Body = s.node(r.right)
	markTail(n.Body)
	return n
}

func (s *shaper) terminal(r *raw, c Common) Node {
	switch v := r.token.value.(type) {
	case string:
		switch r.token.kind {
		case tString:
			return &String{c, v}
		case tVariable:
			return &Variable{c, v}
		case tEnd:
			panic(fault("S0207", c.At, c.Position, v, nil))
		case tOperator:
			if v == "?" {
				return &Placeholder{c}
			}
		}
		// A field, or one of the words and, or, in where a field stands.
		c.KeepArray = r.keepArray
		return &Path{Common: Common{At: c.At}, Steps: []Node{&Name{c, v}}, KeepSingleton: r.keepArray}
	case float64:
		return &Number{c, v}
	case bool:
		return &Bool{c, v}
	case pattern:
		return &Regex{c, v.text, v.flags}
	}
	return &Null{c}
}

func (s *shaper) negate(r *raw, c Common) Node {
	n := &Negate{Common: c, Operand: s.node(r.left)}
	if number, ok := n.Operand.(*Number); ok {
		number.Value = -number.Value
		return number
	}
	s.hand(n, n.Operand)
	return n
}

func (s *shaper) block(r *raw, c Common) Node {
	n := &Block{Common: c, Items: make([]Node, len(r.list))}
	for i, item := range r.list {
		part := s.part(n, item)
		if path, ok := part.(*Path); part.Base().ConsArray || ok && path.Steps[0].Base().ConsArray {
			n.ConsArray = true
		}
		n.Items[i] = part
	}
	return n
}

// markTail marks the calls whose value is the value of a lambda with this body.
func markTail(body Node) {
	switch n := body.(type) {
	case *Call:
		n.Tail = len(n.Predicates) == 0
	case *Condition:
		markTail(n.Then)
		if n.Else != nil {
			markTail(n.Else)
		}
	case *Default:
		markTail(n.Right)
	case *Block:
		if len(n.Items) > 0 {
			markTail(n.Items[len(n.Items)-1])
		}
	}
}
