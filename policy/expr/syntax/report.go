package syntax

import (
	"stile/diag"
)

// Report gathers the diagnostics of one expression.
type Report struct {
	Src  *diag.Source
	Base int
	List diag.List
	// Quiet counts trial bindings under way: they only learn whether a fault is there.
	Quiet, Trials int
}

// maxReports bounds how many faults one expression shows.
const maxReports = 20

// Add adds a fault at a place, unless a trial is under way, which only counts it.
func (r *Report) Add(code string, span Span, message, hint string) {
	if r.Quiet > 0 {
		r.Trials++
		return
	}
	if len(r.List) >= maxReports {
		return
	}
	d := diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Hint: hint, Width: 1}
	if r.Src == nil {
		r.List = append(r.List, d)
		return
	}
	d = r.Src.At(r.Base+span.At, d)
	if w := span.End - span.At; w > 1 && d.Column+w <= len([]rune(d.Excerpt))+1 {
		d.Width = w
	}
	r.List = append(r.List, d)
}
