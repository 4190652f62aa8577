package console

import (
	"context"
	"strings"
	"testing"

	"stile/internal/callback"
	"stile/internal/identity"
	"stile/internal/sfn"
)

// told permits what it says and counts the refusals, each of which is a record that
// takes its time.
type told struct {
	allowing
	refusals *int
}

func (t told) Refused(context.Context, string, string, identity.Decision) { *t.refusals++ }

// TestAForeignCallbackLeavesTheRecordOfAnAbsentOne: neither the answer nor the time
// that its record takes tells them apart.
func TestAForeignCallbackLeavesTheRecordOfAnAbsentOne(t *testing.T) {
	f := newFake()
	f.addMachine("payroll", orderDefinition)
	f.addExecution("payroll", "two", sfn.Running, 1)
	arn := "arn:aws:states:us-east-1:111111111111:execution:payroll:two"
	cfg := config(f)
	cfg.Callbacks = waits(callback.Open{Ref: sfn.CallbackRef{ExecutionARN: arn, Command: 3, Attempt: 1}, Execution: "two", StateMachine: "payroll", State: "Approve"})
	n := 0
	cfg.Permissions = told{on("order", everyAction...), &n}
	h := New(cfg)
	for _, names := range [][2]string{{"payroll:two:3:1", "payroll:two:4:1"}, {"payroll:two:3:1", "payroll:no:3:1"}, {"two/Approve", "no/Approve"},
		{arn + "/Approve", arn + "x/Approve"}} {
		var answers [2]string
		var records [2]int
		for i, name := range names {
			n = 0
			w := do(h, "POST", "/-/v1/callbacks/complete", `{"callback":"`+name+`","output":{}}`)
			answers[i], records[i] = w.Body.String(), n
			if w.Code != 404 {
				t.Errorf("%s: %d", name, w.Code)
			}
		}
		if answers[0] != answers[1] || records != [2]int{1, 1} {
			t.Errorf("%v: %q, %v records", names, answers, records)
		}
	}
}

// TestTheNextPageIsTheCallers: a page names a next one where something of the
// caller's is on it.
func TestTheNextPageIsTheCallers(t *testing.T) {
	f, ask := permitted(t, on("payroll", everyAction...)) // the older one is another's
	const path = "/-/v1/executions?max=1"
	if body := ask("GET", path, "").Body.String(); !strings.Contains(body, `"two"`) || !strings.Contains(body, `"next":""`) {
		t.Error(body)
	}
	f.addExecution("payroll", "three", sfn.Running, 3)
	if body := ask("GET", path, "").Body.String(); !strings.Contains(body, `"three"`) || strings.Contains(body, `"next":""`) {
		t.Error(body)
	}
}

// TestNoFileTellsOfTheServer: the files of pages are open to all, logged in or not.
func TestNoFileTellsOfTheServer(t *testing.T) {
	cfg := config(newFake())
	cfg.Info = func() Info { return Info{Version: "9.8.7", Gateway: "gate.example:1", Project: "orders"} }
	if w := do(New(cfg), "GET", "/assets/none.js", ""); w.Code != 404 || strings.Contains(w.Body.String(), "9.8.7") || strings.Contains(w.Body.String(), "gate.example") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestANameMayBeginAsAWSsPrefix: sync- is taken off for AWS's clients, not for the
// server's own name.
func TestANameMayBeginAsAWSsPrefix(t *testing.T) {
	for host, want := range map[string]bool{"sync-portal.example": true, "sync-sync-portal.example:7443": true, "portal.example": false,
		"sync-localhost": true, "sync-evil.example": false, "localhost.": false, "127.0.0.1.evil.example": false, "[::1]:7400": true, "0x7f000001": false} {
		if got := expectedHost(host, []string{"sync-portal.example"}); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
