package console

import (
	"context"
	"net/http"

	"stile/internal/diverge"
	"stile/internal/sfn"
	"stile/jsonval"
)

// diff answers where the execution ?with=ID differs from the path's. It wants the
// right to read both histories, and compares payloads and calls as far as the caller
// may read them of both.
func (c *console) diff(w http.ResponseWriter, r *http.Request, a sfn.Execution) {
	ctx, q := r.Context(), r.URL.Query()
	if q.Get("with") == "" {
		failure(w, http.StatusBadRequest, "BadQuery", "name the other execution in with")
		return
	}
	b, err := c.findFor(ctx, q.Get("with"), readHistory)
	if err == nil {
		err = c.permit(ctx, readHistory, sfn.ExecutionResources(b.ARN)...)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	both := func(action string) bool {
		return c.may(ctx, action, sfn.ExecutionResources(a.ARN)...) && c.may(ctx, action, sfn.ExecutionResources(b.ARN)...)
	}
	o := diverge.Options{Data: both(readPayload), Calls: both(readTrace), Exact: q.Get("exact") == "true"}
	var sides [2]diverge.Side
	for i, x := range [...]sfn.Execution{a, b} {
		if sides[i], err = c.side(ctx, x, o.Calls); err != nil {
			c.fail(w, r, err)
			return
		}
	}
	answerStruct(w, struct {
		A           jsonval.Value `json:"a"`
		B           jsonval.Value `json:"b"`
		Definitions string        `json:"definitions,omitempty"`
		DataHidden  bool          `json:"dataHidden,omitempty"`
		CallsHidden bool          `json:"callsHidden,omitempty"`
		diverge.Report
	}{executionJSON(a).Value(), executionJSON(b).Value(), c.definitions(ctx, a, b), !o.Data, !o.Calls, diverge.Compare(sides[0], sides[1], o)})
}

// side reads what is compared of one execution.
func (c *console) side(ctx context.Context, x sfn.Execution, calls bool) (s diverge.Side, err error) {
	if x.HistoryDropped {
		return s, &sfn.Error{Code: "ConflictException", Message: "The history of execution " + x.Name + " is kept no more"}
	}
	s.Execution = x
	if s.Events, err = c.history(ctx, x.ARN, 0); err == nil && calls {
		s.Calls, err = c.Host.Calls(ctx, x.ARN)
	}
	return s, err
}

// definitions says whether both took the same definition: same, different, or empty
// where the caller may not know.
func (c *console) definitions(ctx context.Context, a, b sfn.Execution) string {
	var text [2]string
	for i, x := range [...]sfn.Execution{a, b} {
		if !c.may(ctx, readDefinition, sfn.ExecutionResources(x.ARN)...) {
			return ""
		}
		m, err := c.Host.DescribeStateMachineForExecution(ctx, x.ARN)
		if err != nil {
			return ""
		}
		text[i] = m.ARN + "\n" + m.Definition
	}
	if text[0] == text[1] {
		return "same"
	}
	return "different"
}
