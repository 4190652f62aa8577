package story

import (
	"os"
	"testing"
	"time"
)

// prefix fails the test unless old is the beginning of now, byte by byte.
func prefix(t *testing.T, old, now []event) {
	t.Helper()
	if len(now) < len(old) {
		t.Fatalf("the history lost events: %d before, %d now", len(old), len(now))
	}
	for i := range old {
		if old[i].raw != now[i].raw {
			t.Errorf("event %d was rewritten:\n%s\n%s", i+1, old[i].raw, now[i].raw)
		}
	}
}

func TestKillDuringApprove(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	s := p.start()
	id, callback := s.askApproval()
	arn := s.execution(id).ARN
	before := s.history(arn)
	s.kill()

	s = p.start()
	prefix(t, before, s.history(arn))
	if o := s.order(id); o.Status != "RUNNING" || o.state() != "Approve" {
		t.Fatalf("after the restart: %s in %s", o.Status, o.state())
	}
	if a := send(t, "POST", callback, `{"approved":true}`); a.status != 200 {
		t.Fatalf("the callback URL from before the kill: %d %s", a.status, a.body)
	}
	s.kill()

	s = p.start()
	if a := send(t, "POST", callback, `{"approved":true}`); a.status != 200 {
		t.Errorf("the same delivery after an acknowledged one and a kill: %d %s", a.status, a.body)
	}
	s.endsAs(id, "SUCCEEDED")
	prefix(t, before, s.history(arn))
}

func TestKillDuringPause(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	s := p.start()
	id := s.place(smallBody)
	s.reaches(id, "Pause")
	arn := s.execution(id).ARN
	before := s.history(arn)
	s.kill()

	s = p.start()
	prefix(t, before, s.history(arn))
	s.endsAs(id, "SUCCEEDED")
	prefix(t, before, s.history(arn))
}

func TestKillDuringATask(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	s := p.start()
	s.fault("payments", `{"status":0,"count":1,"delayMs":60000}`)
	id := s.place(smallBody)
	eventually(t, 20*time.Second, "payments is being called", func() (bool, string) {
		return s.count("payments").Count == 1, s.order(id).state()
	})
	key := s.last("payments").Headers.Get("Idempotency-Key")
	arn := s.execution(id).ARN
	before := s.history(arn)
	s.kill()

	s = p.start()
	s.endsAs(id, "SUCCEEDED")
	prefix(t, before, s.history(arn))
	if got := s.last("payments").Headers.Get("Idempotency-Key"); got != key || key == "" {
		t.Errorf("the call was sent again with key %q, before %q: want the same", got, key)
	}
	sends := 0
	for _, c := range s.calls(id) {
		if c.State == "Charge" {
			sends = max(sends, c.Send)
		}
	}
	if sends != 2 {
		t.Errorf("the side journal tells of send %d of Charge, want 2", sends)
	}
}

func TestManyOrdersOutliveAKill(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	s := p.start()
	var ids []string
	for range 8 {
		ids = append(ids, s.place(smallBody))
	}
	s.kill()
	s = p.start()
	for _, id := range ids {
		s.endsAs(id, "SUCCEEDED")
	}
}

func TestCtrlCKeepsTheOrder(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	s := p.start()
	id, callback := s.askApproval()
	if code := s.signal(os.Interrupt); code != 0 {
		t.Errorf("Ctrl-C gave exit code %d, want 0", code)
	}
	s = p.start()
	if o := s.order(id); o.Status != "RUNNING" || o.state() != "Approve" {
		t.Errorf("after the restart: %s in %s", o.Status, o.state())
	}
	if a := send(t, "POST", callback, `{"approved":true}`); a.status != 200 {
		t.Errorf("the callback: %d %s", a.status, a.body)
	}
	s.endsAs(id, "SUCCEEDED")
}
