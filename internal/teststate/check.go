package teststate

import (
	"stile/asl"
	"stile/internal/sfn"
	"stile/internal/shapes"
	"stile/jsonval"
)

// check refuses what does not fit the state. The mocked result comes back decoded;
// unchecked as in Result.
func check(r *Request, s subject) (result jsonval.Value, unchecked bool, err error) {
	if r.Mock == nil {
		return result, false, checkUnmocked(r, s.state)
	}
	switch s.state.Type {
	case asl.Task, asl.Map, asl.Parallel:
	default:
		return result, false, invalid("State type '" + string(s.state.Type) + "' is not supported when a mock is specified")
	}
	m := r.Mock
	switch {
	case r.Reveal:
		return result, false, invalid("TestState does not support RevealSecrets when a mock is specified.")
	case m.Result != nil && m.Error != nil:
		return result, false, invalid("A test mock should have only one of the following fields: [result, errorOutput].")
	case m.Result == nil && m.Error == nil:
		return result, false, invalid("A test mock should have one of the following fields: [result, errorOutput].")
	case m.Error != nil && m.Error.Error == "":
		return result, false, invalid("An error was not specified in the mocked error output.")
	}
	if m.Result != nil {
		if result, unchecked, err = checkResult(m, s.state); err != nil {
			return result, false, err
		}
	}
	if err := checkContext(r.Context, s.state); err != nil {
		return result, false, err
	}
	return result, unchecked, checkConfiguration(r, s.state)
}

// checkUnmocked refuses what can only be tested with a mock.
func checkUnmocked(r *Request, st *asl.State) error {
	switch st.Type {
	case asl.Map, asl.Parallel:
		return &sfn.Error{Code: "InvalidDefinition", Message: "TestState API does not support Map or Parallel states. " +
			"Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"}
	case asl.Task:
		switch {
		case st.Task.Kind == asl.ActivityARN:
			return &sfn.Error{Code: "InvalidDefinition", Message: "TestState API does not support Activity tasks without a mock"}
		case st.Task.Pattern != "":
			return &sfn.Error{Code: "InvalidDefinition", Message: "TestState API does not support the '." + st.Task.Pattern +
				"' service integration pattern without a mock"}
		case r.RoleARN == "":
			return invalid("RoleArn must be specified when testing a Task state")
		}
	}
	if r.Context.Exists() {
		return invalid("A Context object can only be specified when a mock is specified")
	}
	return nil
}

// unmodelled are the services whose answers are bound to no model: AWS, too, checks
// no mock of theirs.
var unmodelled = map[string]bool{"http": true, "apigateway": true}

// checkResult checks a mocked result against what the state's work can give.
func checkResult(m *Mock, st *asl.State) (result jsonval.Value, unchecked bool, err error) {
	result, parseErr := jsonval.ParseString(*m.Result)
	if parseErr != nil {
		return result, false, invalid("Mocked result must be valid JSON")
	}
	switch {
	case st.Type == asl.Map && st.Map.Distributed != nil && st.Map.Distributed.Writer != nil:
		if result.Kind() != jsonval.ObjectKind {
			return result, false, invalid("Mocked result must be a JSON object.")
		}
	case st.Type == asl.Map, st.Type == asl.Parallel:
		if result.Kind() != jsonval.ArrayKind {
			return result, false, invalid("Mocked result must be an array.")
		}
	case st.Task.Kind == asl.Integration:
		problem, limited := shapes.CheckResult(st.Task.Resource, result, shapes.Mode(m.Mode))
		if problem != "" {
			return result, false, invalid(problem)
		}
		return result, limited && !unmodelled[st.Task.Service], nil
	}
	if st.Type == asl.Parallel && result.Len() != len(st.Parallel) {
		return result, false, invalid("Mocked result must contain the same number of items as number of Parallel branches.")
	}
	return result, false, nil
}

// checkConfiguration refuses a state that the error cannot come from.
func checkConfiguration(r *Request, st *asl.State) error {
	name := r.Configuration.ErrorCausedByState
	if name == "" || r.Mock.Error == nil {
		return nil
	}
	var bodies []*asl.Body
	switch st.Type {
	case asl.Map:
		bodies = []*asl.Body{st.Map.Processor}
	case asl.Parallel:
		bodies = st.Parallel
	default:
		return invalid("errorCausedByState is supported for Map and Parallel states only")
	}
	for _, b := range bodies {
		if named(b, name) {
			return nil
		}
	}
	return invalid("State '" + name + "' of errorCausedByState is not inside the tested state")
}

// named looks for a state's name in a body and in the bodies inside it.
func named(b *asl.Body, name string) bool {
	for _, s := range b.States {
		if s.Name == name || s.Map != nil && named(s.Map.Processor, name) {
			return true
		}
		for _, branch := range s.Parallel {
			if named(branch, name) {
				return true
			}
		}
	}
	return false
}
