package files

import (
	"stile/internal/config/doctree"
	"stile/internal/sfn"
)

// logging reads {level: ALL, include-execution-data: true, group: NAME}. The group is
// /aws/vendedlogs/states/NAME of the state machine where nothing else is said.
func (m *StateMachine) logging(r *doctree.Reader) func(*doctree.Node) {
	return func(n *doctree.Node) {
		m.Logging.Group = "/aws/vendedlogs/states/" + m.Name
		r.Map(n, "logging",
			doctree.Field{Name: "level", Required: true, Read: r.OneOf(&m.Logging.Level, "ALL", "ERROR", "FATAL", "OFF")},
			doctree.Field{Name: "include-execution-data", Read: r.Bool(&m.Logging.Data)},
			doctree.Field{Name: "group", Read: func(n *doctree.Node) {
				r.NonEmpty(&m.Logging.Group)(n)
				if _, ok := sfn.LogGroup(sfn.LogGroupARN("", "", m.Logging.Group)); !ok {
					r.Fault(n, doctree.CodeValue, "group is no name of a log group", "write letters, digits, and _ - / . #, such as /aws/vendedlogs/states/"+m.Name)
				}
			}})
	}
}
