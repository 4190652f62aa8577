package story

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	allowCharge = "\"Effect\": \"Allow\",\n      \"Action\": \"apim:Invoke\",\n      \"Resource\": \"api/payments/operation/charge\""
	denyCharge  = "\"Effect\": \"Deny\",\n      \"Action\": \"apim:Invoke\",\n      \"Resource\": \"api/payments/operation/charge\""
)

// becomes places orders until one ends with a status: an edit holds from the next
// order after the files were read again.
func (s *server) becomes(status string) (id string) {
	s.t.Helper()
	eventually(s.t, 60*time.Second, "an order ends "+status, func() (bool, string) {
		id = s.place(smallBody)
		got := s.ends(id).Status
		return got == status, got
	})
	return id
}

func TestAPermissionIsTakenAwayAndGivenBack(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	s.edit("roles/order-role.json", allowCharge, denyCharge)
	id := s.becomes("FAILED")
	e := s.execution(id)
	if e.error() != "States.Permissions" {
		t.Errorf("error %q, want States.Permissions kept through Catch and Fail", e.error())
	}
	for _, want := range []string{"apim:Invoke", "api/payments/operation/charge", "Charge", "order-role"} {
		if !strings.Contains(e.cause(), want) {
			t.Errorf("the cause does not name %q: %s", want, e.cause())
		}
	}
	s.namesTheStatement(e.cause())
	code, out, _ := s.stile("exec", "show", id)
	if code != 0 || !strings.Contains(out, "roles/order-role.json:") {
		t.Errorf("stile exec show does not say where: %d %s", code, out)
	}
	if got := s.count("inventory").Paths["/release"]; got == 0 {
		t.Error("nothing was released")
	}
	charged := s.count("payments").Effects

	s.edit("roles/order-role.json", denyCharge, allowCharge)
	s.becomes("SUCCEEDED")
	if got := s.count("payments").Effects; got <= charged {
		t.Errorf("payments had %d effects before and %d after", charged, got)
	}
}

var place = regexp.MustCompile(`roles/order-role\.json:(\d+)`)

// namesTheStatement checks that a cause points into the statement that denies.
func (s *server) namesTheStatement(cause string) {
	s.t.Helper()
	m := place.FindStringSubmatch(cause)
	if m == nil {
		s.t.Errorf("the cause names no file and line: %s", cause)
		return
	}
	line, _ := strconv.Atoi(m[1])
	before, _, _ := strings.Cut(s.read("roles/order-role.json"), denyCharge)
	effect := strings.Count(before, "\n") + 1
	if line < effect-1 || line > effect+2 {
		s.t.Errorf("the cause names line %d, the statement stands around line %d", line, effect)
	}
}

func TestAPolicyChangesWhileRequestsFlow(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	var sent, old, new atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			a, err := try(t, "POST", s.gateway+"/inventory/reserve", `{"sku":"a","quantity":1}`, demoKey)
			if err != nil || a.status != 200 {
				t.Errorf("a request while the policy changed: %d %s %v", a.status, a.body, err)
				return
			}
			sent.Add(1)
			switch got := a.header.Get("X-Served-By"); got {
			case "stile-orders":
				old.Add(1)
				if new.Load() > 0 {
					t.Errorf("the old policy ran after the new one")
				}
			case "stile-edited":
				new.Add(1)
			default:
				t.Errorf("X-Served-By %q is neither policy's", got)
			}
		}
	}()
	eventually(t, 20*time.Second, "requests flow", func() (bool, string) { return old.Load() > 5, fmt.Sprint(old.Load()) })
	s.edit("apim/policy.xml", "<value>{{gateway-name}}</value>", "<value>stile-edited</value>")
	eventually(t, 20*time.Second, "the new policy holds", func() (bool, string) { return new.Load() > 5, fmt.Sprint(new.Load()) })
	close(stop)
	<-done
	if got := int64(s.count("inventory").Count); got != sent.Load() {
		t.Errorf("inventory was called %d times for %d requests", got, sent.Load())
	}
}

func TestABrokenEditChangesNothing(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	good := s.read("apim/policy.xml")
	bad := strings.Replace(good, `exists-action="override"`, `exists-actoin="override"`, 1)
	bad = strings.Replace(bad, "<forward-request timeout=\"30\" />", "<forward-reqest />", 1)
	s.write("apim/policy.xml", bad)
	name := filepath.Join("apim", "policy.xml")
	eventually(t, 20*time.Second, "the fault is told", func() (bool, string) {
		log := s.logged()
		return strings.Contains(log, name+":4:") && strings.Contains(log, name+":9:"), log
	})
	if a := send(t, "POST", s.gateway+"/inventory/reserve", `{"sku":"a","quantity":1}`, demoKey); a.status != 200 ||
		a.header.Get("X-Served-By") != "stile-orders" {
		t.Errorf("the policy from before does not serve on: %d %v", a.status, a.header)
	}
	s.endsAs(s.place(smallBody), "SUCCEEDED")

	s.write("apim/policy.xml", strings.Replace(good, "{{gateway-name}}", "mended", 1))
	eventually(t, 20*time.Second, "the mended policy holds", func() (bool, string) {
		a := send(t, "POST", s.gateway+"/inventory/reserve", `{"sku":"a","quantity":1}`, demoKey)
		return a.header.Get("X-Served-By") == "mended", a.header.Get("X-Served-By")
	})
}
