package story

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"stile/asl/history/historytest"
)

// answer is an HTTP answer, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// into decodes the body.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
}

// send sends one request; headers are "Name: value".
func send(t *testing.T, method, target, body string, headers ...string) answer {
	t.Helper()
	a, err := try(t, method, target, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try is send where no answer is one of the outcomes.
func try(t *testing.T, method, target, body string, headers ...string) (answer, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

// Subscription keys of the example, as headers.
const (
	demoKey   = "Ocp-Apim-Subscription-Key: demo-key"
	demoKey2  = "Ocp-Apim-Subscription-Key: demo-key-2"
	otherKey  = "Ocp-Apim-Subscription-Key: other-key"
	wrongKey  = "Ocp-Apim-Subscription-Key: no-such-key"
	smallBody = `{"sku":"sku-1","quantity":2,"amount":120}`
	largeBody = `{"sku":"sku-1","quantity":2,"amount":900}`
)

// order is an order as GET /orders/{id} tells it.
type order struct {
	ID     string         `json:"id"`
	Status string         `json:"status"`
	State  *string        `json:"state"`
	Output map[string]any `json:"output"`
}

// state is the current state's name, "null" after the end.
func (o order) state() string {
	if o.State == nil {
		return "null"
	}
	return *o.State
}

// place places an order and gives its id.
func (s *server) place(body string) string {
	s.t.Helper()
	a := send(s.t, "POST", s.gateway+"/orders", body, demoKey)
	if a.status != 202 {
		s.t.Fatalf("placing an order: %d %s", a.status, a.body)
	}
	id, ok := strings.CutPrefix(a.header.Get("Location"), "/orders/")
	if !ok || id == "" {
		s.t.Fatalf("Location %q is not /orders/ID", a.header.Get("Location"))
	}
	return id
}

// order asks for an order as its owner.
func (s *server) order(id string) order {
	s.t.Helper()
	a := send(s.t, "GET", s.gateway+"/orders/"+id, "", demoKey)
	if a.status != 200 {
		s.t.Fatalf("order %s: %d %s", id, a.status, a.body)
	}
	var o order
	a.into(s.t, &o)
	return o
}

// reaches waits until an order is in a state.
func (s *server) reaches(id, state string) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, "order reaches "+state, func() (bool, string) {
		o := s.order(id)
		return o.state() == state, o.Status + " in " + o.state()
	})
}

// ends waits until an order has ended, and gives it.
func (s *server) ends(id string) (o order) {
	s.t.Helper()
	eventually(s.t, 40*time.Second, "order ends", func() (bool, string) {
		o = s.order(id)
		return o.Status != "RUNNING", o.Status + " in " + o.state()
	})
	return o
}

// endsAs is ends for an outcome that the test wants.
func (s *server) endsAs(id, status string) order {
	s.t.Helper()
	o := s.ends(id)
	if o.Status != status {
		e := s.execution(id)
		s.t.Fatalf("order %s ended %s, want %s: %s: %s", id, o.Status, status, e.error(), e.cause())
	}
	return o
}

// count is what a sample backend answers to GET /_count.
type count struct {
	Count, Effects int
	Paths          map[string]int
}

func (p *project) count(sample string) (c count) {
	p.t.Helper()
	send(p.t, "GET", "http://"+p.samples[sample]+"/_count", "").into(p.t, &c)
	return c
}

// last is the last request that a sample backend got.
type last struct {
	Path    string
	Headers http.Header
	Body    map[string]any
}

func (p *project) last(sample string) (l last) {
	p.t.Helper()
	send(p.t, "GET", "http://"+p.samples[sample]+"/_last", "").into(p.t, &l)
	return l
}

// fault sets a sample backend's fault.
func (p *project) fault(sample, fault string) {
	p.t.Helper()
	if a := send(p.t, "POST", "http://"+p.samples[sample]+"/_fault", fault); a.status != 200 {
		p.t.Fatalf("fault %s: %d %s", fault, a.status, a.body)
	}
}

// execution is an execution as the control API tells it.
type execution struct {
	ID, ARN, StateMachine, Status, State, Waiting, Trace string
	Error, Cause                                         *string
}

func (e execution) error() string { return text(e.Error) }
func (e execution) cause() string { return text(e.Cause) }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// ask gets a path of the control API into v.
func (s *server) ask(path string, v any) {
	s.t.Helper()
	a := send(s.t, "GET", s.control+"/-/v1"+path, "")
	if a.status != 200 {
		s.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	a.into(s.t, v)
}

func (s *server) execution(id string) (e execution) {
	s.t.Helper()
	s.ask("/executions/"+url.PathEscape(id), &e)
	return e
}

// aws calls an action of the Step Functions API.
func (s *server) aws(action string, params any) answer {
	s.t.Helper()
	body, err := json.Marshal(params)
	if err != nil {
		s.t.Fatal(err)
	}
	return send(s.t, "POST", s.control+"/", string(body), "X-Amz-Target: AWSStepFunctions."+action,
		"Content-Type: application/x-amz-json-1.0")
}

// awsOK is aws for a call that must succeed.
func (s *server) awsOK(action string, params, out any) {
	s.t.Helper()
	a := s.aws(action, params)
	if a.status != 200 {
		s.t.Fatalf("%s: %d %s", action, a.status, a.body)
	}
	if out != nil {
		a.into(s.t, out)
	}
}

// awsFails is aws for a call that must fail with an error type.
func (s *server) awsFails(action string, params any, want string) {
	s.t.Helper()
	a := s.aws(action, params)
	var e struct {
		Type string `json:"__type"`
	}
	a.into(s.t, &e)
	if got := e.Type[strings.LastIndex(e.Type, "#")+1:]; a.status != 400 || got != want {
		s.t.Errorf("%s: %d %s, want 400 %s", action, a.status, a.body, want)
	}
}

// event is a history event, whole as JSON, with what the tests look at.
type event struct {
	raw              string
	ID               int64
	PreviousEventID  int64
	Type             string
	Timestamp        float64
	EnteredDetails   struct{ Name, Input string } `json:"stateEnteredEventDetails"`
	ScheduledDetails struct{ Parameters string }  `json:"taskScheduledEventDetails"`
}

// history is an execution's history, every page of it.
func (s *server) history(arn string) (out []event) {
	s.t.Helper()
	token := ""
	var raws []json.RawMessage
	for {
		params := map[string]any{"executionArn": arn, "maxResults": 7}
		if token != "" {
			params["nextToken"] = token
		}
		var page struct {
			Events    []json.RawMessage
			NextToken string
		}
		s.awsOK("GetExecutionHistory", params, &page)
		for _, raw := range page.Events {
			e := event{raw: string(raw)}
			if err := json.Unmarshal(raw, &e); err != nil {
				s.t.Fatal(err)
			}
			out = append(out, e)
		}
		raws = append(raws, page.Events...)
		if token = page.NextToken; token == "" {
			historytest.Events(s.t, raws)
			return out
		}
	}
}

// calls is the side journal of an execution: what the gate said to its states.
func (s *server) calls(id string) []call {
	s.t.Helper()
	var page struct{ Calls []call }
	s.ask("/executions/"+url.PathEscape(id)+"/calls", &page)
	return page.Calls
}

type call struct {
	State string
	Send  int
	Call  struct {
		Target    struct{ API, Operation string }
		Status    int
		Span      string
		Decisions []decision
		Verdict   *struct {
			Policy, File string
			Line         int
		}
		Permission map[string]any
		Calls      []struct{ Span string }
	}
}

type decision struct {
	Policy, Scope, Section, File, Outcome string
	Line, Status                          int
	Span                                  string
}
