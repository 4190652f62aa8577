package sfnapi

import (
	"context"

	"stile/internal/sfn"
	"stile/jsonval"
)

// SyncExecutions run an execution while its caller waits.
type SyncExecutions interface {
	// StartSyncExecution comes back at the end of the execution, however it ended.
	StartSyncExecution(ctx context.Context, in sfn.Start) (sfn.SyncExecution, error)
}

// startSyncExecution answers 200 also where the execution failed or took too long. Who
// may start it may read its answer.
func startSyncExecution(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	all := r.optional("includedData", includedData) != "METADATA_ONLY"
	start, err := readStart(r)
	if err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:StartSyncExecution", start.StateMachineARN); err != nil {
		return jsonval.Value{}, err
	}
	start.Subject = s.may.Subject(ctx)
	x, err := s.sync.StartSyncExecution(ctx, start)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o, billing jsonval.Object
	o.Grow(768+quoted(x.Input)+quoted(x.Output)).AddString("executionArn", x.ARN).AddString("stateMachineArn", x.StateMachineARN).AddString("name", x.Name)
	o.Add("startDate", timestamp(x.StartDate)).Add("stopDate", timestamp(x.StopDate)).AddString("status", x.Status)
	if all {
		addPointer(&o, "error", x.Error)
		addPointer(&o, "cause", x.Cause)
	}
	syncData(&o, "input", x.Input, all)
	syncData(&o, "output", x.Output, all)
	addText(&o, "traceHeader", x.TraceHeader)
	billing.AddInt("billedMemoryUsedInMB", x.BilledMegabytes).AddInt("billedDurationInMilliseconds", x.BilledMilliseconds)
	return o.Add("billingDetails", billing.Value()).Value(), nil
}

// syncData is addData, which tells of an output also where there is none.
func syncData(o *jsonval.Object, name string, v jsonval.Value, included bool) {
	if v.Exists() {
		addData(o, name, v, included)
		return
	}
	o.Add(name+"Details", dataDetails(included))
}
