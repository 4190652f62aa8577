package sfnapi

import (
	"context"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// readStart reads what both actions that start an execution are given.
func readStart(r *request) (sfn.Start, error) {
	machine, testCase := sfn.SplitTestCase(r.required("stateMachineArn", arnShape))
	start := sfn.Start{
		StateMachineARN: machine,
		TestCase:        testCase,
		Name:            r.optional("name", nameShape),
		TraceHeader:     r.optional("traceHeader", text{max: 256, ascii: true}),
	}
	input, given := r.text("input", data)
	if err := firstOf(r.check(), checkARN(start.StateMachineARN, "stateMachine"), checkName(start.Name)); err != nil {
		return start, err
	}
	if given {
		v, fault := parseData(input, "Invalid execution input.")
		if fault != "" {
			return start, &sfn.Error{Code: "InvalidExecutionInput",
				Message: "Invalid State Machine Execution Input: '" + fault + "'"}
		}
		start.Input = v
	}
	if h := r.header.Get("X-Amzn-Trace-Id"); start.TraceHeader == "" && len(h) <= 256 {
		start.TraceHeader = h
	}
	if trace, span, ok := exchange.ParseTraceparent(r.header.Get("Traceparent")); ok {
		start.TraceID, start.ParentSpan = trace, span
	}
	return start, nil
}

func startExecution(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	start, err := readStart(r)
	if err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:StartExecution", start.StateMachineARN); err != nil {
		return jsonval.Value{}, err
	}
	start.Subject = s.may.Subject(ctx)
	made, err := s.executions.StartExecution(ctx, start)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	return o.Grow(64+len(made.ExecutionARN)).AddString("executionArn", made.ExecutionARN).Add("startDate", timestamp(made.StartDate)).Value(), nil
}

func describeExecution(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("executionArn", arnShape)
	all := r.optional("includedData", includedData) != "METADATA_ONLY"
	if err := firstOf(r.check(), checkARN(arn, "execution")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onExecution(ctx, "states:DescribeExecution", arn); err != nil {
		return jsonval.Value{}, err
	}
	all = all && s.payloads(ctx, arn)
	x, err := s.executions.DescribeExecution(ctx, arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	o := executionItem(x)
	if all {
		o.Grow(256 + quoted(x.Input) + quoted(x.Output))
	}
	addData(o, "input", x.Input, all)
	addData(o, "output", x.Output, all)
	if all {
		addPointer(o, "error", x.Error)
		addPointer(o, "cause", x.Cause)
	}
	addText(o, "traceHeader", x.TraceHeader)
	addText(o, "redriveStatus", x.RedriveStatus)
	addText(o, "redriveStatusReason", x.RedriveReason)
	return o.Value(), nil
}

// addData writes a payload as JSON text with its details; nothing where the
// execution has none.
func addData(o *jsonval.Object, name string, v jsonval.Value, included bool) {
	if !v.Exists() {
		return
	}
	if included {
		o.AddString(name, v.Text())
	}
	o.Add(name+"Details", dataDetails(included))
}

// quoted is room for a payload as a string.
func quoted(v jsonval.Value) int { return len(v.Raw()) + len(v.Raw())/4 }

var dataIncluded, dataLeftOut = jsonval.MustParse(`{"included":true}`), jsonval.MustParse(`{"included":false}`)

// dataDetails says whether a payload is there.
func dataDetails(included bool) jsonval.Value {
	if included {
		return dataIncluded
	}
	return dataLeftOut
}

// executionItem writes the members that DescribeExecution and ListExecutions share.
func executionItem(x sfn.Execution) *jsonval.Object {
	var o jsonval.Object
	o.Grow(640).AddString("executionArn", x.ARN).AddString("stateMachineArn", x.StateMachineARN)
	addText(&o, "stateMachineVersionArn", x.VersionARN)
	addText(&o, "stateMachineAliasArn", x.AliasARN)
	o.AddString("name", x.Name).AddString("status", x.Status)
	o.Add("startDate", timestamp(x.StartDate))
	if !x.StopDate.IsZero() {
		o.Add("stopDate", timestamp(x.StopDate))
	}
	addText(&o, "mapRunArn", x.MapRunARN)
	o.AddInt("redriveCount", x.RedriveCount)
	if !x.RedriveDate.IsZero() {
		o.Add("redriveDate", timestamp(x.RedriveDate))
	}
	return &o
}

var (
	// The order is AWS's own, as its refusals print it.
	statusFilter  = text{enum: []string{"SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"}}
	redriveFilter = text{enum: []string{"REDRIVEN", "NOT_REDRIVEN"}}
)

func listExecutions(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn, byMachine := r.text("stateMachineArn", arnShape.optional())
	mapRun, byMapRun := r.text("mapRunArn", text{min: 1, max: 2000})
	in := sfn.ListExecutions{
		StateMachineARN: arn,
		Status:          r.optional("statusFilter", statusFilter),
		Page:            r.page(listToken),
	}
	if filter := r.optional("redriveFilter", redriveFilter); filter != "" {
		redriven := filter == "REDRIVEN"
		in.Redriven = &redriven
	}
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	if byMachine == byMapRun {
		return jsonval.Value{}, &sfn.Error{Code: "ValidationException",
			Message: "Exactly one of stateMachineArn and mapRunArn must be specified"}
	}
	if byMapRun {
		in.MapRunARN = mapRun
		return s.listChildren(ctx, in, in.Status == "PENDING_REDRIVE")
	}
	if err := checkARN(arn, "stateMachine"); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:ListExecutions", arn); err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	if in.Redriven != nil {
		return jsonval.Value{}, &sfn.Error{Code: "ValidationException",
			Message: "redriveFilter can only be specified together with mapRunArn"}
	}
	if in.Status == "PENDING_REDRIVE" {
		return listing("executions", list, ""), nil
	}
	found, next, err := s.executions.ListExecutions(ctx, in)
	if err != nil {
		return jsonval.Value{}, err
	}
	for _, x := range found {
		list.Add(executionItem(x).Value())
	}
	return listing("executions", list, next), nil
}

func stopExecution(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("executionArn", arnShape)
	name, cause := r.optional("error", errorShape), r.optional("cause", causeShape)
	if err := firstOf(r.check(), checkARN(arn, "execution")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onExecution(ctx, "states:StopExecution", arn); err != nil {
		return jsonval.Value{}, err
	}
	stopped, err := s.executions.StopExecution(ctx, arn, name, cause)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	return o.Add("stopDate", timestamp(stopped)).Value(), nil
}

func getExecutionHistory(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	in := sfn.HistoryPage{
		ExecutionARN: r.required("executionArn", arnShape),
		Reverse:      r.flag("reverseOrder", false),
		Page:         r.page(pageToken),
	}
	withData := r.flag("includeExecutionData", true)
	if err := firstOf(r.check(), checkARN(in.ExecutionARN, "execution")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onExecution(ctx, "states:GetExecutionHistory", in.ExecutionARN); err != nil {
		return jsonval.Value{}, err
	}
	encode := EncodeMetadata
	if s.payloads(ctx, in.ExecutionARN) {
		encode = func(ev history.Event) jsonval.Value { return EncodeEvent(ev, withData) }
	}
	events, next, err := s.executions.GetExecutionHistory(ctx, in)
	if err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	for _, ev := range events {
		list.Add(encode(ev))
	}
	return listing("events", list, next), nil
}
