package asl

import "stile/diag"

// ExpressFaults gives what keeps a definition from being an EXPRESS state machine:
// activities and the patterns .sync and .waitForTaskToken. The caller of Parse
// adds them where the type is EXPRESS; they have line and column, no excerpt.
func ExpressFaults(p *Program) diag.List {
	var list diag.List
	for _, st := range p.Ordered {
		if st.Task == nil {
			continue
		}
		message := ""
		switch {
		case st.Task.Kind == ActivityARN:
			message = "Express state machine does not support Activity ARN"
		case st.Task.Pattern == "waitForTaskToken":
			message = "Express state machine does not support '.waitForTaskToken' service integration "
		case st.Task.Pattern != "":
			message = "Express state machine does not support '." + st.Task.Pattern + "' service integration "
		}
		if message != "" {
			list = append(list, diag.Diagnostic{Code: CodeSchema, Severity: diag.Error, Line: st.Line, Column: st.Column,
				Path: st.pointer + "/Resource", Message: message,
				Hint: "create the state machine as STANDARD, or call the service without the pattern"})
		}
	}
	return list
}
