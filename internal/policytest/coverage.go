package policytest

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// Covered is how much of a document, or of a fragment, ran.
type Covered struct {
	File string `json:"file"`
	// Percent is rounded down to a tenth.
	Percent float64 `json:"percent"`
	Ran     int     `json:"ran"`
	Total   int     `json:"total"`
	Never   []Never `json:"never,omitempty"`
}

// Never is something that no test ran. Kind is policy, branch (a when or otherwise of
// choose, or a retry that never tried again) or section (on-error).
type Never struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Kind   string `json:"kind"`
	What   string `json:"what"`
}

// spot is what may run: a policy by its place, a branch of one by its name; the place
// 0:0 of a file is its on-error.
type spot struct {
	file         string
	line, column int
	branch       string
}

// again is the branch of a retry that tried more than once.
const again = "again"

// cover notes what ran.
func cover(all map[spot]bool, ex *exchange.Exchange) {
	if ex.Recording == nil {
		return
	}
	for i := range min(len(ex.Recording.Steps), len(ex.Decisions)) {
		d := &ex.Decisions[i]
		at := spot{file: d.File, line: d.Line, column: ex.Recording.Steps[i].Column}
		all[at] = true
		switch {
		case d.Policy == "choose" && d.Detail != "":
			at.branch = d.Detail
			all[at] = true
		case d.Policy == "retry" && strings.HasSuffix(d.Detail, " attempts"):
			at.branch = again
			all[at] = true
		}
		if d.Section == policy.OnError.String() {
			all[spot{file: d.File, branch: d.Section}] = true
		}
	}
}

// coverage holds what ran against all that stands in the documents.
func (h *Host) coverage(covered map[spot]bool) (out []Covered, percent float64) {
	fragments := map[string]bool{}
	for _, f := range h.service.Fragments {
		fragments[f.Source.File] = true
	}
	sections, ran, total := map[string]bool{}, 0, 0
	for _, s := range h.base.Sites() {
		if n := len(out); n == 0 || out[n-1].File != s.File {
			out = append(out, Covered{File: s.File})
		}
		d := &out[len(out)-1]
		if s.Section == policy.OnError.String() && !fragments[s.File] && !sections[s.File] {
			sections[s.File] = true
			d.count(covered[spot{file: s.File, branch: s.Section}], Never{s.Line, s.Column, "section", s.Section})
		}
		at := spot{file: s.File, line: s.Line, column: s.Column}
		d.count(covered[at], Never{s.Line, s.Column, "policy", s.Policy})
		for _, b := range s.Branches {
			d.count(covered[spot{at.file, at.line, at.column, b.Name}], Never{b.Line, b.Column, "branch", b.Name})
		}
		if s.Policy == "retry" {
			d.count(covered[spot{at.file, at.line, at.column, again}], Never{s.Line, s.Column, "branch", again})
		}
	}
	for i := range out {
		d := &out[i]
		d.Percent = percentOf(d.Ran, d.Total)
		ran, total = ran+d.Ran, total+d.Total
		slices.SortStableFunc(d.Never, func(a, b Never) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	}
	return out, percentOf(ran, total)
}

func (c *Covered) count(ran bool, n Never) {
	c.Total++
	if ran {
		c.Ran++
		return
	}
	c.Never = append(c.Never, n)
}

// percentOf rounds down, so that 100 means all.
func percentOf(n, of int) float64 {
	if of == 0 {
		return 100
	}
	return math.Floor(float64(n)*1000/float64(of)) / 10
}
