package engine

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	rules "stile/asl/history"
	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

// brokenHistories holds every history of a store against the rules of histories.
// What a test damaged on purpose, so that it cannot be read, is left out.
func brokenHistories(store kv.Store) (histories, events int, broken []string) {
	var id record.ID
	var check rules.Checker
	readable := false
	err := store.Iterate(record.SpaceHistory, kv.Range{}, func(k, v []byte) bool {
		if histories == 0 || !bytes.Equal(k[:16], id[:]) {
			id, check, readable = record.ID(k[:16]), rules.Checker{}, true
			histories++
		}
		row, err := record.DecodeHistory(v)
		if readable = readable && err == nil; !readable {
			return true
		}
		for i := range row {
			events++
			if wrong := check.Add(&row[i]); wrong != "" {
				broken = append(broken, fmt.Sprintf("execution %x: %s", id, wrong))
			}
		}
		return true
	})
	if err != nil {
		return 0, 0, nil // the test closed the store or cut its power
	}
	return histories, events, broken
}

func TestBrokenHistoriesAreFound(t *testing.T) {
	store := memkv.New(nil)
	defer store.Close()
	id := record.IDOf("one")
	put := func(events ...rules.Event) {
		writer := &turn{live: &live{id: id}}
		writer.addHistory(events)
		if err := commitNow(store, 1, writer.ops); err != nil {
			t.Fatal(err)
		}
	}
	put(rules.Event{ID: 1, Type: "ExecutionStarted"}, rules.Event{ID: 2, Type: "PassStateEntered"})
	if n, events, broken := brokenHistories(store); n != 1 || events != 2 || len(broken) > 0 {
		t.Fatalf("%d histories, %d events, %v", n, events, broken)
	}
	put(rules.Event{ID: 4, Previous: 2, Type: "PassStateExited"})
	if _, _, broken := brokenHistories(store); len(broken) != 1 {
		t.Errorf("a gap is found as %v", broken)
	}
}

// TestABrokenTurnIsQuarantined takes an event out of what a turn gives: that one
// execution stops with what it was before, and another goes on.
func TestABrokenTurnIsQuarantined(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		h.committer.plant.tear = func(ch *interp.Changes) {
			if n := len(ch.History); n > 1 && ch.History[n-1].Details.Name == "Torn" {
				ch.History = ch.History[n-1:]
			}
		}
		m := create(t, h, "m", `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"Next":"C"},
 "C":{"Type":"Choice","Choices":[{"Variable":"$","NumericEquals":1,"Next":"Torn"}],"Default":"Whole"},
 "Torn":{"Type":"Wait","Seconds":5,"End":true},"Whole":{"Type":"Pass","End":true}}}`)
		torn, whole := start(t, h, m, "torn", "1"), start(t, h, m, "whole", "2")
		if x := ends(t, h, whole); x.Status != sfn.Succeeded {
			t.Errorf("the other one: %+v", x)
		}
		synctest.Wait()
		x := describe(t, h, torn)
		if x.Waiting != "quarantine" || !strings.Contains(x.Quarantine, "stands in the place of 3") {
			t.Errorf("the torn one: %q, %q", x.Waiting, x.Quarantine)
		}
		if lines, _, err := history(h, torn); len(lines) != 2 || err != nil {
			t.Errorf("its history: %v, %v", lines, err)
		}
	})
}
