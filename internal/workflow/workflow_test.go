package workflow

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

type host struct {
	started sfn.Start
	err     error
}

func (h *host) StartExecution(_ context.Context, s sfn.Start) (sfn.Started, error) {
	h.started = s
	return sfn.Started{}, h.err
}

func (h *host) DescribeExecution(_ context.Context, arn string) (sfn.Execution, error) {
	if h.err != nil {
		return sfn.Execution{}, h.err
	}
	if arn != "arn:aws:states:r:1:execution:order:e1" {
		return sfn.Execution{}, sfn.ExecutionDoesNotExist(arn)
	}
	return sfn.Execution{Name: "e1", Status: sfn.Running, State: "Pause", Owner: "demo"}, nil
}

func call(t *testing.T, h *host, method, backend, subscription, body string) *exchange.Exchange {
	t.Helper()
	f := New(Config{Host: h, Account: "1", Region: "r", NewName: func() string { return "e1" }})
	ex := &exchange.Exchange{Backend: exchange.Backend{BaseURL: backend}}
	ex.Request.Method = method
	ex.Request.Body = exchange.Text(body)
	ex.Trace = exchange.Trace{TraceID: "t", SpanID: "s"}
	ex.Calls = []exchange.Call{{Span: "call"}}
	if subscription != "" {
		ex.Subscription = &exchange.Subscription{ID: subscription}
	}
	if err := f.Do(t.Context(), ex); err != nil {
		t.Fatal(err)
	}
	return ex
}

func TestPostStartsForItsSubscription(t *testing.T) {
	h := &host{}
	ex := call(t, h, "POST", "stile://workflows/order", "demo", `{"amount":1}`)
	body, _ := ex.Response.Body.Bytes()
	if ex.Response.StatusCode != 202 || string(body) != `{"id":"e1"}` {
		t.Errorf("%d %s", ex.Response.StatusCode, body)
	}
	s := h.started
	if s.Owner != "demo" || s.TraceID != "t" || s.ParentSpan != "call" || s.Input.Text() != `{"amount":1}` ||
		s.StateMachineARN != "arn:aws:states:r:1:stateMachine:order" {
		t.Errorf("started %+v", s)
	}
}

// TestAStateStartsOnceUnderOneKey: a call that a crash, or a retry whose answer was
// never seen, sends again must not start a second execution.
func TestAStateStartsOnceUnderOneKey(t *testing.T) {
	start := func(h *host, machine, key string, state bool) (id string, status int) {
		n := 0
		f := New(Config{Host: h, Account: "1", Region: "r", NewName: func() string { n++; return "new" }})
		ex := &exchange.Exchange{Backend: exchange.Backend{BaseURL: Prefix + machine}}
		ex.Request.Method = "POST"
		if key != "" {
			ex.Request.Header.Set("Idempotency-Key", key)
		}
		if state {
			ex.Principal = exchange.NewPrincipal(exchange.Claims{Role: "r", Execution: "e", State: "S"})
		}
		if err := f.Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		body, _ := ex.Response.Body.Bytes()
		id, _ = jsonval.MustParse(string(body)).Get("id").Str()
		return id, ex.Response.StatusCode
	}
	h := &host{}
	first, _ := start(h, "order", "k1", true)
	if first == "new" || len(first) != 36 || h.started.Name != first {
		t.Errorf("id %q, started %q", first, h.started.Name)
	}
	h.err = sfn.ExecutionAlreadyExists("arn")
	if again, status := start(h, "order", "k1", true); again != first || status != 202 {
		t.Errorf("again: %s %d, want %s 202", again, status, first)
	}
	h.err = nil
	for _, c := range []struct {
		machine, key string
		state        bool
	}{{"order", "k2", true}, {"other", "k1", true}, {"order", "", true}, {"order", "k1", false}} {
		if id, status := start(h, c.machine, c.key, c.state); id == first || status != 202 {
			t.Errorf("%+v: %s %d", c, id, status)
		}
	}
}

func TestGetIsForTheOwnerAlone(t *testing.T) {
	const backend = "stile://workflows/order/executions/e1"
	ex := call(t, &host{}, "GET", backend, "demo", "")
	body, _ := ex.Response.Body.Bytes()
	if want := `{"id":"e1","status":"RUNNING","state":"Pause"}`; string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
	for _, who := range []string{"other", ""} {
		if ex := call(t, &host{}, "GET", backend, who, ""); ex.Response.StatusCode != 404 {
			t.Errorf("subscription %q: %d, want 404", who, ex.Response.StatusCode)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		method, backend, body string
		err                   error
		status                int
	}{
		{"POST", "stile://workflows/order", "{", nil, 400},
		{"POST", "stile://workflows/order", `"` + strings.Repeat("x", sfn.MaxData) + `"`, nil, 413},
		{"PUT", "stile://workflows/order", "", nil, 405},
		{"POST", "stile://workflows/order/executions/e1", "", nil, 405},
		{"GET", "stile://workflows/order/elsewhere", "", nil, 404},
		{"GET", "stile://workflows/order/executions/e2", "", nil, 404},
		{"POST", "stile://workflows/none", "{}", sfn.StateMachineDoesNotExist("x"), 404},
		{"POST", "stile://workflows/order", "{}", &sfn.Error{Code: "StateMachineDeleting"}, 409},
		{"POST", "stile://workflows/order", "{}", &sfn.Error{Code: "ServiceUnavailable"}, 503},
		{"POST", "stile://workflows/order", "{}", &sfn.Error{Code: "InvalidExecutionInput"}, 400},
		{"POST", "stile://workflows/order", "{}", &sfn.Error{Code: "InternalFailure"}, 500},
	} {
		ex := call(t, &host{err: c.err}, c.method, c.backend, "demo", c.body)
		body, _ := ex.Response.Body.Bytes()
		if ex.Response.StatusCode != c.status || !jsonval.MustParse(string(body)).Get("message").Exists() {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.backend, ex.Response.StatusCode, body, c.status)
		}
	}
}

func TestABrokenHostIsAnError(t *testing.T) {
	f := New(Config{Host: &host{err: errors.New("disk")}, NewName: func() string { return "e" }})
	ex := &exchange.Exchange{Backend: exchange.Backend{BaseURL: "stile://workflows/order"}}
	ex.Request.Method = "POST"
	if err := f.Do(t.Context(), ex); err == nil {
		t.Error("no error")
	}
}

// TestForeignIsAsAbsent: the same bytes for somebody else's execution and for none.
func TestForeignIsAsAbsent(t *testing.T) {
	answer := func(backend, who string) string {
		ex := call(t, &host{}, "GET", backend, who, "")
		body, _ := ex.Response.Body.Bytes()
		return strconv.Itoa(ex.Response.StatusCode) + " " + ex.Response.Header.Get("Content-Type") + " " + string(body)
	}
	absent := answer("stile://workflows/order/executions/none", "demo")
	for _, who := range []string{"other", ""} {
		if foreign := answer("stile://workflows/order/executions/e1", who); foreign != absent {
			t.Errorf("subscription %q: %s, want %s", who, foreign, absent)
		}
	}
}

func TestStartsKeepTheirSubject(t *testing.T) {
	for _, tt := range []struct {
		name, token, want string
		claims            *exchange.Claims
	}{
		{name: "nobody is known", want: ""},
		{name: "a verified token", token: "ada", want: "jwt:ada"},
		{name: "a state, for who started it", claims: &exchange.Claims{Subject: "e1/Charge", Execution: "e1", Act: "user:ada"}, want: "user:ada"},
		{name: "a state whose execution nobody started", token: "e1/Charge", claims: &exchange.Claims{Subject: "e1/Charge", Execution: "e1"}, want: "state:e1/Charge"},
		{name: "a role's token", claims: &exchange.Claims{Subject: "role/r"}, want: "role/r"},
	} {
		h := &host{}
		f := New(Config{Host: h, Account: "1", Region: "r", NewName: func() string { return "e1" }})
		ex := &exchange.Exchange{Backend: exchange.Backend{BaseURL: "stile://workflows/order"}, Subject: tt.token}
		ex.Request.Method, ex.Request.Body = "POST", exchange.Text("{}")
		if tt.claims != nil {
			ex.Principal = exchange.NewPrincipal(*tt.claims)
		}
		if err := f.Do(t.Context(), ex); err != nil || h.started.Subject != tt.want {
			t.Errorf("%s: subject %q, %v; want %q", tt.name, h.started.Subject, err, tt.want)
		}
	}
}

// TestABackendMayNameAVersionOrAnAlias: the start goes to it; the execution is the
// state machine's.
func TestABackendMayNameAVersionOrAnAlias(t *testing.T) {
	for _, qualifier := range []string{"7", "PROD"} {
		h := &host{}
		if ex := call(t, h, "POST", "stile://workflows/order:"+qualifier, "demo", "{}"); ex.Response.StatusCode != 202 ||
			h.started.StateMachineARN != "arn:aws:states:r:1:stateMachine:order:"+qualifier {
			t.Errorf("%d, %+v", ex.Response.StatusCode, h.started)
		}
		if ex := call(t, h, "GET", "stile://workflows/order:"+qualifier+"/executions/e1", "demo", ""); ex.Response.StatusCode != 200 {
			t.Errorf("%d", ex.Response.StatusCode)
		}
	}
}
