package sfnapi

import (
	"context"
	"math"
	"strconv"

	"stile/internal/sfn"
	"stile/jsonval"
)

// MapRuns is what the actions on Map Runs need of a host. An unknown Map Run is
// ResourceNotFound; UpdateMapRun of one that has ended a ValidationException.
type MapRuns interface {
	DescribeMapRun(ctx context.Context, arn string) (sfn.MapRun, error)
	ListMapRuns(ctx context.Context, executionARN string, p sfn.Page) ([]sfn.MapRun, string, error)
	UpdateMapRun(ctx context.Context, arn string, u sfn.MapRunUpdate) error
}

var (
	longARN = text{required: true, min: 1, max: 2000}
	// The page token of ListExecutions is longer than others.
	listToken = text{min: 1, max: 3096}
)

// onMapRun refuses an action on a Map Run.
func (s *server) onMapRun(ctx context.Context, action, arn string) error {
	return s.permit(ctx, action, sfn.MapRunResources(arn))
}

func describeMapRun(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("mapRunArn", longARN)
	if err := firstOf(r.check(), checkARN(arn, "mapRun")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMapRun(ctx, "states:DescribeMapRun", arn); err != nil {
		return jsonval.Value{}, err
	}
	run, err := s.mapRuns.DescribeMapRun(ctx, arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	o.AddString("mapRunArn", run.ARN).AddString("executionArn", run.ExecutionARN).AddString("status", run.Status)
	mapRunTimes(&o, run)
	o.AddInt("maxConcurrency", run.MaxConcurrency)
	o.Add("toleratedFailurePercentage", jsonval.OfFloat(run.ToleratedFailurePercentage))
	o.AddInt("toleratedFailureCount", run.ToleratedFailureCount)
	o.Add("itemCounts", mapRunCounts(run.Items)).Add("executionCounts", mapRunCounts(run.Executions))
	o.AddInt("redriveCount", run.RedriveCount)
	if !run.RedriveDate.IsZero() {
		o.Add("redriveDate", timestamp(run.RedriveDate))
	}
	return o.Value(), nil
}

func mapRunTimes(o *jsonval.Object, run sfn.MapRun) {
	o.Add("startDate", timestamp(run.StartDate))
	if !run.StopDate.IsZero() {
		o.Add("stopDate", timestamp(run.StopDate))
	}
}

func mapRunCounts(n sfn.MapRunCounts) jsonval.Value {
	var o jsonval.Object
	o.AddInt("pending", n.Pending).AddInt("running", n.Running).AddInt("succeeded", n.Succeeded).AddInt("failed", n.Failed)
	o.AddInt("timedOut", n.TimedOut).AddInt("aborted", n.Aborted).AddInt("total", n.Total)
	o.AddInt("resultsWritten", n.ResultsWritten)
	if n.PendingRedrive > 0 {
		o.AddInt("pendingRedrive", n.PendingRedrive)
	}
	return o.Value()
}

func listMapRuns(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("executionArn", arnShape)
	page := r.page(pageToken)
	if err := firstOf(r.check(), checkARN(arn, "execution")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onExecution(ctx, "states:ListMapRuns", arn); err != nil {
		return jsonval.Value{}, err
	}
	runs, next, err := s.mapRuns.ListMapRuns(ctx, arn, page)
	if err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	for _, run := range runs {
		var o jsonval.Object
		o.AddString("executionArn", run.ExecutionARN).AddString("mapRunArn", run.ARN).AddString("stateMachineArn", run.StateMachineARN)
		mapRunTimes(&o, run)
		list.Add(o.Value())
	}
	return listing("mapRuns", list, next), nil
}

func updateMapRun(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("mapRunArn", longARN)
	u := sfn.MapRunUpdate{
		MaxConcurrency:             r.whole("maxConcurrency", math.MaxInt32),
		ToleratedFailurePercentage: r.percentage("toleratedFailurePercentage"),
		ToleratedFailureCount:      r.whole("toleratedFailureCount", math.MaxInt64),
	}
	if err := firstOf(r.check(), checkARN(arn, "mapRun")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMapRun(ctx, "states:UpdateMapRun", arn); err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.mapRuns.UpdateMapRun(ctx, arn, u)
}

// whole reads a whole number that is not negative; nil where it is absent.
func (in *input) whole(name string, high int64) *int64 {
	if v := in.value.Get(name); !v.Exists() || v.IsNull() {
		return nil
	}
	n := int64(in.integer(name, 0, high))
	return &n
}

// percentage reads a number from 0 to 100; nil where it is absent.
func (in *input) percentage(name string) *float64 {
	v, ok := in.member(name, "a Float", jsonval.Number)
	if !ok {
		return nil
	}
	n, _ := v.Float()
	for _, broken := range []struct {
		is   bool
		than string
	}{{n > 100, "less than or equal to " + strconv.Itoa(100)}, {n < 0, "greater than or equal to 0"}} {
		if broken.is {
			in.broken(name, " '"+v.Text()+"'", "have value "+broken.than)
		}
	}
	return &n
}

// listChildren is ListExecutions of a Map Run.
func (s *server) listChildren(ctx context.Context, in sfn.ListExecutions, none bool) (jsonval.Value, error) {
	if err := firstOf(checkARN(in.MapRunARN, "mapRun"), s.onMapRun(ctx, "states:ListExecutions", in.MapRunARN)); err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	if none {
		return listing("executions", list, ""), nil
	}
	found, next, err := s.executions.ListExecutions(ctx, in)
	if err != nil {
		return jsonval.Value{}, err
	}
	for _, x := range found {
		list.Add(executionItem(x).AddInt("itemCount", x.ItemCount).Value())
	}
	return listing("executions", list, next), nil
}
