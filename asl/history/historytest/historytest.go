// Package historytest reads histories off the wire for tests and holds them
// against the rules of history.Check.
//
// It knows of an event what the rules need, no payloads. Tests of servers call it,
// and nothing else does.
package historytest

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"stile/asl/history"
)

// Parse reads one event of GetExecutionHistory's answer; its timestamp is a number
// of seconds or a text of RFC 3339, anything else counts as 0.
func Parse(raw []byte) (history.Event, error) {
	var head struct {
		ID              int64           `json:"id"`
		PreviousEventID int64           `json:"previousEventId"`
		Type            string          `json:"type"`
		Timestamp       json.RawMessage `json:"timestamp"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return history.Event{}, err
	}
	e := history.Event{ID: head.ID, Previous: head.PreviousEventID, Type: head.Type, Time: millis(head.Timestamp)}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return history.Event{}, err
	}
	if details := members[history.DetailsMember(e.Type)]; details != nil {
		var d struct {
			Name  string `json:"name"`
			State string `json:"state"`
			Index *int64 `json:"index"`
		}
		if err := json.Unmarshal(details, &d); err != nil {
			return history.Event{}, err
		}
		e.Details.Name, e.Details.State, e.Details.Index = d.Name, d.State, d.Index
	}
	return e, nil
}

func millis(raw json.RawMessage) int64 {
	var seconds float64
	if json.Unmarshal(raw, &seconds) == nil {
		return int64(math.Round(seconds * 1000))
	}
	var text string
	_ = json.Unmarshal(raw, &text) // no text is no time
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0
	}
	return at.UnixMilli()
}

// Wrong gives what is wrong with a whole history of the wire's events, and the
// error of one that cannot be read as such.
func Wrong(events []json.RawMessage) []string {
	list := make([]history.Event, len(events))
	for i, raw := range events {
		var err error
		if list[i], err = Parse(raw); err != nil {
			return []string{fmt.Sprintf("event %d: %v", i+1, err)}
		}
	}
	return history.Check(list)
}

// Answer checks the history in an answer of GetExecutionHistory, where it begins with
// the first event: a later page, or one backwards, says too little.
func Answer(t testing.TB, answer []byte) {
	t.Helper()
	var page struct {
		Events []json.RawMessage `json:"events"`
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		t.Errorf("the answer is no page of a history: %v", err)
	}
	if len(page.Events) == 0 {
		return
	}
	if first, err := Parse(page.Events[0]); err != nil || first.ID == 1 {
		Events(t, page.Events)
	}
}

// Events checks a history of the wire's events.
func Events(t testing.TB, events []json.RawMessage) {
	t.Helper()
	for _, wrong := range Wrong(events) {
		t.Errorf("the history breaks a rule: %s", wrong)
	}
}
