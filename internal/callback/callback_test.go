package callback

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// host answers with what it is told to; what a test does not need is not there.
type host struct {
	Host
	got      sfn.Delivery
	answer   sfn.DeliveryAnswer
	err      error
	recorded []string
}

func (h *host) RecordDelivery(_ context.Context, d sfn.Delivery, r sfn.DeliveryRecord) error {
	if d.TaskToken != "tok" {
		return sfn.InvalidToken()
	}
	h.recorded = append(h.recorded, strings.TrimSpace(fmt.Sprintln(r.Answer, r.Status, d.Fail, d.Sender.Client, r.Policy, r.At, r.Reason)))
	return h.err
}

func (h *host) CompleteCallback(_ context.Context, _ sfn.CallbackRef, d sfn.Delivery) (sfn.DeliveryAnswer, error) {
	h.got = d
	return h.answer, h.err
}

func (h *host) TokenKeys() func(string) []byte { return func(string) []byte { return []byte("key") } }

func (h *host) Deliver(_ context.Context, d sfn.Delivery) (sfn.DeliveryAnswer, error) {
	h.got = d
	return h.answer, h.err
}

func (h *host) OpenTokens(context.Context) ([]sfn.OpenToken, error) {
	return []sfn.OpenToken{{TaskToken: "tok", ExecutionName: "e1", StateMachineName: "order", State: "Approve"}}, nil
}

func post(operation, body string) *exchange.Exchange {
	ex := &exchange.Exchange{Operation: &exchange.Operation{ID: operation}}
	ex.Request.Matched = []exchange.Param{{Name: "token", Value: "tok"}}
	ex.Request.Body = exchange.Text(body)
	return ex
}

func TestDeliveryAnswers(t *testing.T) {
	for _, c := range []struct {
		name, operation, body string
		answer                sfn.DeliveryAnswer
		err                   error
		status                int
	}{
		{"first", "complete", `{"approved":true}`, sfn.Accepted, nil, 200},
		{"same again", "complete", `{"approved":true}`, sfn.Repeated, nil, 200},
		{"another later", "complete", `{}`, sfn.Conflict, nil, 410},
		{"too late", "complete", `{}`, sfn.Gone, nil, 410},
		{"revoked", "complete", `{}`, sfn.Revoked, nil, 410},
		{"altered", "complete", `{}`, 0, sfn.InvalidToken(), 401},
		{"task gone", "complete", `{}`, 0, sfn.TaskDoesNotExist(), 410},
		{"no longer taken", "complete", `{}`, 0, &sfn.Error{Code: "ServiceUnavailable"}, 503},
		{"in quarantine", "complete", `{}`, 0, &sfn.Error{Code: "InternalFailure"}, 500},
		{"not JSON", "complete", `{`, sfn.Accepted, nil, 400},
		{"fail", "fail", `{"error":"No","cause":"too dear"}`, sfn.Accepted, nil, 200},
		{"too large for an output", "complete", `"` + strings.Repeat("x", sfn.MaxData) + `"`, sfn.Accepted, nil, 413},
		{"as large as an output", "complete", `"` + strings.Repeat("x", sfn.MaxData-2) + `"`, sfn.Accepted, nil, 200},
		{"fail with a long error", "fail", `{"error":"` + strings.Repeat("x", 257) + `"}`, sfn.Accepted, nil, 400},
		{"fail with a long cause", "fail", `{"cause":"` + strings.Repeat("x", 32769) + `"}`, sfn.Accepted, nil, 400},
		{"fail with junk", "fail", `{"err":"No"}`, sfn.Accepted, nil, 400},
		{"fail with a number", "fail", `{"error":1}`, sfn.Accepted, nil, 400},
		{"fail with an array", "fail", `[]`, sfn.Accepted, nil, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &host{answer: c.answer, err: c.err}
			ex := post(c.operation, c.body)
			if err := New(h, "http://gate/").Do(t.Context(), ex); err != nil {
				t.Fatal(err)
			}
			if ex.Response.StatusCode != c.status {
				t.Errorf("status %d, want %d", ex.Response.StatusCode, c.status)
			}
			if c.status == 200 && (h.got.TaskToken != "tok" || h.got.Fail != (c.operation == "fail")) {
				t.Errorf("delivered %+v", h.got)
			}
		})
	}
}

func TestSameBodyOfAnotherKindIsAnotherDelivery(t *testing.T) {
	if digest(true, []byte("{}")) == digest(false, []byte("{}")) {
		t.Error("complete and fail have one digest")
	}
}

func TestHostFailureIsAnError(t *testing.T) {
	broken := errors.New("disk")
	if err := New(&host{err: broken}, "http://gate").Do(t.Context(), post("complete", "{}")); !errors.Is(err, broken) {
		t.Errorf("got %v, want the host's error", err)
	}
}

func TestListShowsURLs(t *testing.T) {
	got, err := New(&host{}, "https://gate.example/").List(t.Context())
	if err != nil || len(got) != 1 || got[0].URL != "https://gate.example/callbacks/tok" || got[0].State != "Approve" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestInvalidBodyIsRecorded: on the timeline where the token opens, else 401.
func TestInvalidBodyIsRecorded(t *testing.T) {
	h := &host{}
	for token, want := range map[string]int{"tok": 400, "altered": 401} {
		ex := post("fail", "{")
		ex.Request.Matched[0].Value = token
		ex.Request.Client = netip.MustParseAddr("192.0.2.7")
		if err := New(h, "http://gate").Do(t.Context(), ex); err != nil || ex.Response.StatusCode != want {
			t.Errorf("%s: %d, %v", token, ex.Response.StatusCode, err)
		}
	}
	if len(h.recorded) != 1 || !strings.HasPrefix(h.recorded[0], "invalid 400 true 192.0.2.7   BodyIsNoOutput") {
		t.Errorf("recorded %q", h.recorded)
	}
}

// TestEndedByAPolicy records what never came to the task, and nothing that did.
func TestEndedByAPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(ex *exchange.Exchange)
		want   string
	}{
		"refused": {func(ex *exchange.Exchange) {
			ex.Response.StatusCode = 403
			ex.Verdict = &exchange.Verdict{Policy: "ip-filter", File: "p.xml", Line: 3, Reason: "CallerIpNotAllowed"}
		}, "refused 403 false  ip-filter p.xml:3 CallerIpNotAllowed"},
		"answered": {func(ex *exchange.Exchange) { ex.Response.StatusCode = 204 }, "answered 204 false"},
		"failed": {func(ex *exchange.Exchange) {
			ex.Response.StatusCode = 500
			ex.LastError = &exchange.LastError{Source: "set-body", Reason: "ExpressionValueEvaluationFailure"}
		}, "failed 500 false  set-body  ExpressionValueEvaluationFailure"},
		"delivered": {func(ex *exchange.Exchange) { ex.Calls = []exchange.Call{{URL: BackendURL}} }, ""},
		"altered":   {func(ex *exchange.Exchange) { ex.Request.Matched[0].Value = "x" }, ""},
	} {
		h, ex := &host{}, post("complete", "{}")
		c.change(ex)
		if err := New(h, "http://gate").Ended(t.Context(), ex); err != nil {
			t.Error(err)
		}
		if got := strings.Join(h.recorded, "; "); got != c.want {
			t.Errorf("%s: recorded %q, want %q", name, got, c.want)
		}
	}
}

// TestOperatorsAnswersDiffer: the same words by the same person are one delivery,
// by another person, by another way or on the URL another.
func TestOperatorsAnswersDiffer(t *testing.T) {
	h := &host{answer: sfn.Accepted}
	c, seen := New(h, "http://gate"), map[string]string{}
	say := func(who string, a Answer, by sfn.Sender) {
		t.Helper()
		if _, err := c.Complete(t.Context(), sfn.CallbackRef{}, a, by); err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[h.got.Digest]; ok && other != who {
			t.Errorf("%s and %s are one delivery", who, other)
		}
		seen[h.got.Digest] = who
	}
	ok := Answer{Output: jsonval.MustParse(`{"ok":1}`)}
	seen[digest(false, []byte(`{"ok":1}`))] = "the URL"
	say("ada", ok, sfn.Sender{Via: ViaPage, Subject: "user:ada"})
	say("ada", ok, sfn.Sender{Via: ViaPage, Subject: "user:ada", Client: "192.0.2.9"})
	say("ada by the API", ok, sfn.Sender{Via: ViaAPI, Subject: "user:ada"})
	say("bob", ok, sfn.Sender{Via: ViaPage, Subject: "user:bob"})
	say("bob fails it", Answer{Fail: true, Error: "No"}, sfn.Sender{Via: ViaPage, Subject: "user:bob"})
	if len(seen) != 5 {
		t.Errorf("%d deliveries, want 5", len(seen))
	}
}

func TestRefOf(t *testing.T) {
	c := New(&host{}, "https://gate.example")
	token := sfn.Token{Key: "k", ExecutionARN: "arn:aws:states:us-east-1:1:execution:m:e", Command: 3, Attempt: 2, Serial: 1}.Seal([]byte("key"))
	for _, url := range []string{c.URL(token), c.URL(token) + "/fail", "http://127.0.0.1:7480/callbacks/" + token + "/"} {
		if ref, ok := c.RefOf(url); !ok || ref.ID() != "m:e:3:2" {
			t.Errorf("%s: %+v %v", url, ref, ok)
		}
	}
	for _, url := range []string{token, "https://gate.example/callbacks/x", "https://gate.example/callbacks/" + token + "x"} {
		if _, ok := c.RefOf(url); ok {
			t.Errorf("%s is a callback", url)
		}
	}
}

func TestShownNeverHasTheToken(t *testing.T) {
	in := sfn.TaskInput{Input: jsonval.MustParse(`{"a":{"b":[1,2]}}`)}
	o := Open{Ref: sfn.CallbackRef{Attempt: 2}, URL: "secret", Execution: "e", State: "S", StateMachine: "m"}
	for path, want := range map[string]string{"$.a.b[1]": "2", "$.none": "", "$$.State.Name": `"S"`, "$$.Task.Token": "", "$$.State.RetryCount": "1"} {
		s, err := NewShown(path)
		if err != nil {
			t.Fatal(path, err)
		}
		if v, ok := s.Value(o, in); ok != (want != "") || v.Text() != want {
			t.Errorf("%s: %q %v", path, v.Text(), ok)
		}
	}
	if s, err := NewShown("$$"); err != nil {
		t.Error(err)
	} else if v, _ := s.Value(o, in); strings.Contains(v.Text(), "secret") {
		t.Errorf("the context shows %s", v.Text())
	}
	for _, bad := range []string{"", "a", "$[", "$$["} {
		if _, err := NewShown(bad); err == nil {
			t.Errorf("%q compiles", bad)
		}
	}
}
