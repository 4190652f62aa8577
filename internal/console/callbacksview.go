package console

import (
	"context"

	"stile/internal/callback"
	"stile/internal/sfn"
	"stile/jsonval"
)

// callbacksView is an execution's callbacks for its page.
type callbacksView struct {
	open []callback.Open
	// Open wait; Deliveries is what happened, in the order of time; NotKept counts
	// older ones that made room.
	Open       []openView
	Deliveries []deliveryView
	NotKept    uint64
}

// openView is one callback that waits. Mine says that the caller may complete it.
type openView struct {
	ID, State          string
	Attempt            uint32
	Since, Expires     instantView
	Revoked, Mine      bool
	Machine, Execution string
}

// deliveryView is one line of the timeline.
type deliveryView struct {
	sfn.DeliveryRecord
	When instantView
	// Good says that it did what its sender wanted.
	Good bool
}

func (c *console) callbacksOf(ctx context.Context, arn string) (v callbacksView, err error) {
	if c.Callbacks == nil {
		return v, nil
	}
	if v.open, err = c.Callbacks.Of(ctx, arn); err != nil {
		return v, err
	}
	for _, o := range v.open {
		v.Open = append(v.Open, openView{ID: o.Ref.ID(), State: o.State, Attempt: o.Ref.Attempt, Since: viewOfTime(o.Since), Expires: viewOfTime(o.Expires),
			Revoked: o.Revoked, Mine: len(c.mine(ctx, []callback.Open{o})) > 0, Machine: o.StateMachine, Execution: o.Execution})
	}
	happened, err := c.Callbacks.Deliveries(ctx, arn)
	for _, r := range happened.Records {
		good := r.Answer == sfn.Accepted.String() || r.Answer == sfn.Repeated.String() || r.Answer == sfn.AnswerDone
		v.Deliveries = append(v.Deliveries, deliveryView{r, viewOfTime(r.Time), good})
	}
	v.NotKept = happened.NotKept
	return v, err
}

func (d deliveryView) json() jsonval.Value {
	var o, verdict jsonval.Object
	o.AddString("time", instant(d.Time)).Add("state", textOrNull(d.State)).AddInt("command", int64(d.Command)).AddInt("attempt", int64(d.Attempt))
	o.AddString("kind", d.Kind).AddString("answer", d.Answer).AddString("via", d.Via)
	if d.Status != 0 {
		o.AddInt("status", int64(d.Status))
	}
	for _, m := range [][2]string{{"client", d.Client}, {"subject", d.Subject}, {"webhookId", d.ID}, {"digest", d.Digest}} {
		if m[1] != "" {
			o.AddString(m[0], m[1])
		}
	}
	if d.Policy != "" || d.Reason != "" {
		verdict.Add("policy", textOrNull(d.Policy)).Add("at", textOrNull(d.At)).Add("reason", textOrNull(d.Reason))
		o.Add("verdict", verdict.Value())
	}
	return o.Value()
}
