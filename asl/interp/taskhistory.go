package interp

import "stile/asl"

// The history of a Task has three families: LambdaFunction… for a function's
// ARN, Activity… for an activity, Task… for integrations.

// writeScheduled writes the first event of an attempt.
func (x *Execution) writeScheduled(f *frame, timeout, heartbeat int64, role string) {
	t := f.state.Task
	d := Details{RoleARN: role}
	if timeout > 0 {
		d.TimeoutSeconds = &timeout
	}
	if heartbeat > 0 {
		d.HeartbeatSeconds = &heartbeat
	}
	if t.Kind == asl.Integration {
		d.ResourceType, d.Resource, d.Region = t.Service, resourceName(t), x.start.Region
		d.Parameters = x.ref(f.task.params)
	} else {
		d.Resource, d.Input = t.Resource, x.ref(f.task.params)
	}
	x.step(f, family(t)+"Scheduled", d)
}

func (x *Execution) writeStarted(f *frame, worker string) {
	f.task.started = true
	d := Details{}
	switch t := f.state.Task; t.Kind {
	case asl.Integration:
		d.ResourceType, d.Resource = t.Service, resourceName(t)
	case asl.ActivityARN:
		d.WorkerName = worker
	}
	x.step(f, family(f.state.Task)+"Started", d)
}

// writeTask writes a later event of an attempt; d holds what is its own.
func (x *Execution) writeTask(f *frame, what string, d Details) {
	t := f.state.Task
	if t.Kind == asl.Integration {
		d.ResourceType, d.Resource = t.Service, resourceName(t)
	}
	x.step(f, family(t)+what, d)
}

func family(t *asl.TaskFields) string {
	switch t.Kind {
	case asl.LambdaARN:
		return "LambdaFunction"
	case asl.ActivityARN:
		return "Activity"
	}
	return "Task"
}

// resourceName is the API with its pattern: "sendMessage.waitForTaskToken".
func resourceName(t *asl.TaskFields) string {
	if t.Pattern == "" {
		return t.API
	}
	return t.API + "." + t.Pattern
}
