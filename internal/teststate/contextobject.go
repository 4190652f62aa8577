package teststate

import (
	"stile/asl"
	"stile/internal/sfn"
	"stile/jsonval"
)

// contextFields are the members of a context object that a test may give, with the
// kind of each; AnyKind of those that hold anything.
var contextFields = map[string]map[string]jsonval.Kind{
	"Execution": {"Id": jsonval.String, "Input": anyKind, "Name": jsonval.String, "RedriveCount": jsonval.Number,
		"RedriveTime": jsonval.String, "RoleArn": jsonval.String, "StartTime": jsonval.String},
	"State":        {"EnteredTime": jsonval.String, "Name": jsonval.String, "RetryCount": jsonval.Number},
	"StateMachine": {"Id": jsonval.String, "Name": jsonval.String},
	"Task":         {"Token": jsonval.String},
}

// anyKind is no kind of a value that exists.
const anyKind = jsonval.Kind(255)

func badContext(what string) *sfn.Error { return invalid("Invalid Context object provided: " + what) }

// checkContext checks a given context object.
func checkContext(v jsonval.Value, st *asl.State) error {
	if !v.Exists() {
		return nil
	}
	if v.Kind() != jsonval.ObjectKind {
		return badContext("Context object must be a JSON object")
	}
	for _, m := range v.Members() {
		fields, ok := contextFields[m.Name]
		switch {
		case m.Name == "Map":
			return badContext("'Map' field is not supported when mocking a Context object")
		case !ok:
			return badContext("Field '" + m.Name + "' is not allowed")
		case m.Name == "Task" && !takesTask(st):
			return badContext("Context object contains 'Task' when state is not a Task state with a '.sync' or " +
				"'.waitForTaskToken' service integration pattern")
		case m.Value.Kind() != jsonval.ObjectKind:
			return badContext(m.Name + " must be an object")
		}
		for _, f := range m.Value.Members() {
			kind, ok := fields[f.Name]
			if !ok {
				return badContext("Field '" + f.Name + "' is not allowed")
			}
			if kind != anyKind && f.Value.Kind() != kind {
				what := "string"
				if kind == jsonval.Number {
					what = "number"
				}
				return badContext(m.Name + "." + f.Name + " must be a " + what)
			}
		}
	}
	return nil
}

// takesTask says that a state's context object has a Task.
func takesTask(st *asl.State) bool { return st.Type == asl.Task && st.Task.Pattern != "" }
