package app

import (
	"context"
	"time"

	"stile/asl"
	"stile/diag"
	"stile/internal/apim"
	"stile/internal/audit"
	"stile/internal/callback"
	"stile/internal/config/doctree"
	"stile/internal/contract"
	"stile/internal/files"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// approval is how the page shows a state that waits, as the project says now.
func (s *server) approval(machine, state string) *callback.Approval {
	p := s.current.Load()
	for i := range p.StateMachines {
		if m := &p.StateMachines[i]; m.Name == machine {
			if o := m.State(state); o != nil {
				return o.Approval
			}
		}
	}
	return nil
}

// approvalFaults tells of approvals of states that are not there, or that wait for
// no token.
func approvalFaults(p *files.Project, machines []contract.Machine) (out diag.List) {
	programs := map[string]*asl.Program{}
	for _, m := range machines {
		programs[m.Source.File()] = m.Program
	}
	for i := range p.StateMachines {
		m := &p.StateMachines[i]
		program := programs[m.File]
		if program == nil {
			continue // its own faults are told
		}
		for _, o := range m.States {
			if fault, hint := wrongState(program, o); fault != "" {
				out = append(out, diag.Diagnostic{Code: doctree.CodeValue, Severity: diag.Error, File: m.Options,
					Line: o.Line, Column: o.Column, Message: fault, Hint: hint})
			}
		}
	}
	return out
}

// wrongState says what is wrong with a state's options; empty for nothing.
func wrongState(program *asl.Program, o files.StateOptions) (fault, hint string) {
	state := program.States[o.Name]
	switch {
	case state == nil:
		var names []string
		for _, st := range program.Ordered {
			names = append(names, st.Name)
		}
		hint = "write the name of a state of the definition"
		if near, ok := diag.Nearest(o.Name, names); ok {
			hint = "did you mean " + near + "?"
		}
		return "states names " + o.Name + ", which is no state of the definition", hint
	case o.Approval != nil && (state.Task == nil || state.Task.Pattern != "waitForTaskToken"):
		return "state " + o.Name + " has an approval and waits for no token",
			"only a Task whose Resource ends in .waitForTaskToken waits for one"
	case o.Limit != 0 && state.Task == nil:
		return "state " + o.Name + " has a limit and is no Task", "limits are of Tasks; in a Parallel or Map give them to the Tasks within"
	}
	return "", ""
}

// auditedCallbacks are the callbacks for operators: what changes something is
// recorded before it returns.
type auditedCallbacks struct {
	*callback.Callbacks
	audit *auditor
}

// Complete answers an attempt and records who did.
func (c auditedCallbacks) Complete(ctx context.Context, ref sfn.CallbackRef, a callback.Answer, by sfn.Sender) (sfn.DeliveryAnswer, error) {
	got, err := c.Callbacks.Complete(ctx, ref, a, by)
	if err != nil || got != sfn.Accepted {
		return got, err
	}
	e := audit.Entry{Action: "states:SendTaskSuccess", After: audit.Digest(a.Output.Raw())}
	if a.Fail {
		e.Action, e.After = "states:SendTaskFailure", audit.Digest([]byte(a.Error+"\x00"+a.Cause))
	}
	return got, c.record(ctx, by, ref, e, "")
}

// Revoke makes a URL worth nothing and records who did.
func (c auditedCallbacks) Revoke(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) error {
	err := c.Callbacks.Revoke(ctx, ref, by)
	if err == nil {
		err = c.record(ctx, by, ref, audit.Entry{Action: "states:SendTaskFailure"}, sfn.KindRevoke)
	}
	return err
}

// Resend sends a request once more and records who did, also where the receiver
// did not take it.
func (c auditedCallbacks) Resend(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) (sfn.Resent, error) {
	r, err := c.Callbacks.Resend(ctx, ref, by)
	if err == nil {
		err = c.record(ctx, by, ref, audit.Entry{Action: "states:SendTaskSuccess"}, sfn.KindResend)
	}
	return r, err
}

func (c auditedCallbacks) record(ctx context.Context, by sfn.Sender, ref sfn.CallbackRef, e audit.Entry, what string) error {
	e.Resource = ref.ExecutionARN
	var o jsonval.Object
	o.AddString("callback", ref.ID())
	if what != "" {
		o.AddString("operation", what)
	}
	e.Verdict = o.Value()
	return c.audit.record(ctx, by.Via, e)
}

// recordLimit bounds how long an exchange that is over waits for its record.
const recordLimit = 5 * time.Second

// endedCallback records a delivery that a policy ended before it came to its task.
func (s *server) endedCallback(ex *exchange.Exchange) {
	if ex.API == nil || ex.API.ID != apim.CallbacksID {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), recordLimit)
	defer cancel()
	if err := s.callbacks.Ended(ctx, ex); err != nil {
		s.log.Error("a refused delivery cannot be recorded", "error", err)
	}
}

// RecordDelivery keeps a delivery's name without what was secret in it.
func (h maskedDeliveries) RecordDelivery(ctx context.Context, d sfn.Delivery, r sfn.DeliveryRecord) error {
	d.ID = h.mask.MaskString(d.ID)
	return h.Host.RecordDelivery(ctx, d, r)
}

// CompleteCallback completes a task for an operator with what is left: what people
// paste may hold a secret as well.
func (h maskedDeliveries) CompleteCallback(ctx context.Context, ref sfn.CallbackRef, d sfn.Delivery) (sfn.DeliveryAnswer, error) {
	d.Output, d.Error, d.Cause = h.mask.MaskJSON(d.Output), h.mask.MaskString(d.Error), h.mask.MaskString(d.Cause)
	return h.Host.CompleteCallback(ctx, ref, d)
}
