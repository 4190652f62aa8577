// Package meter is the policies that measure: token limits and token metrics of
// language models, and metrics of one's own.
//
// It is a part of internal/policies, whose table takes Descriptors; counting itself is
// internal/llm's and policy.Counters'.
//
// Invariants: a streamed answer is never held back; what an answer cost is counted
// once, also where it breaks off; a metric never makes an exchange wait.
package meter

import (
	"context"
	"io"

	"stile/internal/llm"
	"stile/policy"
	"stile/policy/exchange"
)

// exchangeUsage is what one exchange with a language model costs: made by the first
// policy that asks, told to all that do when it is known.
type exchangeUsage struct {
	request   llm.Request
	listeners []listener
	told      bool
}

// listener hears what an exchange cost: before outbound where the answer came
// whole, else at the end of the stream.
type listener func(ctx context.Context, u llm.Usage, streamed bool)

type usageKey struct{}

// usageOf gives the exchange's usage. It reads the request's body, and asks the
// backend for an answer that is not compressed: what is counted must be readable.
func usageOf(ex *exchange.Exchange, env *policy.Env) (*exchangeUsage, error) {
	if u, ok := env.Kept(usageKey{}).(*exchangeUsage); ok {
		return u, nil
	}
	data, err := ex.Request.Body.Bytes()
	if err != nil {
		return nil, &policy.Failure{Reason: policy.ReasonClient, Message: err.Error()}
	}
	u := &exchangeUsage{request: llm.ReadRequest(data)}
	ex.Request.Header.Set("Accept-Encoding", "identity")
	env.Keep(usageKey{}, u)
	env.OnAnswer(func(ctx context.Context) { u.answered(ctx, ex) })
	return u, nil
}

// answered reads a whole answer's usage, or counts a stream while it passes.
func (u *exchangeUsage) answered(ctx context.Context, ex *exchange.Exchange) {
	status, kind := ex.Response.StatusCode, ex.Response.Header.Get("Content-Type")
	switch {
	case status < 200 || status > 299:
		return
	case llm.EventStream(kind) && ex.Response.Body.Streaming():
		body := ex.Response.Body
		// The stream may end when the exchange's context has: what is counted is counted
		// all the same.
		late := context.WithoutCancel(ctx)
		s := &countedStream{ReadCloser: body.Reader()}
		s.done = func() { u.tell(late, s.seen.Usage(u.request.Prompt), true) }
		ex.Response.Body = exchange.Stream(s, body.Length())
	case llm.EventStream(kind), llm.JSON(kind):
		data, err := ex.Response.Body.Bytes()
		if err != nil {
			return // whoever sends the body on fails by it
		}
		if llm.EventStream(kind) {
			var s llm.Stream
			s.Write(data)
			s.Write([]byte("\n"))
			u.tell(ctx, s.Usage(u.request.Prompt), false)
		} else if usage, ok := llm.ReadAnswer(data); ok {
			u.tell(ctx, usage, false)
		}
	}
}

func (u *exchangeUsage) tell(ctx context.Context, usage llm.Usage, streamed bool) {
	if u.told {
		return
	}
	u.told = true
	for _, f := range u.listeners {
		f(ctx, usage, streamed)
	}
}

// countedStream is a streamed answer that is counted while it is read. It holds
// nothing back: what was read is passed on and then looked at.
type countedStream struct {
	io.ReadCloser
	seen llm.Stream
	done func()
}

// Read reads and counts.
func (s *countedStream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.seen.Write(p[:n])
	if err != nil {
		s.end()
	}
	return n, err
}

// Close closes the stream; what came until then counts.
func (s *countedStream) Close() error {
	s.end()
	return s.ReadCloser.Close()
}

func (s *countedStream) end() {
	if done := s.done; done != nil {
		s.done = nil
		s.seen.Write([]byte("\n"))
		done()
	}
}
