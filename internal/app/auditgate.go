package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"stile/internal/apim"
	"stile/internal/audit"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/internal/workflow"
	"stile/jsonval"
	"stile/policy/exchange"
)

// caller is who a gateway's exchange comes from: a state or role, a subscription,
// or nobody that was proven.
func caller(ex *exchange.Exchange) string {
	switch p := ex.Principal; {
	case p != nil && p.Claims().Execution != "":
		return "state:" + p.Claims().Subject
	case p != nil:
		return p.Claims().Subject
	case ex.Subscription != nil:
		return "subscription:" + ex.Subscription.ID
	}
	return identity.Caller{}.String()
}

// subjectOf tells whom a token was about that the pipeline verified, where one was.
func subjectOf(ex *exchange.Exchange) jsonval.Value {
	if ex.Subject == "" {
		return jsonval.Value{}
	}
	var o jsonval.Object
	return o.AddString("subject", ex.Subject).Value()
}

// workflows records the executions that operations start.
func (a *auditor) workflows(next exchange.Caller, region, account string) exchange.Caller {
	return exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
		input, _ := ex.Request.Body.Bytes() // next reads it too, and says what is wrong
		err := next.Do(ctx, ex)
		if ex.Request.Method != http.MethodPost {
			return err
		}
		// A version or an alias may stand behind the name.
		machine, _, _ := strings.Cut(ex.Backend.BaseURL[min(len(workflow.Prefix), len(ex.Backend.BaseURL)):], ":")
		arn := sfn.StateMachineARN(region, account, machine)
		if err != nil && ctx.Err() != nil && a.isExpress != nil && a.isExpress(arn) { // it goes on without its caller
			return errors.Join(err, a.append(ctx, audit.Entry{Actor: caller(ex), Via: "gateway", Action: "states:StartSyncExecution", Resource: arn,
				Decision: audit.Allowed, Trace: ex.Trace.TraceID, After: audit.Digest(input), Verdict: subjectOf(ex)}))
		}
		if err != nil || !workflow.Started(ex.Response.StatusCode) {
			return err
		}
		body, _ := ex.Response.Body.Bytes() // made in this process
		v, _ := jsonval.Parse(body)
		id, _ := v.Get("id").Str()
		e := audit.Entry{Actor: caller(ex), Via: "gateway", Action: "states:StartExecution",
			Resource: sfn.ExecutionARN(region, account, machine, id), Decision: audit.Allowed,
			Trace: ex.Trace.TraceID, After: audit.Digest(input), Verdict: subjectOf(ex)}
		if ex.Response.StatusCode != http.StatusAccepted { // an EXPRESS execution, which has ended
			e.Action, e.Resource = "states:StartSyncExecution", arn
		}
		return a.append(ctx, e)
	})
}

// deliveries records what came on callback URLs, refused ones too.
func (a *auditor) deliveries(next exchange.Caller) exchange.Caller {
	return exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
		body, _ := ex.Request.Body.Bytes() // next reads it too, and says what is wrong
		err := next.Do(ctx, ex)
		if err != nil {
			return err
		}
		e := a.delivery(ex)
		e.After = audit.Digest(body)
		if e.Decision == audit.Allowed {
			return a.append(ctx, e)
		}
		a.refused(ctx, e)
		return nil
	})
}

// refused notes a delivery that changed nothing, within the bound of refusals.
func (a *auditor) refused(ctx context.Context, e audit.Entry) {
	left, ok := a.callbacks.admit(time.Now())
	if !ok {
		return
	}
	if left > 0 {
		var o jsonval.Object
		for _, m := range e.Verdict.Members() {
			o.Add(m.Name, m.Value)
		}
		e.Verdict = o.AddInt("notRecordedBefore", int64(left)).Value()
	}
	a.note(ctx, e)
}

// delivery is the entry of one POST on a callback URL, by the answer it got.
func (a *auditor) delivery(ex *exchange.Exchange) audit.Entry {
	e := audit.Entry{Actor: caller(ex), Via: "gateway", Action: "states:SendTaskSuccess", Decision: audit.Allowed, Trace: ex.Trace.TraceID,
		Verdict: subjectOf(ex)}
	operation := "complete"
	if ex.Operation != nil && ex.Operation.ID == "fail" {
		operation, e.Action = "fail", "states:SendTaskFailure"
	}
	for _, p := range ex.Request.Matched {
		if p.Name == "token" {
			e.Resource = a.execution(p.Value)
		}
	}
	if e.Resource == "" {
		e.Resource = "api/" + apim.CallbacksID + "/operation/" + operation
	}
	if status := ex.Response.StatusCode; status != http.StatusOK {
		var o jsonval.Object
		e.Decision, e.Verdict = audit.Denied, o.AddInt("status", int64(status)).Value()
	}
	return e
}

// refusedDelivery records a callback that a policy refused: it never came to
// deliveries.
func (a *auditor) refusedDelivery(ex *exchange.Exchange) {
	if ex.API == nil || ex.API.ID != apim.CallbacksID || ex.Verdict == nil {
		return
	}
	e := a.delivery(ex)
	var o jsonval.Object
	o.AddString("policy", ex.Verdict.Policy).AddString("reason", ex.Verdict.Reason).AddInt("status", int64(ex.Verdict.Status))
	e.Decision, e.Role, e.Verdict = audit.Denied, placeOf(ex.Verdict.File, ex.Verdict.Line), o.Value()
	a.refused(context.Background(), e)
}
