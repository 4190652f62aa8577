package syntax

import "sort"

// Match divides arguments among the parameters: counts[i] of them go to Params[i],
// in order. kinds has a letter for each argument (s n b l o a f, m for a missing
// value). counts has a place for each parameter. Where the arguments do not fit,
// bad is the index of the first that is at fault, which is len(kinds) where one too
// few is given; else it is -1.
func (s *Signature) Match(kinds string, counts []int) (bad int) {
	if divide(s.Params, kinds, true, counts) {
		return -1
	}
	// The longest run of parameters that can be served tells how far it went well.
	served := sort.Search(len(s.Params), func(n int) bool { return !divide(s.Params[:n+1], kinds, false, counts) })
	divide(s.Params[:served], kinds, false, counts)
	for _, count := range counts[:served] {
		bad += count
	}
	return bad
}

// least is how many arguments the parameter needs.
func (p *Param) least() int {
	if p.Optional && !p.Repeated {
		return 0
	}
	return 1
}

// limit is how many of so many fitting arguments the parameter takes.
func (p *Param) limit(run int) int {
	if p.Repeated {
		return run
	}
	return min(run, 1)
}

// most is how many arguments of those from index from on the parameter can take.
func (p *Param) most(kinds string, from int) int {
	n := 0
	for from+n < len(kinds) && p.Takes(kinds[from+n]) && (n == 0 || p.Repeated) {
		n++
	}
	return n
}

// divide gives each parameter as many arguments as leaves enough for those behind
// it. whole demands that no argument is left.
func divide(params []Param, kinds string, whole bool, counts []int) bool {
	at := 0
	for i := range params {
		n := params[i].most(kinds, at)
		if n < params[i].least() {
			return retreat(params, kinds, whole, counts)
		}
		counts[i] = n
		at += n
	}
	return !whole || at == len(kinds) || retreat(params, kinds, whole, counts)
}

// maxRetreat bounds parameters times arguments where a division has to be searched.
const maxRetreat = 1 << 20

// retreat is divide where a parameter must take less than it can. Row i of last
// gives for each argument the last one, not behind it, from which Params[i:] can be
// served, or -1: so the work is a product and no power.
func retreat(params []Param, kinds string, whole bool, counts []int) bool {
	width := len(kinds) + 1
	if (len(params)+1)*width > maxRetreat {
		return false
	}
	last := make([]int32, (len(params)+1)*width)
	for j := range width {
		last[len(params)*width+j] = int32(j)
		if whole && j < len(kinds) {
			last[len(params)*width+j] = -1
		}
	}
	for i := len(params) - 1; i >= 0; i-- {
		row, below := last[i*width:], last[(i+1)*width:]
		for j, run := len(kinds), 0; j >= 0; j-- {
			run++
			if j == len(kinds) || !params[i].Takes(kinds[j]) {
				run = 0
			}
			row[j] = -1
			if int(below[j+params[i].limit(run)]) >= j+params[i].least() {
				row[j] = int32(j)
			}
		}
		for j := 1; j < width; j++ {
			row[j] = max(row[j], row[j-1])
		}
	}
	if last[0] != 0 {
		return false
	}
	at := 0
	for i := range params {
		to := int(last[(i+1)*width+at+params[i].most(kinds, at)])
		counts[i] = to - at
		at = to
	}
	return true
}
