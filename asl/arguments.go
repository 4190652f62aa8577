package asl

import (
	"slices"

	"stile/diag"
	"stile/jsonval"
)

// ArgumentFaults gives the Tasks that call an integration and say nothing to it, or
// not what it needs: AWS refuses a definition whose integration has no Parameters, or
// of JSONata no Arguments, or lacks a field that the integration requires. Parse takes them, since a state without them sends its input and can be
// tested so; who answers on AWS's wire adds these faults. They have line and column,
// no excerpt.
func ArgumentFaults(p *Program) (list diag.List) {
	for _, st := range p.Ordered {
		if st.Task == nil || st.Task.Kind != Integration {
			continue
		}
		field := argumentField(st)
		if t := st.Parameters; t != nil || st.Arguments != nil {
			if t == nil {
				t = st.Arguments
			}
			list = append(list, missingArguments(st, t, field)...)
			continue
		}
		list = append(list, diag.Diagnostic{Code: CodeSchema, Severity: diag.Error, Line: st.Line, Column: st.Column,
			Path:    st.pointer + "/Resource",
			Message: field + " field is required for resource ARN: " + st.Task.Resource,
			Hint:    "add " + field + ": an object, maybe an empty one"})
	}
	return list
}

// requiredArguments are the fields that AWS asks of an integration's Parameters when
// a state machine is created (API references of the services; measured on AWS for
// these).
var requiredArguments = map[string][]string{
	"dynamodb:deleteItem":   {"Key", "TableName"},
	"dynamodb:getItem":      {"Key", "TableName"},
	"dynamodb:putItem":      {"Item", "TableName"},
	"dynamodb:updateItem":   {"Key", "TableName"},
	"ecs:runTask":           {"TaskDefinition"},
	"events:putEvents":      {"Entries"},
	"glue:startJobRun":      {"JobName"},
	"lambda:invoke":         {"FunctionName"},
	"sns:publish":           {"Message"},
	"sqs:sendMessage":       {"MessageBody", "QueueUrl"},
	"states:startExecution": {"StateMachineArn"},
}

// missingArguments looks for required fields, where the definition itself says which
// fields there are: not where one expression gives the whole.
func missingArguments(st *State, t *Template, field string) (list diag.List) {
	if !t.object && t.literal.Kind() != jsonval.ObjectKind {
		return nil
	}
	for _, name := range requiredArguments[st.Task.Service+":"+st.Task.API] {
		if slices.Contains(t.names, name) || t.literal.Get(name).Exists() {
			continue
		}
		list = append(list, diag.Diagnostic{Code: CodeSchema, Severity: diag.Error, Line: st.Line, Column: st.Column,
			Path:    st.pointer + "/" + field,
			Message: "The field '" + name + "' is required but was missing",
			Hint:    "add " + name + " to " + field})
	}
	return list
}
