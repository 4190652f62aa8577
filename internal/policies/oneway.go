package policies

import (
	"context"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// sendOneWayRequest is
// https://learn.microsoft.com/azure/api-management/send-one-way-request-policy. The
// request is made by the policy and sent beside the exchange, which does not wait for
// it; where the gateway has too many under way, it is dropped and told of.
var sendOneWayRequest = policy.Descriptor{
	Name: "send-one-way-request", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "mode", Expression: true, Values: []string{"new", "copy"}, Default: "new"},
			{Name: "timeout", Expression: true, Kind: policy.IntKind, Default: "60"},
		},
		Children: sentParts,
	},
	Doc: "Sends a request of its own without waiting for the answer.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		return newSender(c, e).release
	},
}

// release sends the request beside the exchange.
func (s *sender) release(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	own, err := s.request(ctx, ex, env)
	if err != nil {
		return err
	}
	wait, err := duration(s.timeout, time.Second, ex, env)
	if err != nil {
		return err
	}
	// What goes on beside the exchange shares nothing with it that changes.
	own.Variables, own.Decisions, own.Calls, own.Recording = nil, nil, nil, nil
	target := own.Request.Method + " " + own.Backend.BaseURL
	apart := env.Apart()
	if !env.Beside(ctx, func(ctx context.Context) {
		if policy.Forward(ctx, own, apart, policy.ForwardOptions{Timeout: wait, Forwarding: exchange.Forwarding{HTTPVersion: "1"}}) == nil {
			_ = own.Response.Body.Close() // nobody reads the answer
		}
	}) {
		env.Note(target + " was dropped: too many such requests are under way")
		return nil
	}
	env.Note(target)
	return nil
}
