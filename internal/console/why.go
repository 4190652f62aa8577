package console

import (
	"context"
	"net/http"
	"slices"

	"stile/internal/sfn"
	"stile/internal/why"
)

// Why says what holds executions.
type Why interface {
	// Explain answers for executions in their order; one that was deleted meanwhile is
	// passed over. payloads says that the asker may read errors and causes.
	Explain(ctx context.Context, payloads bool, arns ...string) ([]why.Answer, error)
}

// Bounds of a summary: how many open executions it counts, and looks at.
const (
	whyCounted = 100_000
	whyRead    = 500
)

func (c *console) whyAPI(mux *http.ServeMux) {
	mux.HandleFunc("GET /-/v1/executions/{id}/why", c.executionFor(readTrace, c.showWhy))
	mux.HandleFunc("GET /-/v1/why", c.showHeld)
}

// explain answers for one execution that the caller may trace.
func (c *console) explain(ctx context.Context, arn string) (why.Answer, error) {
	if c.Why == nil {
		return why.Answer{}, &sfn.Error{Code: "NotFound", Message: "this server explains no executions"}
	}
	answers, err := c.Why.Explain(ctx, c.may(ctx, readPayload, sfn.ExecutionResources(arn)...), arn)
	if err == nil && len(answers) == 0 {
		err = sfn.ExecutionDoesNotExist(arn)
	}
	if err != nil {
		return why.Answer{}, err
	}
	return answers[0], nil
}

func (c *console) showWhy(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	a, err := c.explain(r.Context(), x.ARN)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	answerStruct(w, a)
}

// showHeld answers what holds all open executions that the caller may trace and
// that do not go on as they should.
func (c *console) showHeld(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	var look []string
	open, unread := 0, 0
	in := sfn.ListExecutions{Status: sfn.Running, Page: sfn.Page{Max: 1000}}
	for open < whyCounted {
		found, next, err := c.visible(ctx, in)
		if err != nil {
			c.fail(w, r, err)
			return
		}
		for _, x := range found {
			open++
			switch {
			case goesOn(x.Health.Status) || !c.may(ctx, readTrace, sfn.ExecutionResources(x.ARN)...):
			case len(look) == whyRead:
				unread++
			default:
				look = append(look, x.ARN)
			}
		}
		if in.Max, in.Token = 1000, next; next == "" {
			break
		}
	}
	var answers []why.Answer
	if c.Why != nil && len(look) > 0 {
		var err error
		if answers, err = c.Why.Explain(ctx, false, look...); err != nil {
			c.fail(w, r, err)
			return
		}
	}
	s := why.Summarize(answers)
	s.Open, s.Unread = open, unread
	answerStruct(w, s)
}

// goesOn: an execution's health says that nobody need look. One without a health
// is looked at.
func goesOn(h sfn.HealthStatus) bool {
	return slices.Contains([]sfn.HealthStatus{sfn.Healthy, sfn.Waiting, sfn.Retrying}, h)
}

// whyView is the paragraph of an execution's page.
type whyView struct {
	Paragraph, Health, Cause string
	// Where is what to look at, file:line of today; Was where it stood when it held.
	Where, Was   string
	Gone         bool
	Since, Until instantView
	Commands     []string
}

// viewOfWhy is an answer as the page shows it.
func viewOfWhy(a why.Answer) *whyView {
	v := &whyView{Paragraph: a.Paragraph, Health: string(a.Health), Cause: string(a.Cause), Commands: a.Commands}
	if a.Place != nil {
		v.Where, v.Was, v.Gone = place(a.Place.File, a.Place.Line), a.Place.Was, a.Place.Gone
	}
	if a.Since != nil {
		v.Since = viewOfTime(*a.Since)
	}
	if a.Until != nil {
		v.Until = viewOfTime(*a.Until)
	}
	return v
}

// whyOf is what the page of an execution shows of its cause; nil for who may not
// trace it, and where nothing can be said.
func (c *console) whyOf(ctx context.Context, arn string) *whyView {
	if c.Why == nil || !c.may(ctx, readTrace, sfn.ExecutionResources(arn)...) {
		return nil
	}
	a, err := c.explain(ctx, arn)
	if err != nil {
		c.Log.Error("an execution could not be explained", "execution", arn, "error", err.Error())
		return nil
	}
	return viewOfWhy(a)
}
