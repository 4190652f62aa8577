package expr

import (
	"stile/diag"
)

// report gathers the diagnostics of one expression.
type report struct {
	src  *diag.Source
	base int
	list diag.List
	// quiet counts trial bindings under way: they only learn whether a fault is there.
	quiet, trials int
}

// maxReports bounds how many faults one expression shows.
const maxReports = 20

func (r *report) add(code string, span span, message, hint string) {
	if r.quiet > 0 {
		r.trials++
		return
	}
	if len(r.list) >= maxReports {
		return
	}
	d := diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Hint: hint, Width: 1}
	if r.src == nil {
		r.list = append(r.list, d)
		return
	}
	d = r.src.At(r.base+span.at, d)
	if w := span.end - span.at; w > 1 && d.Column+w <= len([]rune(d.Excerpt))+1 {
		d.Width = w
	}
	r.list = append(r.list, d)
}
