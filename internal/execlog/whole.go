package execlog

import (
	"context"

	"stile/asl/history"
	"stile/internal/sfn"
)

// whole gives the events of an entry with their payloads. Those that cannot be read
// any more stay without.
func (l *Log) whole(ctx context.Context, e entry) []history.Event {
	first := int64(0) // the first event with a payload by number
	for _, ev := range e.events {
		if first == 0 && unread(ev) {
			first = ev.ID
		}
	}
	if first == 0 || !e.withData || l.cfg.History == nil {
		return e.events
	}
	read := map[int64]history.Event{}
	page := sfn.HistoryPage{ExecutionARN: e.arn, Reverse: true, Page: sfn.Page{Max: 100}}
	for {
		events, next, err := l.cfg.History(ctx, page)
		if err != nil || len(events) == 0 {
			return e.events
		}
		for _, ev := range events {
			read[ev.ID] = ev
		}
		if next == "" || events[len(events)-1].ID <= first {
			break
		}
		page.Token = next
	}
	out := append([]history.Event(nil), e.events...)
	for i, ev := range out {
		if full, ok := read[ev.ID]; ok && unread(ev) {
			out[i] = full
		}
	}
	return out
}

// unread reports whether an event has a payload by its number alone.
func unread(ev history.Event) bool {
	for _, p := range []*history.Payload{ev.Details.Input, ev.Details.Output, ev.Details.Parameters} {
		if p != nil && p.Blob != 0 && !p.Value.Exists() {
			return true
		}
	}
	return false
}
