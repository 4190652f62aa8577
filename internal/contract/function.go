package contract

import (
	"stile/asl"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Function is what stands behind a Lambda function: an operation of the gateway, or
// a host past it.
type Function struct{ API, Operation, Past string }

// function judges a Task that invokes a Lambda function, which its Resource or its
// FunctionName names.
func (c *checker) function(m Machine, s *asl.State, params jsonval.Value) {
	const hint = "; else the state fails when it runs, unless a mock answers it"
	name := s.Task.Resource
	if s.Task.Kind == asl.Integration {
		name, _ = params.Get("FunctionName").Str()
	}
	f, ok := sfn.ParseFunction(name, c.p.Region, c.p.Account)
	if !ok {
		if name == "" && c.p.Function == nil { // its input decides
			c.warn(m, s, asl.CodeResource, "state "+s.Name+" invokes a Lambda function, and nothing in stile.yaml stands behind any",
				"write under lambda: functions: {NAME: {operation: API/OPERATION}}, or an endpoint"+hint)
		}
		return
	}
	if m.Role != nil { // else files has told of it
		c.decided(m, s, m.Role.Decide("lambda:InvokeFunction", f.Resources()...), "invoke "+f.Name, "lambda:InvokeFunction on "+f.Resource())
	}
	is, ok := Function{}, false
	if c.p.Function != nil {
		is, ok = c.p.Function(f)
	}
	switch {
	case !ok:
		c.warn(m, s, asl.CodeResource, "state "+s.Name+" invokes the Lambda function "+f.Name+", and nothing in stile.yaml stands behind it",
			"write under lambda: functions: {"+f.Name+": {operation: API/OPERATION}}, or an endpoint"+hint)
	case is.Past != "":
		c.warn(m, s, CodeUngoverned, "state "+s.Name+" invokes "+f.Name+" at "+is.Past+" past the gateway: no policy or limit applies to it",
			"give the function an operation of the gateway, or leave it if that is meant")
	default:
		c.permission(m, s, is.API, is.Operation)
	}
}
