package story

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// quickCharge is the order's call of payments alone.
const quickCharge = `{"StartAt":"Charge","States":{"Charge":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","TimeoutSeconds":100,"End":true,
	"Parameters":{"ApiEndpoint":"https://acme.azure-api.net/payments/charge","Method":"POST",
		"InvocationConfig":{"ConnectionArn":"arn:aws:events:us-east-1:111111111111:connection/acme/6f1f7f2c-3a55-4b0c-9d52-2f0c7b1f9a10"},
		"RequestBody":{"amount":7,"reservation":"r-1"}}}}}`

// TestKillDuringExpress: an EXPRESS start that was answered outlives a kill; its
// execution begins anew, once, under the same key, and its record is gone at the end.
func TestKillDuringExpress(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.addFile("workflows/quick.asl.json", quickCharge)
	p.addFile("workflows/quick.workflow.yaml", "role: order-role\ntype: EXPRESS\nlogging: {level: ALL}\n")
	s := p.start()
	s.fault("payments", `{"status":0,"count":1,"delayMs":60000}`)
	var started struct{ ExecutionArn string }
	s.awsOK("StartExecution", map[string]any{"stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:quick", "name": "n"}, &started)
	eventually(t, 20*time.Second, "payments is being called", func() (bool, string) {
		return s.count("payments").Count == 1, "not called"
	})
	key := s.last("payments").Headers.Get("Idempotency-Key")
	s.kill()

	s = p.start()
	log := func() string {
		text, _ := os.ReadFile(filepath.Join(p.data, "logs", "aws", "vendedlogs", "states", "quick.jsonl")) // absent until the first record
		return string(text)
	}
	eventually(t, 20*time.Second, "it has ended", func() (bool, string) { return strings.Contains(log(), "ExecutionSucceeded"), log() })
	if got := s.last("payments").Headers.Get("Idempotency-Key"); got != key || key == "" {
		t.Errorf("the call was made again with key %q, before %q: want the same", got, key)
	}
	if text := log(); strings.Count(text, `"ExecutionSucceeded"`) != 1 || !strings.Contains(text, started.ExecutionArn) {
		t.Errorf("the log: %s", text)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	before := strings.Count(log(), started.ExecutionArn)
	s = p.start()
	var x struct{ Status, Output string }
	s.awsOK("StartSyncExecution", map[string]any{"stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:quick"}, &x)
	s.stop()
	if after := strings.Count(log(), started.ExecutionArn); x.Status != "SUCCEEDED" || after != before {
		t.Errorf("afterwards: %+v, %d records of the first one, before %d", x, after, before)
	}
}
