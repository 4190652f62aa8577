package task

import "stile/jsonval"

// Table lists every integration.
func Table() []Integration {
	return []Integration{
		{Resource: httpResource, Patterns: []string{"", "waitForTaskToken"}, Within: callTimeout, Start: httpInvoke,
			Shape: func(p jsonval.Value) string { _, bad := shapeHTTP(p); return bad }},
		{Resource: "arn:aws:states:::apigateway:invoke", Patterns: []string{"", "waitForTaskToken"}, Within: callTimeout, Start: apiGatewayInvoke,
			Shape: func(p jsonval.Value) string { _, bad := shapeAPIGateway(p); return bad }},
		{Resource: startResource, Patterns: []string{"", "sync", "sync:2", "waitForTaskToken"}, Start: startExecution,
			Shape: shapeStart, Job: &Job{Await: awaitExecution, Stop: stopExecution}},
		{Resource: lambdaResource, Patterns: []string{"", "waitForTaskToken"}, Start: lambdaInvoke, Shape: shapeLambda},
		{Resource: functionResource, Patterns: []string{""}, Start: functionInvoke, Shape: func(jsonval.Value) string { return "" }},
	}
}

// find gives the integration of a resource, where its part of the outside is there.
func (r *Runner) find(resource string) (Integration, bool) {
	if isFunction(resource) {
		resource = functionResource
	}
	in, ok := r.table[resource]
	switch in.Resource {
	case startResource:
		ok = ok && r.cfg.Executions != nil
	case lambdaResource, functionResource:
		ok = ok && r.cfg.Function != nil
	}
	return in, ok
}
