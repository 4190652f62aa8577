package files

import (
	"time"

	"stile/internal/config/doctree"
)

// shortestLimit is the least that a state's limit may be: health is not looked at
// more often.
const shortestLimit = time.Second

// limit reads states: NAME: limit: of NAME.workflow.yaml, a duration as Go writes it.
func limit(r *doctree.Reader, to *time.Duration) func(*doctree.Node) {
	return func(n *doctree.Node) {
		d, err := time.ParseDuration(n.Text)
		if err != nil || d < shortestLimit {
			r.Fault(n, doctree.CodeValue, "a state's limit must be a duration of "+shortestLimit.String()+" or more", "write for example 90s, 10m or 24h")
			return
		}
		*to = d
	}
}
