package telemetry

import (
	"context"
	"log/slog"
	"slices"
)

// NewLogHandler gives a handler that passes records on to next and, where next
// takes their level, to sink as well. Sinks that themselves log must do so past
// this handler, or they would export their own failures.
func NewLogHandler(next slog.Handler, sink Sink) slog.Handler {
	return &logHandler{next: next, sink: sink}
}

type logHandler struct {
	next   slog.Handler
	sink   Sink
	attrs  Attributes
	prefix string // of the groups open, each with a dot behind it
}

// Enabled asks next.
func (h *logHandler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// Handle passes the record on.
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	out := Record{Time: r.Time, Level: r.Level, Message: r.Message, Attributes: slices.Clone(h.attrs)}
	r.Attrs(func(a slog.Attr) bool {
		out.Attributes = flatten(out.Attributes, h.prefix, a)
		return true
	})
	h.sink.Log(out)
	return h.next.Handle(ctx, r)
}

// WithAttrs keeps attributes for the records that follow.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *h
	out.next, out.attrs = h.next.WithAttrs(attrs), slices.Clone(h.attrs)
	for _, a := range attrs {
		out.attrs = flatten(out.attrs, h.prefix, a)
	}
	return &out
}

// WithGroup puts a name before those that follow.
func (h *logHandler) WithGroup(name string) slog.Handler {
	out := *h
	out.next = h.next.WithGroup(name)
	if name != "" {
		out.prefix += name + "."
	}
	return &out
}

// flatten appends an attribute, a group's members with their path as name. A
// value that hides itself from slog stays hidden.
func flatten(to Attributes, prefix string, a slog.Attr) Attributes {
	v := a.Value.Resolve()
	if v.Kind() != slog.KindGroup {
		if a.Key == "" {
			return to
		}
		return append(to, Attribute{prefix + a.Key, v.String()})
	}
	if a.Key != "" {
		prefix += a.Key + "."
	}
	for _, m := range v.Group() {
		to = flatten(to, prefix, m)
	}
	return to
}
