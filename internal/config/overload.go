package config

import "stile/internal/config/doctree"

// limits reads limits: what bounds the server as a whole.
func (r *reader) limits(n *doctree.Node) {
	r.Map(n, "limits", doctree.Field{Name: "overload", Read: func(n *doctree.Node) {
		switch n.Text {
		case "on", "true":
			r.cfg.NoOverload = false
		case "off", "false": // some YAML tools write off as false
			r.cfg.NoOverload = true
		default:
			r.Fault(n, doctree.CodeValue, "limits.overload is on or off", "leave it out for on")
		}
	}})
}
