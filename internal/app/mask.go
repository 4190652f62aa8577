package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"stile/internal/callback"
	"stile/internal/files"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// maskHandler takes secrets out of log records, before any handler behind it sees
// them.
type maskHandler struct {
	next slog.Handler
	mask *secret.Masker
}

// maskedLog is log without secrets.
func maskedLog(log *slog.Logger, mask *secret.Masker) *slog.Logger {
	return slog.New(&maskHandler{log.Handler(), mask})
}

func (h *maskHandler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h *maskHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.mask.Idle() {
		return h.next.Handle(ctx, r)
	}
	out := slog.NewRecord(r.Time, r.Level, h.mask.MaskString(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, out)
}

func (h *maskHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	masked := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		masked[i] = h.attr(a)
	}
	return &maskHandler{h.next.WithAttrs(masked), h.mask}
}

func (h *maskHandler) WithGroup(name string) slog.Handler {
	return &maskHandler{h.next.WithGroup(name), h.mask}
}

// attr masks a text, and whatever prints as a text that needs it.
func (h *maskHandler) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(h.mask.MaskString(v.String()))
	case slog.KindGroup:
		members := slices.Clone(v.Group())
		for i, m := range members {
			members[i] = h.attr(m)
		}
		a.Value = slog.GroupValue(members...)
	case slog.KindAny:
		a.Value = h.any(v)
	}
	return a
}

// any masks a value in whichever way the handlers behind may print it.
func (h *maskHandler) any(v slog.Value) slog.Value {
	plain := fmt.Sprint(v.Any())
	if text, ok := v.Any().([]byte); ok {
		plain = string(text)
	}
	forms := []string{plain, fmt.Sprintf("%+v", v.Any())}
	if text, err := json.Marshal(v.Any()); err == nil {
		forms = append(forms, string(text))
	}
	for _, form := range forms {
		if h.mask.MaskString(form) != form {
			return slog.StringValue(h.mask.MaskString(plain))
		}
	}
	return v
}

// maskedSink takes secrets out of what the sinks behind it get.
type maskedSink struct {
	next telemetry.Sink
	mask *secret.Masker
}

func (s maskedSink) Exchange(x *telemetry.Exchange) {
	if s.mask.Idle() {
		s.next.Exchange(x)
		return
	}
	out := *x
	for _, text := range []*string{&out.API, &out.Operation, &out.Subscription, &out.Subject, &out.Client, &out.Method, &out.Path, &out.Error,
		&out.StateMachine, &out.Execution, &out.State} {
		*text = s.mask.MaskString(*text)
	}
	if x.Verdict != nil {
		v := *x.Verdict
		v.Reason, v.Scope, v.At = s.mask.MaskString(v.Reason), s.mask.MaskString(v.Scope), s.mask.MaskString(v.At)
		out.Verdict = &v
	}
	out.Calls = slices.Clone(x.Calls)
	for i := range out.Calls {
		out.Calls[i].Backend = s.mask.MaskString(out.Calls[i].Backend)
	}
	s.next.Exchange(&out)
}

func (s maskedSink) Spans(spans []telemetry.Span) { s.next.Spans(maskedSpans(spans, s.mask)) }

func (s maskedSink) Log(r telemetry.Record) {
	r.Message, r.Attributes = s.mask.MaskString(r.Message), maskedAttributes(r.Attributes, s.mask)
	s.next.Log(r)
}

func (s maskedSink) Event(e telemetry.Event) {
	e.Name, e.Attributes = s.mask.MaskString(e.Name), maskedAttributes(e.Attributes, s.mask)
	s.next.Event(e)
}

// maskedSpans are spans without secrets; the same ones where none is known.
func maskedSpans(spans []telemetry.Span, mask *secret.Masker) []telemetry.Span {
	if mask.Idle() {
		return spans
	}
	out := slices.Clone(spans)
	for i := range out {
		out[i].Name, out[i].Attributes = mask.MaskString(out[i].Name), maskedAttributes(out[i].Attributes, mask)
	}
	return out
}

func maskedAttributes(in telemetry.Attributes, mask *secret.Masker) telemetry.Attributes {
	if mask.Idle() {
		return in
	}
	out := slices.Clone(in)
	for i := range out {
		out[i].Value = mask.MaskString(out[i].Value)
	}
	return out
}

// maskedDeliveries takes secrets out of what a callback brings, before it is
// journalled: a service outside may send back what it was sent.
type maskedDeliveries struct {
	callback.Host
	mask *secret.Masker
}

// Deliver completes a task with what is left.
func (h maskedDeliveries) Deliver(ctx context.Context, d sfn.Delivery) (sfn.DeliveryAnswer, error) {
	d.Output, d.Error, d.Cause = h.mask.MaskJSON(d.Output), h.mask.MaskString(d.Error), h.mask.MaskString(d.Cause)
	d.ID = h.mask.MaskString(d.ID)
	return h.Host.Deliver(ctx, d)
}

// sourceCredentials are the variables that vaults and the source of managed
// identities are asked with.
var sourceCredentials = []string{"AZURE_CLIENT_SECRET", "VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "IDENTITY_HEADER"}

// know registers the secrets that come from no source: what sources are asked with,
// and what stands in a project's files themselves, keys of subscriptions and named
// values that say secret. taking is held.
func (x *secrets) know(p *files.Project) {
	now := map[string]bool{}
	keep := func(owner string, v secret.Value) {
		now[owner] = true
		x.mask.Keep(owner, v)
	}
	for _, nv := range p.APIM.NamedValues {
		if nv.Secret && nv.Ref.IsZero() {
			keep("named-value/"+nv.ID, secret.NewValue(nv.Value))
		}
	}
	for _, sub := range p.APIM.Subscriptions {
		for i, k := range sub.Keys {
			if k.Ref.IsZero() {
				keep(fmt.Sprintf("subscription/%s/%d", sub.ID, i), k.Value)
			}
		}
	}
	for _, name := range sourceCredentials {
		keep("environment/"+name, secret.NewValue(os.Getenv(name)))
	}
	if text, err := secret.ReadFile(x.ageIdentity()); err == nil {
		for i, line := range strings.Split(string(text), "\n") {
			if !strings.HasPrefix(line, "#") {
				keep(fmt.Sprintf("age-identity/%d", i), secret.NewValue(strings.TrimSpace(line)))
			}
		}
	}
	for owner := range x.known {
		if !now[owner] {
			x.mask.Drop(owner)
		}
	}
	x.known = now
}

// maskedAnswers takes secrets out of what workers answer through AWS's API.
type maskedAnswers struct {
	auditedHost
	mask *secret.Masker
}

// SendTaskSuccess completes a task with what is left.
func (h maskedAnswers) SendTaskSuccess(ctx context.Context, token string, output jsonValue) error {
	return h.auditedHost.SendTaskSuccess(ctx, token, h.mask.MaskJSON(output))
}

// SendTaskFailure fails a task with what is left.
func (h maskedAnswers) SendTaskFailure(ctx context.Context, token, errorName, cause string) error {
	return h.auditedHost.SendTaskFailure(ctx, token, h.mask.MaskString(errorName), h.mask.MaskString(cause))
}
