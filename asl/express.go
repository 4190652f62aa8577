package asl

import "stile/diag"

// ExpressFaults gives what keeps a definition from being an EXPRESS state machine:
// activities, the patterns .sync and .waitForTaskToken, and distributed Map. The
// caller of Parse adds them where the type is EXPRESS; they have line and column,
// no excerpt. Parse itself reports them in item processors whose child executions
// are EXPRESS.
func ExpressFaults(p *Program) diag.List { return expressFaults(p.Body) }

// expressFaults looks through a body and the bodies inside. What is below a
// distributed Map belongs to executions of its own type.
func expressFaults(b *Body) diag.List {
	var list diag.List
	for _, st := range b.States {
		field, message, hint := expressFault(st)
		if message != "" {
			list = append(list, diag.Diagnostic{Code: CodeSchema, Severity: diag.Error, Line: st.Line, Column: st.Column,
				Path: st.pointer + field, Message: message, Hint: hint})
		}
		for _, branch := range st.Parallel {
			list = append(list, expressFaults(branch)...)
		}
		if st.Map != nil && st.Map.Distributed == nil && st.Map.Processor != nil {
			list = append(list, expressFaults(st.Map.Processor)...)
		}
	}
	return list
}

func expressFault(st *State) (field, message, hint string) {
	if st.Map != nil && st.Map.Distributed != nil {
		return "/ItemProcessor/ProcessorConfig/Mode", "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
			"create the state machine as STANDARD, or run the items inline"
	}
	if st.Task == nil {
		return "", "", ""
	}
	switch {
	case st.Task.Kind == ActivityARN:
		message = "Express state machine does not support Activity ARN"
	case st.Task.Pattern == "waitForTaskToken":
		message = "Express state machine does not support '.waitForTaskToken' service integration "
	case st.Task.Pattern != "":
		message = "Express state machine does not support '." + st.Task.Pattern + "' service integration"
	}
	return "/Resource", message, "create the state machine as STANDARD, or call the service without the pattern"
}
