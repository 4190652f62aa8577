package callback

import (
	"context"
	"errors"
	"strings"
	"testing"

	"stile/internal/sfn"
	"stile/policy/exchange"
)

type host struct {
	got    sfn.Delivery
	answer sfn.DeliveryAnswer
	err    error
}

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
