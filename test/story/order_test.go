package story

import (
	"regexp"
	"strings"
	"testing"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func TestAnOrderGoesUpTheSteps(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	placed := send(t, "POST", s.gateway+"/orders", smallBody, demoKey)
	if placed.status != 202 {
		t.Fatalf("%d %s", placed.status, placed.body)
	}
	var id struct{ ID string }
	placed.into(t, &id)
	if !uuid.MatchString(id.ID) || placed.header.Get("Location") != "/orders/"+id.ID {
		t.Errorf("id %q, Location %q: want a UUID and /orders/ with it", id.ID, placed.header.Get("Location"))
	}
	if got := placed.header.Get("X-Served-By"); got != "stile-orders" {
		t.Errorf("the global policy set X-Served-By %q, want the named value stile-orders", got)
	}

	if o := s.order(id.ID); o.ID != id.ID || o.Status != "RUNNING" || o.State == nil || o.Output != nil {
		t.Errorf("an order on its way: %+v, want it RUNNING in a state and without output", o)
	}
	o := s.endsAs(id.ID, "SUCCEEDED")
	if o.State != nil {
		t.Errorf("the state after the end is %q, want null", *o.State)
	}
	for _, member := range []string{"sku", "quantity", "amount", "reservation", "payment", "shipment"} {
		if o.Output[member] == nil {
			t.Errorf("the output has no %s: %v", member, o.Output)
		}
	}
	if o.Output["approval"] != nil {
		t.Errorf("an order under 500 was approved: %v", o.Output)
	}
	for sample, want := range map[string]int{"inventory": 1, "payments": 1, "shipping": 1, "approvals": 0} {
		if got := s.count(sample).Count; got != want {
			t.Errorf("%s was called %d times, want %d", sample, got, want)
		}
	}
}

func TestABackendSeesWhatPoliciesLeave(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id := s.place(smallBody)
	s.endsAs(id, "SUCCEEDED")
	got := s.last("payments")
	for name, want := range map[string]string{"X-Caller": "demo", "X-Order-Id": id} {
		if got.Headers.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Headers.Get(name), want)
		}
	}
	for _, name := range []string{"Idempotency-Key", "Traceparent", "X-Request-Id"} {
		if got.Headers.Get(name) == "" {
			t.Errorf("no %s reached the backend: %v", name, got.Headers)
		}
	}
	for _, name := range []string{"Authorization", "Ocp-Apim-Subscription-Key"} {
		if v, there := got.Headers[name]; there {
			t.Errorf("%s reached the backend: %v", name, v)
		}
	}
	if got.Path != "/charge" || got.Body["amount"] != 120.0 {
		t.Errorf("payments got %s %v", got.Path, got.Body)
	}
}

func TestOrdersThatAreNone(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	for _, body := range []string{`{}`, `{"sku":"a","quantity":1}`, `[1]`, `nonsense`, ``} {
		if a := send(t, "POST", s.gateway+"/orders", body, demoKey); a.status != 400 || !strings.Contains(a.body, `"message"`) {
			t.Errorf("order %q: %d %s, want 400 with a message", body, a.status, a.body)
		}
	}
	var page struct{ Executions []execution }
	s.ask("/executions?max=10", &page)
	if len(page.Executions) != 0 {
		t.Errorf("%d executions were started", len(page.Executions))
	}
}

func TestAChargeThatFailsForGood(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	s.fault("payments", `{"status":402,"count":1,"delayMs":0}`)
	id := s.place(smallBody)
	s.endsAs(id, "FAILED")
	e := s.execution(id)
	if e.error() != "States.Http.StatusCode.402" || !strings.Contains(e.cause(), "fault injected") {
		t.Errorf("error %q, cause %q: want the charge's own", e.error(), e.cause())
	}
	if got := s.count("inventory").Paths; got["/release"] != 1 {
		t.Errorf("inventory was called on %v, want one /release", got)
	}
	if got := s.count("shipping").Count; got != 0 {
		t.Errorf("shipping was called %d times", got)
	}
}

func TestAFaultThatPassesIsRetried(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	s.fault("inventory", `{"status":503,"count":2,"delayMs":0}`)
	s.endsAs(s.place(smallBody), "SUCCEEDED")
	if got := s.count("inventory"); got.Count != 3 || got.Effects != 1 {
		t.Errorf("inventory: %+v, want three calls and one effect", got)
	}
}
