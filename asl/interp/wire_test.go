package interp

import (
	"encoding/json"

	"stile/asl/history"
)

// wire gives history events as GetExecutionHistory's JSON, for comparison with
// recordings.
func wire(list []HistoryEvent) []any {
	var out []any
	for _, h := range list {
		e := map[string]any{"id": float64(h.ID), "previousEventId": float64(h.Previous), "type": h.Type}
		if m := history.DetailsMember(h.Type); m != "" {
			e[m] = wireDetails(h.Type, &h.Details)
		}
		out = append(out, e)
	}
	return out
}

func wireDetails(typ string, d *Details) map[string]any {
	m := map[string]any{}
	put := func(name, s string) {
		if s != "" {
			m[name] = s
		}
	}
	payload := func(name string, p *Payload) {
		if p != nil {
			m[name] = p.Value.Text()
			m[name+"Details"] = map[string]any{"truncated": false}
		}
	}
	number := func(name string, n *int64) {
		if n != nil {
			m[name] = float64(*n)
		}
	}
	put("name", d.Name)
	payload("input", d.Input)
	payload("output", d.Output)
	if d.Error != nil {
		m["error"] = *d.Error
	}
	if d.Cause != nil {
		m["cause"] = *d.Cause
	}
	put("resource", d.Resource)
	put("resourceType", d.ResourceType)
	put("region", d.Region)
	if d.Parameters != nil {
		m["parameters"] = d.Parameters.Value.Text()
	}
	number("timeoutInSeconds", d.TimeoutSeconds)
	number("heartbeatInSeconds", d.HeartbeatSeconds)
	number("length", d.Length)
	number("index", d.Index)
	put("workerName", d.WorkerName)
	put("mapRunArn", d.MapRunARN)
	put("state", d.State)
	put("location", d.Location)
	if typ == "TaskScheduled" && d.RoleARN != "" {
		m["taskCredentials"] = map[string]any{"roleArn": d.RoleARN}
	} else {
		put("roleArn", d.RoleARN)
	}
	if len(d.AssignedVariables) > 0 {
		vars := map[string]any{}
		for _, v := range d.AssignedVariables {
			vars[v.Name] = v.Value.Text()
		}
		m["assignedVariables"] = vars
		m["assignedVariablesDetails"] = map[string]any{"truncated": false}
	}
	return m
}

// plainJSON turns a value into what encoding/json would decode it to.
func plainJSON(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}
