package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"stile/internal/secret"
	"stile/internal/telemetry"
)

// maskHandler takes secrets out of log records, before any handler behind it sees
// them.
type maskHandler struct {
	next slog.Handler
	mask *secret.Masker
}

// MaskedLog is log without secrets.
func MaskedLog(log *slog.Logger, mask *secret.Masker) *slog.Logger {
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

// MaskedSink is next without secrets.
func MaskedSink(next telemetry.Sink, mask *secret.Masker) telemetry.Sink {
	return maskedSink{next, mask}
}

func (s maskedSink) Exchange(x *telemetry.Exchange) {
	if s.mask.Idle() {
		s.next.Exchange(x)
		return
	}
	if s.clean(x) {
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

// clean says that masking would change nothing.
func (s maskedSink) clean(x *telemetry.Exchange) bool {
	for _, text := range [...]string{x.API, x.Operation, x.Subscription, x.Subject, x.Client, x.Method, x.Path, x.Error,
		x.StateMachine, x.Execution, x.State} {
		if s.mask.MaskString(text) != text {
			return false
		}
	}
	for i := range x.Calls {
		if s.mask.MaskString(x.Calls[i].Backend) != x.Calls[i].Backend {
			return false
		}
	}
	v := x.Verdict
	return v == nil || s.mask.MaskString(v.Reason) == v.Reason && s.mask.MaskString(v.Scope) == v.Scope && s.mask.MaskString(v.At) == v.At
}

func (s maskedSink) Spans(spans []telemetry.Span) { s.next.Spans(MaskedSpans(spans, s.mask)) }

func (s maskedSink) Log(r telemetry.Record) {
	r.Message, r.Attributes = s.mask.MaskString(r.Message), maskedAttributes(r.Attributes, s.mask)
	s.next.Log(r)
}

func (s maskedSink) Event(e telemetry.Event) {
	e.Name, e.Attributes = s.mask.MaskString(e.Name), maskedAttributes(e.Attributes, s.mask)
	s.next.Event(e)
}

// MaskedSpans are spans without secrets; the same ones where they hold none.
func MaskedSpans(spans []telemetry.Span, mask *secret.Masker) []telemetry.Span {
	if mask.Idle() {
		return spans
	}
	out, changed := spans, false
	for i := range spans {
		sp := &spans[i]
		name, attributes := mask.MaskString(sp.Name), maskedAttributes(sp.Attributes, mask)
		if name == sp.Name && (len(attributes) == 0 || &attributes[0] == &sp.Attributes[0]) {
			continue
		}
		if !changed {
			out, changed = slices.Clone(spans), true
		}
		out[i].Name, out[i].Attributes = name, attributes
	}
	return out
}

func maskedAttributes(in telemetry.Attributes, mask *secret.Masker) telemetry.Attributes {
	if mask.Idle() {
		return in
	}
	out, changed := in, false
	for i := range in {
		value := mask.MaskString(in[i].Value)
		if value == in[i].Value {
			continue
		}
		if !changed {
			out, changed = slices.Clone(in), true
		}
		out[i].Value = value
	}
	return out
}
