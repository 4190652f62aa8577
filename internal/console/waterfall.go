package console

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// shownSpans bounds the spans of a waterfall; the control API has them all.
const shownSpans = 400

// waterfallView is an execution's trace, a lane for each visit of a state.
type waterfallView struct {
	Lanes []laneView
	// More counts spans that are not shown.
	More int
}

// laneView is one span with all that belongs to it, in order.
type laneView struct {
	spanView
	Rows []spanView
}

// spanView is a span as a bar of the trace's length: X and W are thousandths of it.
type spanView struct {
	ID, Name, Kind, Class, Since, Took, Where string
	Depth, X, W                               int
}

// waterfall lays the spans of x's trace out. What led to the execution comes first;
// what has not ended yet has no span.
func (c *console) waterfall(ctx context.Context, x sfn.Execution) (waterfallView, error) {
	if c.Traces == nil || x.TraceID == "" {
		return waterfallView{}, nil
	}
	all, err := c.Traces.Trace(x.TraceID)
	if err != nil {
		return waterfallView{}, err
	}
	return layTrace(c.visibleSpans(ctx, all), x.Span), nil
}

// layTrace is waterfall without the store; own is the execution's span.
func layTrace(spans []telemetry.Span, own string) (v waterfallView) {
	if len(spans) == 0 {
		return v
	}
	t := trace{children: map[string][]telemetry.Span{}, laid: map[string]bool{own: true}, own: own, from: spans[0].Start, to: spans[0].End}
	known := map[string]bool{own: true}
	for _, s := range spans {
		known[s.SpanID] = true
	}
	sorted := slices.SortedStableFunc(slices.Values(spans), byStart)
	for _, s := range sorted {
		parent := s.ParentID
		if !known[parent] || parent == s.SpanID {
			parent = "" // who began it is elsewhere, or was forgotten
		}
		t.children[parent] = append(t.children[parent], s)
		if s.Start.Before(t.from) {
			t.from = s.Start
		}
		if s.End.After(t.to) {
			t.to = s.End
		}
	}
	// The last are circles of parents, which no root leads to.
	for _, list := range [][]telemetry.Span{t.children[""], t.children[own], sorted} {
		for _, s := range list {
			if !t.laid[s.SpanID] {
				v.Lanes = append(v.Lanes, t.lane(s))
			}
		}
	}
	v.More = max(0, t.shown-shownSpans)
	return v
}

func byStart(a, b telemetry.Span) int {
	return cmp.Or(a.Start.Compare(b.Start), b.End.Compare(a.End), cmp.Compare(a.SpanID, b.SpanID))
}

// trace is what layTrace knows of the whole.
type trace struct {
	children map[string][]telemetry.Span
	laid     map[string]bool // own, and spans that have their place
	own      string
	from, to time.Time
	shown    int
}

func (t *trace) lane(s telemetry.Span) laneView {
	t.shown++
	t.laid[s.SpanID] = true
	l := laneView{spanView: t.view(s, 0)}
	t.below(&l, s, 1)
	return l
}

// below adds what belongs to s; the execution's own states have lanes of their own.
func (t *trace) below(l *laneView, s telemetry.Span, depth int) {
	for _, child := range t.children[s.SpanID] {
		if t.laid[child.SpanID] {
			continue
		}
		t.laid[child.SpanID] = true
		if t.shown++; t.shown <= shownSpans {
			l.Rows = append(l.Rows, t.view(child, min(depth, 6)))
		}
		t.below(l, child, depth+1)
	}
}

func (t *trace) view(s telemetry.Span, depth int) spanView {
	v := spanView{ID: s.SpanID, Name: s.Name, Kind: s.Kind, Class: Succeeded, Depth: depth,
		Since: "+" + took(s.Start.Sub(t.from)), Took: took(s.End.Sub(s.Start)), W: 1000}
	if s.Status == "error" {
		v.Class = Failed
	}
	if whole := t.to.Sub(t.from); whole > 0 {
		v.X = int(1000 * s.Start.Sub(t.from) / whole)
		v.W = min(max(4, int(1000*s.End.Sub(s.Start)/whole)), 1000-min(v.X, 996))
		v.X = min(v.X, 996)
	}
	var file string
	line := 0
	for _, a := range s.Attributes {
		switch a.Name {
		case "code.filepath":
			file = a.Value
		case "code.lineno":
			line, _ = strconv.Atoi(a.Value) // a number of ours
		}
	}
	v.Where = place(file, line)
	return v
}
