package console

import (
	"context"
	"net/http"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Forker starts an execution that repeats another one as far as a state.
type Forker interface {
	ForkExecution(ctx context.Context, in sfn.Fork) (sfn.Started, error)
}

// fork wants the rights of a start and of all that the new execution shows of its
// source: who reads the fork reads the source's payloads and events.
func (c *console) fork(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	t, ok := texts(w, v, "name", "at")
	if !ok {
		return
	}
	set := v.Get("set")
	if set.Exists() && set.Kind() != jsonval.ObjectKind {
		failure(w, http.StatusBadRequest, "NotAnObject", "set must be an object: its members take the place of those of the state's input")
		return
	}
	merge := v.Get("merge")
	if merge.Exists() && (merge.Kind() != jsonval.ObjectKind || v.Get("input").Exists() && !v.Get("stateInput").Exists()) {
		failure(w, http.StatusBadRequest, "BadMerge", "merge must be an object, and another input of the execution does not go with it: give the members whole in set")
		return
	}
	err := c.permit(r.Context(), readPayload, sfn.ExecutionResources(x.ARN)...)
	if err == nil {
		err = c.permit(r.Context(), "states:StartExecution", sfn.MachineResources(x.StateMachineARN)...)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if set, err = c.merged(r.Context(), x.ARN, t[1], v.Get("stateInput"), set, merge); err != nil {
		c.fail(w, r, err)
		return
	}
	made, err := c.Host.ForkExecution(r.Context(), sfn.Fork{ExecutionARN: x.ARN, Name: t[0], At: t[1], Input: v.Get("input"),
		StateInput: v.Get("stateInput"), Set: set, Subject: c.Permissions.Subject(r.Context())})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	a, _ := sfn.ParseARN(made.ExecutionARN)
	var o jsonval.Object
	o.AddString("id", a.Sub).AddString("arn", made.ExecutionARN).AddString("startDate", instant(made.StartDate))
	answer(w, http.StatusCreated, o.Value())
}

// merged is set with what merge changes below the members of the state's input: of
// base, else of what the execution gave the state when it first entered it.
func (c *console) merged(ctx context.Context, arn, at string, base, set, merge jsonval.Value) (jsonval.Value, error) {
	if merge.Len() == 0 {
		return set, nil
	}
	if !base.Exists() {
		var err error
		if base, err = c.firstInput(ctx, arn, at); err != nil {
			return set, err
		}
	}
	if !set.Exists() {
		set = jsonval.EmptyObject
	}
	for _, m := range merge.Members() {
		was := base.Get(m.Name)
		if given := set.Get(m.Name); given.Exists() {
			was = given
		}
		set = set.Set(m.Name, overlay(was, m.Value))
	}
	return set, nil
}

// overlay puts the members of over in the place of base's, object by object.
func overlay(base, over jsonval.Value) jsonval.Value {
	if base.Kind() != jsonval.ObjectKind || over.Kind() != jsonval.ObjectKind {
		return over
	}
	for _, m := range over.Members() {
		base = base.Set(m.Name, overlay(base.Get(m.Name), m.Value))
	}
	return base
}

// firstInput is what a state got when it was first entered; absent where it was not:
// the host refuses the fork then.
func (c *console) firstInput(ctx context.Context, arn, at string) (jsonval.Value, error) {
	in := sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 1000}}
	for {
		events, next, err := c.Host.GetExecutionHistory(ctx, in)
		if err != nil {
			return jsonval.Value{}, err
		}
		for _, ev := range events {
			if ev.Details.Name == at && strings.HasSuffix(ev.Type, "StateEntered") && ev.Details.Input != nil {
				return ev.Details.Input.Value, nil
			}
		}
		if in.Token = next; next == "" {
			return jsonval.Value{}, nil
		}
	}
}
