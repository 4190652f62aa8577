package engine

import (
	"strings"
	"testing"
	"time"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

// TestHistoryShowsLongVariables: a value of more than 256 bytes is a blob, and the
// history has it whole, beside short ones and payloads of its own event.
func TestHistoryShowsLongVariables(t *testing.T) {
	long := `"` + strings.Repeat("v", 600) + `"`
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", `{"StartAt":"A","States":{"A":{"Type":"Pass","Result":`+long+`,"Assign":{"short":1,"long.$":"$","again":"x"},"Next":"B"},"B":{"Type":"Pass","Assign":{"last.$":"$long"},"End":true}}}`)
		arn := start(t, h, m, "x", "{}")
		time.Sleep(time.Second)
		events, _, err := h.GetExecutionHistory(t.Context(), sfn.HistoryPage{ExecutionARN: arn})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range events {
			for _, v := range e.Details.AssignedVariables {
				got[v.Name] = v.Value.Text()
			}
		}
		if got["short"] != "1" || got["again"] != `"x"` || got["last"] != long || got["long"] != long || len(got) != 4 {
			t.Errorf("%v", got)
		}
	})
}
