package syntax

// hand gives the parents that a part asks for to the node around it.
func (s *shaper) hand(to, from Node) {
	seeking := s.seeking[from.Base()]
	if parent, ok := from.(*Parent); ok {
		if seeking == nil {
			seeking = &slots{}
		}
		seeking.list = append(seeking.list, parent.Slot)
	}
	if seeking == nil {
		return
	}
	if old := s.seeking[to.Base()]; old != nil {
		old.list = append(old.list, seeking.list...)
	} else {
		s.seeking[to.Base()] = seeking
	}
}

// resolve leads the parents that the last step of a path asks for to the steps in
// front of it; the path itself asks for those that are further away.
func (s *shaper) resolve(path *Path) {
	end := path.Steps[len(path.Steps)-1]
	seeking := s.seeking[end.Base()]
	if parent, ok := end.(*Parent); ok {
		if seeking == nil {
			seeking = &slots{}
		}
		seeking.list = append(seeking.list, parent.Slot)
	}
	if seeking == nil {
		return
	}
	for _, slot := range seeking.list {
		i := len(path.Steps) - 2
		for slot.level > 0 {
			if i < 0 {
				c := &path.Common
				if s.seeking[c] == nil {
					s.seeking[c] = &slots{}
				}
				s.seeking[c].list = append(s.seeking[c].list, slot)
				break
			}
			step := path.Steps[i]
			i--
			// Steps in a row that bind a focus all stand at the same place.
			for i >= 0 && step.Base().Focus != "" && path.Steps[i].Base().Focus != "" {
				step = path.Steps[i]
				i--
			}
			seek(step, slot)
		}
	}
}

// seek takes a slot one step up, or as many as a step holds that is a path itself.
func seek(n Node, slot *Slot) {
	switch n := n.(type) {
	case *Name, *Wildcard:
		if slot.level--; slot.level == 0 {
			c := n.Base()
			if c.Ancestor != nil {
				slot.Label = c.Ancestor.Label
			}
			c.Ancestor, c.Tuple = slot, true
		}
	case *Parent:
		slot.level++
	case *Block:
		if len(n.Items) > 0 {
			n.Tuple = true
			seek(n.Items[len(n.Items)-1], slot)
		}
	case *Path:
		n.Tuple = true
		i := len(n.Steps) - 1
		seek(n.Steps[i], slot)
		for i--; slot.level > 0 && i >= 0; i-- {
			seek(n.Steps[i], slot)
		}
	default:
		lost(n)
	}
}

// typeName is the original's word for the type of a node; errors have it as token.
func typeName(n Node) string {
	switch n.(type) {
	case *Number:
		return "number"
	case *String:
		return "string"
	case *Bool, *Null:
		return "value"
	case *Regex:
		return "regex"
	case *Variable:
		return "variable"
	case *Name:
		return "name"
	case *Wildcard:
		return "wildcard"
	case *Descendant:
		return "descendant"
	case *Parent:
		return "parent"
	case *Placeholder:
		return "operator"
	case *Path:
		return "path"
	case *Sort:
		return "sort"
	case *Binary:
		return "binary"
	case *Negate, *Array, *Object:
		return "unary"
	case *Block:
		return "block"
	case *Condition, *Default:
		return "condition"
	case *Bind:
		return "bind"
	case *Apply:
		return "apply"
	case *Call:
		return "function"
	case *Partial:
		return "partial"
	case *Lambda:
		return "lambda"
	}
	return "transform"
}
