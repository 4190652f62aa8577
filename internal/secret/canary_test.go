package secret

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestNothingOfAStorePrintsAValue: logs, states, errors, and the store itself.
func TestNothingOfAStorePrintsAValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: canary + "-1"}
		s, log := running(t, p)
		ref := parsed(t, "kv://acme/token")
		defer s.Watch(ref, func() {})()
		v, _ := s.Get(t.Context(), ref)
		p.set(canary+"-2", nil)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		p.set(canary, errDown)
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		_, err := s.Get(t.Context(), ref)
		states, jsonErr := json.Marshal(s.States())
		if err == nil || jsonErr != nil {
			t.Fatal(err, jsonErr)
		}
		s.mu.Lock()
		out := fmt.Sprintf("%v %+v %#v %v %+v %s %s %v", s.entries, s.entries[ref], s.entries[ref], err, err, log, states, v)
		s.mu.Unlock()
		if strings.Contains(out, canary) {
			t.Error("a value was printed")
		}
		if !strings.Contains(log.String(), "kv://acme/token") || !strings.Contains(string(states), `"condition":"expired"`) {
			t.Errorf("too little was printed: %s %s", log, states)
		}
	})
}
