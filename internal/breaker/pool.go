package breaker

import "stile/policy/exchange"

// Turns is whose turn it is among the members of a pool, by their places. The zero
// Turns is ready. Its methods are not safe for concurrent use; see Memory.
type Turns struct{ credit map[string]int }

// Next gives the place of the member to call: of those that may be called, of the
// lowest priority, the one whose turn it is by weight. -1: none may be called.
//
// Each choice gives every candidate its weight and takes all weights from the one
// that has most, so that in any stretch of the sum of weights choices, each is
// chosen as often as its weight. A member of weight 0 is called only where all
// candidates have it.
func (t *Turns) Next(members []exchange.Member, may func(i int) bool) int {
	group, found := 0, false
	for i := range members {
		if (!found || members[i].Priority < group) && may(i) {
			group, found = members[i].Priority, true
		}
	}
	if !found {
		return -1
	}
	if t.credit == nil {
		t.credit = map[string]int{}
	}
	var candidates []int
	total := 0
	for i := range members {
		if members[i].Priority == group && may(i) {
			candidates = append(candidates, i)
			total += members[i].Weight
		}
	}
	best := -1
	for _, i := range candidates {
		weight := members[i].Weight
		if total == 0 {
			weight = 1
		} else if weight == 0 {
			continue
		}
		id := members[i].Backend.ID
		t.credit[id] += weight
		if best < 0 || t.credit[id] > t.credit[members[best].Backend.ID] {
			best = i
		}
	}
	if total == 0 {
		total = len(candidates)
	}
	t.credit[members[best].Backend.ID] -= total
	return best
}

// Keep forgets members that are no longer in the pool.
func (t *Turns) Keep(members []exchange.Member) {
	if len(t.credit) <= len(members) {
		return
	}
	next := make(map[string]int, len(members))
	for i := range members {
		if c, ok := t.credit[members[i].Backend.ID]; ok {
			next[members[i].Backend.ID] = c
		}
	}
	t.credit = next
}
