package doctree

// keySets are the keys of the maps that are being read, kept for large maps alone: small
// ones are looked through.
type keySets struct{ sets map[*Node]map[string]bool }

const manyMembers = 32

// twice reports whether a map has a key already; the caller adds the member if not.
func (s *keySets) twice(n *Node, name string) bool {
	if len(n.Members) < manyMembers {
		return n.Get(name) != nil
	}
	set := s.sets[n]
	if set == nil {
		if s.sets == nil {
			s.sets = map[*Node]map[string]bool{}
		}
		set = make(map[string]bool, 2*len(n.Members))
		for _, m := range n.Members {
			set[m.Name] = true
		}
		s.sets[n] = set
	}
	if set[name] {
		return true
	}
	set[name] = true
	return false
}
