package story

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// askApproval places an order over 500 and gives its id and the callback URL that
// the approvals backend got.
func (s *server) askApproval() (id, callback string) {
	s.t.Helper()
	id = s.place(largeBody)
	s.reaches(id, "Approve")
	eventually(s.t, 20*time.Second, "approvals is asked for this order", func() (bool, string) {
		if s.count("approvals").Count == 0 {
			return false, "no request"
		}
		asked := s.last("approvals")
		callback, _ = asked.Body["callbackUrl"].(string)
		return asked.Body["order"] == id && callback != "", asked.Path
	})
	return id, callback
}

func TestAnApprovalComesByCallback(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id, callback := s.askApproval()
	if !strings.HasPrefix(callback, s.gateway+"/callbacks/") {
		t.Fatalf("callback URL %q is not below the gateway's", callback)
	}
	if s.last("approvals").Body["taskToken"] != nil {
		t.Error("the task token itself reached the backend")
	}
	s.knowsItsCallbacks(id, callback)

	i := len(callback) - 8
	if a := send(t, "POST", callback[:i]+flip(callback[i])+callback[i+1:], `{"approved":true}`); a.status != 401 {
		t.Errorf("a tampered URL: %d %s, want 401", a.status, a.body)
	}
	if a := send(t, "POST", callback, `{"approved"`); a.status != 400 {
		t.Errorf("a body that is not JSON: %d %s, want 400", a.status, a.body)
	}
	if a := send(t, "GET", callback, ""); a.status != 404 {
		t.Errorf("GET on the URL: %d %s, want 404", a.status, a.body)
	}
	first := send(t, "POST", callback, `{"approved":true}`)
	if first.status != 200 {
		t.Fatalf("the delivery: %d %s", first.status, first.body)
	}
	s.repeats(callback, first)
	o := s.endsAs(id, "SUCCEEDED")
	if got, _ := json.Marshal(o.Output["approval"]); string(got) != `{"approved":true}` {
		t.Errorf("the approval in the output is %s", got)
	}
	s.repeats(callback, first)
}

// repeats sends the delivery again, and another one, which must learn that they
// came before, or too late.
func (s *server) repeats(callback string, first answer) {
	s.t.Helper()
	if again := send(s.t, "POST", callback, `{"approved":true}`); again.status != first.status || again.body != first.body {
		s.t.Errorf("the same delivery again: %d %s, want the first answer %d %s", again.status, again.body, first.status, first.body)
	}
	if other := send(s.t, "POST", callback, `{"approved":false}`); other.status != 410 {
		s.t.Errorf("another delivery: %d %s, want 410", other.status, other.body)
	}
	if failed := send(s.t, "POST", callback+"/fail", `{"error":"E","cause":"C"}`); failed.status != 410 {
		s.t.Errorf("a failure afterwards: %d %s, want 410", failed.status, failed.body)
	}
}

// knowsItsCallbacks looks at who may see a callback URL and who may not.
func (s *server) knowsItsCallbacks(id, callback string) {
	s.t.Helper()
	code, out, errs := s.stile("callback", "list", "-o", "json")
	var page struct {
		Callbacks []struct{ URL, Execution, StateMachine, State string }
	}
	if code != 0 || json.Unmarshal([]byte(out), &page) != nil || len(page.Callbacks) != 1 {
		s.t.Fatalf("stile callback list: %d %s %s", code, out, errs)
	}
	if c := page.Callbacks[0]; c.URL != callback || c.Execution != id || c.StateMachine != "order" || c.State != "Approve" {
		s.t.Errorf("stile callback list shows %+v", c)
	}
	if a := send(s.t, "GET", s.gateway+"/orders/"+id, "", demoKey); strings.Contains(a.body, "/callbacks/") {
		s.t.Errorf("the order shows its callback URL: %s", a.body)
	}
	for _, e := range s.history(s.execution(id).ARN) {
		if strings.Contains(e.raw, "/callbacks/") {
			s.t.Errorf("the history shows the callback URL: %s", e.raw)
		}
	}
}

func TestARejectionComesByCallback(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id, callback := s.askApproval()
	if a := send(t, "POST", callback+"/fail", `{"error":"Rejected","cause":"too dear"}`); a.status != 200 {
		t.Fatalf("the rejection: %d %s", a.status, a.body)
	}
	s.endsAs(id, "FAILED")
	if e := s.execution(id); e.error() != "Rejected" || e.cause() != "too dear" {
		t.Errorf("error %q, cause %q", e.error(), e.cause())
	}
	if got := s.count("inventory").Paths["/release"]; got != 1 {
		t.Errorf("inventory released %d times, want once", got)
	}
}

func TestPoliciesApplyToCallbacks(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.addFile("apim/apis/callbacks/policy.xml", `<policies>
    <inbound>
        <base />
        <choose>
            <when condition="@(context.Request.Headers.GetValueOrDefault("X-Approver", "") == "")">
                <return-response>
                    <set-status code="403" reason="Forbidden" />
                </return-response>
            </when>
        </choose>
    </inbound>
    <backend><base /></backend>
    <outbound><base /></outbound>
    <on-error><base /></on-error>
</policies>
`)
	s := p.start()
	id, callback := s.askApproval()
	if a := send(t, "POST", callback, `{}`); a.status != 403 {
		t.Errorf("without the header that the policy wants: %d %s, want 403", a.status, a.body)
	}
	if a := send(t, "POST", callback, `{}`, "X-Approver: ann"); a.status != 200 {
		t.Errorf("with it: %d %s", a.status, a.body)
	}
	s.endsAs(id, "SUCCEEDED")
}
