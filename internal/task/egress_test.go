package task

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"stile/internal/reach"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// out is a project that lets order-role call some hosts, and what was told of it.
type out struct {
	up    gate
	sends []string // Idempotency-Key of each
	told  []string
	conn  Connection
	// untold is why the audit cannot be told.
	untold error
}

func (o *out) run(t *testing.T, role, resource, params string) sfn.TaskResult {
	t.Helper()
	r, err := New(Config{
		Gateway: exchange.CallerFunc(func(context.Context, *exchange.Exchange) error { return errors.New("the gateway was called") }),
		Upstream: exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
			o.sends = append(o.sends, ex.Request.Header.Get("Idempotency-Key"))
			if len(o.told) != len(o.sends) {
				t.Error("a call was sent before it was told")
			}
			return o.up.Do(ctx, ex)
		}),
		Map: func(target string) (Target, bool) {
			return Target{URL: "http://127.0.0.1:9/base/"}, target == "https://mapped.example"
		},
		Egress: func(host, role string) (Exit, bool) {
			if role != "order-role" {
				return Exit{}, false
			}
			switch host {
			case "api.example.com:8443":
				return Exit{Entry: "api.example.com:8443", Reason: "partner"}, true
			case "inside.example":
				return Exit{Entry: "inside.example", Reason: "own", Private: true}, true
			}
			return Exit{}, false
		},
		Ungoverned: func(_ context.Context, call sfn.TaskCall, host, reason string, ex *exchange.Exchange) error {
			o.told = append(o.told, call.State+" "+host+" "+reason+" "+ex.Trace.TraceID)
			return o.untold
		},
		Connection: func(string) (Connection, bool) { return o.conn, true },
		Now:        func() time.Time { return time.Unix(1, 0) }, NewGUID: func() string { return "guid" },
	}, Table())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan sfn.TaskResult, 1)
	r.Start(t.Context(), sfn.TaskCall{Resource: resource, Parameters: jsonval.MustParse(params), IdempotencyKey: "idem", ExecutionARN: "arn", Command: 1,
		RoleARN: "arn:aws:iam::111111111111:role/" + role, State: "Pay", StateMachineName: "order", ExecutionName: "e1", Attempt: 2, TraceID: "trace"},
		func(res sfn.TaskResult) { done <- res })
	return <-done
}

const invoke = "arn:aws:states:::http:invoke"

func to(endpoint string) string {
	return `{"ApiEndpoint":"` + endpoint + `","Method":"GET","Authentication":{"ConnectionArn":"` + conn + `"}}`
}

// TestEgress: a host past the gateway is called where the project lists it for the
// state's role, and nowhere else.
func TestEgress(t *testing.T) {
	for _, tt := range []struct {
		name, role, endpoint, base, host, reason string
		tainted                                  bool
	}{
		{"listed", "order-role", "https://api.example.com:8443/x", "https://api.example.com:8443", "api.example.com:8443", "partner", true},
		{"private", "order-role", "https://inside.example/x", "https://inside.example", "inside.example", "own", false},
		{"mapped", "other", "https://mapped.example/x", "http://127.0.0.1:9/base", "127.0.0.1:9", "map of stile.yaml", false},
	} {
		o := &out{up: gate{status: 200, body: "{}"}}
		res := o.run(t, tt.role, invoke, to(tt.endpoint))
		if res.Error != "" || o.up.seen == nil {
			t.Fatalf("%s: %+v", tt.name, res)
		}
		ex := o.up.seen
		if ex.Backend.BaseURL != tt.base || ex.Backend.Tainted != tt.tainted || ex.Principal != nil || ex.SubscriptionID != "" || ex.Request.Header.Has("Authorization") {
			t.Errorf("%s: backend %+v, principal %v", tt.name, ex.Backend, ex.Principal)
		}
		if s := *ex.State; s != (exchange.StateCall{StateMachine: "order", Execution: "e1", State: "Pay", Attempt: 2, Host: tt.host, Reason: tt.reason}) {
			t.Errorf("%s: %+v", tt.name, s)
		}
		if len(o.told) != 1 || o.told[0] != "Pay "+tt.host+" "+tt.reason+" trace" {
			t.Errorf("%s: told %q", tt.name, o.told)
		}
		if text := res.Call.Text(); !strings.Contains(text, `"governed":false,"host":"`+tt.host+`","reason":"`+tt.reason+`"`) {
			t.Errorf("%s: record %s", tt.name, text)
		}
	}
}

func TestEgressRefused(t *testing.T) {
	for _, tt := range []struct{ role, resource, params, host string }{
		{"order-role", invoke, to("https://evil.example/x"), "evil.example"},
		{"other-role", invoke, to("https://inside.example/x"), "inside.example"},
		{"order-role", invoke, to("https://api.example.com/x"), "api.example.com"},
		{"order-role", invoke, to("https://api.example.com:8443.evil.example/x"), ""},
		{"order-role", invoke, to("https://inside.example@evil.example/x"), "evil.example"},
		{"order-role", invoke, to("https://inside.example./x"), "inside.example."},
		{"order-role", "arn:aws:states:::apigateway:invoke", `{"ApiEndpoint":"evil.example","Method":"GET"}`, "evil.example"},
	} {
		o := &out{up: gate{status: 200}}
		res := o.run(t, tt.role, tt.resource, tt.params)
		if len(o.sends) != 0 || len(o.told) != 0 {
			t.Errorf("%s was sent", tt.params)
		}
		if tt.host == "" {
			if res.Error != "States.Runtime" {
				t.Errorf("%+v", res)
			}
			continue
		}
		for _, part := range []string{"host '" + tt.host + "'", "role '" + tt.role + "'", `- {host: "` + tt.host + `", roles: [` + tt.role + `], reason: `} {
			if res.Error != "States.Permissions" || !strings.Contains(res.Cause, part) {
				t.Errorf("%s: %s lacks %s", res.Error, res.Cause, part)
			}
		}
		if p := res.Call.Get("permission"); p.Get("action").Text() != `"egress"` || p.Get("role").Text() != `"`+tt.role+`"` || res.Call.Get("governed").Text() != "false" {
			t.Errorf("record %s", res.Call.Text())
		}
	}
}

// TestWhatCannotBeRecordedIsNotSent past the gateway.
func TestWhatCannotBeRecordedIsNotSent(t *testing.T) {
	o := &out{up: gate{status: 200}, untold: errors.New("the disk is full")}
	res := o.run(t, "order-role", invoke, to("https://api.example.com:8443/x"))
	if res.Error != "States.TaskFailed" || !strings.Contains(res.Cause, "not sent") || len(o.sends) != 0 || len(o.told) != 1 {
		t.Errorf("%+v, sent %d", res, len(o.sends))
	}
}

// TestAListedNameThatLeadsInside: the error is no transient one, and says what to
// write.
func TestAListedNameThatLeadsInside(t *testing.T) {
	o := &out{up: gate{err: fmt.Errorf("dial: %w", reach.Check(netip.MustParseAddr("10.0.0.7"), reach.Public))}}
	res := o.run(t, "order-role", invoke, to("https://api.example.com:8443/x"))
	if res.Error != "States.Permissions" || !strings.Contains(res.Cause, "10.0.0.7") || !strings.Contains(res.Cause, "private: true") || res.Call.Get("host").Text() != `"api.example.com:8443"` {
		t.Errorf("%+v", res)
	}
}

func TestConnectionCredentials(t *testing.T) {
	given := 0
	creds := func(text string) Credentials {
		return Credentials{Header: []Secret{{"X-Team", secret.NewValue(text)}}, Query: []Secret{{"k", secret.NewValue(text)}}}
	}
	o := &out{up: gate{status: 401}, conn: Connection{Name: "partner", Header: []exchange.Param{{Name: "x-team", Value: "plain"}},
		Authorize: func(context.Context) (Credentials, error) {
			c := creds("first")
			c.Again = func(context.Context) (Credentials, bool) { given++; return creds("second"), given == 1 }
			return c, nil
		}}}
	res := o.run(t, "order-role", invoke, to("https://inside.example/x"))
	ex := o.up.seen
	if strings.Join(o.sends, " ") != "idem idem" || ex.Request.Header.Get("X-Team") != "second" || len(ex.Request.Header.Values("X-Team")) != 1 || ex.Request.URL.QueryString() != "?k=second" {
		t.Errorf("sent %v, last with %v%s", o.sends, ex.Request.Header.Values("X-Team"), ex.Request.URL.QueryString())
	}
	if res.Error != "States.Http.StatusCode.401" || strings.Contains(res.Call.Text(), "second") {
		t.Errorf("%+v\n%s", res, res.Call.Text())
	}
	if o.run(t, "order-role", invoke, to("https://inside.example/x")); len(o.sends) != 3 {
		t.Errorf("no other credentials, and sent %d times", len(o.sends)-2)
	}
	o.conn.Authorize = func(context.Context) (Credentials, error) {
		return Credentials{}, &secret.Missing{Ref: secret.Ref{}, Reason: "is not set or empty"}
	}
	if res = o.run(t, "order-role", invoke, to("https://inside.example/x")); res.Error != "Events.ConnectionResource.InvalidConnectionState" || len(o.sends) != 3 {
		t.Errorf("%+v, sent %d times", res, len(o.sends))
	}
}
