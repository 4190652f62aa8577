package story

import (
	"strings"
	"testing"
)

func TestKeysOpenTheGate(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id := s.place(smallBody)
	for _, c := range []struct {
		what    string
		method  string
		path    string
		headers []string
		status  int
		says    string
	}{
		{"no key", "POST", "/orders", nil, 401, "Access denied due to missing subscription key"},
		{"a wrong key", "POST", "/orders", []string{wrongKey}, 401, "Access denied due to invalid subscription key"},
		{"no key to look", "GET", "/orders/" + id, nil, 401, "missing subscription key"},
		{"another subscription", "GET", "/orders/" + id, []string{otherKey}, 404, "Resource not found"},
		{"no such order", "GET", "/orders/00000000-0000-4000-8000-000000000000", []string{demoKey}, 404, "Resource not found"},
		{"no such operation", "DELETE", "/orders/" + id, []string{demoKey}, 404, "Resource not found"},
		{"no such API", "GET", "/nothing", []string{demoKey}, 404, "Resource not found"},
		{"a path that climbs", "GET", "/orders/%2e%2e/inventory/reserve", []string{demoKey}, 0, ""},
	} {
		body := ""
		if c.method == "POST" {
			body = smallBody
		}
		a := send(t, c.method, s.gateway+c.path, body, c.headers...)
		if c.status == 0 {
			if a.status < 400 || a.status > 499 {
				t.Errorf("%s: %d, want a refusal", c.what, a.status)
			}
			continue
		}
		var e struct {
			StatusCode int
			Message    string
		}
		a.into(t, &e)
		if a.status != c.status || e.StatusCode != c.status || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %d %s, want %d %q", c.what, a.status, a.body, c.status, c.says)
		}
		if got := a.header.Get("WWW-Authenticate"); (got != "") != (c.status == 401) {
			t.Errorf("%s: WWW-Authenticate %q with status %d", c.what, got, a.status)
		}
	}
	if a := send(t, "GET", s.gateway+"/orders/"+id, "", demoKey2); a.status != 200 {
		t.Errorf("the subscription's second key: %d %s", a.status, a.body)
	}
	if a := send(t, "GET", s.gateway+"/orders/"+id+"?subscription-key=demo-key", ""); a.status != 200 {
		t.Errorf("the key in the query: %d %s", a.status, a.body)
	}
}

func TestPaymentsTakeOneRole(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	charge := func(headers ...string) answer {
		return send(t, "POST", s.gateway+"/payments/charge", `{"amount":5,"reservation":"r"}`, headers...)
	}
	if a := charge(demoKey); a.status != 401 || !strings.Contains(a.body, "order-role") {
		t.Errorf("with a key alone: %d %s, want 401 with the policy's words", a.status, a.body)
	}
	code, token, errs := s.stile("token", "--role", "order-role")
	if code != 0 {
		t.Fatalf("stile token: %d %s", code, errs)
	}
	bearer := "Authorization: Bearer " + strings.TrimSpace(token)
	if a := charge(demoKey, bearer); a.status != 200 || !strings.Contains(a.body, "pay-") {
		t.Errorf("with the role's token: %d %s", a.status, a.body)
	}
	if a := charge(bearer); a.status != 401 {
		t.Errorf("with the token and no key: %d %s", a.status, a.body)
	}
	// The last character of a signature may hold bits that count for nothing: change an earlier one.
	i := len(bearer) - 12
	forged := bearer[:i] + flip(bearer[i]) + bearer[i+1:]
	if a := charge(demoKey, forged); a.status != 401 {
		t.Errorf("with a forged token: %d %s", a.status, a.body)
	}
	if got := s.count("payments").Count; got != 1 {
		t.Errorf("payments was called %d times, want once", got)
	}
	if code, _, errs := s.stile("token", "--role", "no-such-role"); code == 0 {
		t.Errorf("a token of a role that is not there: %d %s", code, errs)
	}
}

// flip gives another base64url character.
func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func TestApprovalsAreAskedForByStatesAlone(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	a := send(t, "POST", s.gateway+"/approvals/request", `{"order":"x"}`, demoKey)
	if a.status != 409 {
		t.Errorf("a caller from outside: %d %s, want 409", a.status, a.body)
	}
	if got := s.count("approvals").Count; got != 0 {
		t.Errorf("approvals was called %d times", got)
	}
}

func TestTheRateLimitHolds(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit("apim/products/starter/policy.xml", `calls="1000"`, `calls="3"`)
	s := p.start()
	for i := range 5 {
		a := send(t, "POST", s.gateway+"/inventory/reserve", `{"sku":"a","quantity":1}`, demoKey)
		switch {
		case i < 3 && a.status != 200:
			t.Errorf("call %d: %d %s, want 200", i, a.status, a.body)
		case i >= 3 && (a.status != 429 || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "Rate limit is exceeded")):
			t.Errorf("call %d: %d %s %v, want 429 with Retry-After", i, a.status, a.body, a.header)
		}
	}
	if a := send(t, "POST", s.gateway+"/inventory/reserve", `{"sku":"a","quantity":1}`, otherKey); a.status != 200 {
		t.Errorf("another subscription: %d %s, want a counter of its own", a.status, a.body)
	}
	if got := s.count("inventory").Count; got != 4 {
		t.Errorf("inventory was called %d times, want 4", got)
	}
}
