package sfnapi

import (
	"stile/asl/history"
	"stile/jsonval"
)

// EncodeEvent gives a history event as GetExecutionHistory shows it: id,
// previousEventId, timestamp, type and, for the types that have details, the one
// member that belongs to the type. withData false leaves out inputs, outputs,
// parameters and assigned variables (includeExecutionData). The payloads' values
// must be loaded.
func EncodeEvent(ev history.Event, withData bool) jsonval.Value {
	var o jsonval.Object
	o.AddInt("id", ev.ID).AddInt("previousEventId", ev.Previous)
	o.Add("timestamp", epochMillis(ev.Time)).AddString("type", ev.Type)
	if member := history.DetailsMember(ev.Type); member != "" {
		o.Add(member, details(ev, withData))
	}
	return o.Value()
}

func details(ev history.Event, withData bool) jsonval.Value {
	d := &ev.Details
	var o jsonval.Object
	addText(&o, "name", d.Name)
	addText(&o, "resourceType", d.ResourceType)
	addText(&o, "resource", d.Resource)
	addText(&o, "region", d.Region)
	if withData {
		addPayload(&o, "input", d.Input)
		addPayload(&o, "output", d.Output)
		// parameters is the one payload that has no details member of its own.
		if d.Parameters != nil && d.Parameters.Value.Exists() {
			o.AddString("parameters", d.Parameters.Value.Text())
		}
		addVariables(&o, d.AssignedVariables)
	}
	addPointer(&o, "error", d.Error)
	addPointer(&o, "cause", d.Cause)
	addNumber(&o, "timeoutInSeconds", d.TimeoutSeconds)
	addNumber(&o, "heartbeatInSeconds", d.HeartbeatSeconds)
	addNumber(&o, "length", d.Length)
	addNumber(&o, "index", d.Index)
	addNumber(&o, "redriveCount", d.RedriveCount)
	addText(&o, "location", d.Location)
	addText(&o, "state", d.State)
	addText(&o, "workerName", d.WorkerName)
	addText(&o, "mapRunArn", d.MapRunARN)
	addText(&o, "stateMachineVersionArn", d.VersionARN)
	addText(&o, "stateMachineAliasArn", d.AliasARN)
	if d.RoleARN != "" {
		addRole(&o, ev.Type, d.RoleARN)
	}
	return o.Value()
}

// addRole writes the execution's role plainly and a Task's own one as its credentials.
func addRole(o *jsonval.Object, eventType, arn string) {
	if eventType == "ExecutionStarted" {
		o.AddString("roleArn", arn)
		return
	}
	var c jsonval.Object
	o.Add("taskCredentials", c.AddString("roleArn", arn).Value())
}

func addPayload(o *jsonval.Object, name string, p *history.Payload) {
	if p == nil || !p.Value.Exists() {
		return
	}
	o.AddString(name, p.Value.Text())
	o.Add(name+"Details", notTruncated())
}

func addVariables(o *jsonval.Object, vars []history.Variable) {
	if len(vars) == 0 {
		return
	}
	var m jsonval.Object
	for _, v := range vars {
		m.AddString(v.Name, v.Value.Text())
	}
	o.Add("assignedVariables", m.Value()).Add("assignedVariablesDetails", notTruncated())
}

func notTruncated() jsonval.Value {
	var o jsonval.Object
	return o.Add("truncated", jsonval.FalseValue).Value()
}
