package policies

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// TestSendRequestExchange: what goes out is held to the rules for addresses from
// expressions, carries no token of a step, and is recorded; the request under way
// stays whole.
func TestSendRequestExchange(t *testing.T) {
	doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: policy.Global, Text: `<policies><inbound>
		<send-request mode="copy" response-variable-name="r"><set-url>http://10.0.0.1/a</set-url></send-request>
		</inbound><backend><forward-request /></backend></policies>`}, Table(), policy.Fixed{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	minted := 0
	ex := &exchange.Exchange{Principal: exchange.NewPrincipal(stepClaims), API: &exchange.API{ID: "a"}, Hops: 3,
		Backend: exchange.Backend{BaseURL: "http://backend.example"},
		Request: exchange.Request{Method: "POST", Body: exchange.Stream(io.NopCloser(strings.NewReader("body")), -1)}}
	ex.Request.Header.SetLazy("Authorization", func() string { minted++; return "Bearer x" })
	var seen []string
	env := &policy.Env{Now: time.Now, Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		body, err := ex.Request.Body.Bytes()
		seen = append(seen, ex.Backend.BaseURL+" "+string(body))
		ex.Calls = append(ex.Calls, exchange.Call{URL: ex.Backend.BaseURL})
		if ex.Backend.BaseURL == "http://10.0.0.1" {
			if !ex.Backend.Tainted || ex.Principal != nil || ex.Request.Header.Has("Authorization") || ex.Hops != 3 || ex.API != nil {
				t.Errorf("what goes out is %+v", ex)
			}
		} else if ex.Backend.Tainted || !ex.Request.Header.Lazy("Authorization") || ex.Principal == nil {
			t.Errorf("the request under way is %+v", ex)
		}
		ex.Response.StatusCode = 200
		return err
	})}
	policy.Link(doc, nil, nil, nil).Run(context.Background(), ex, env)
	if got := strings.Join(seen, ", "); got != "http://10.0.0.1 body, http://backend.example body" {
		t.Error(got)
	}
	if len(ex.Calls) != 2 || minted != 0 || ex.Response.StatusCode != 200 {
		t.Errorf("%d calls, %d tokens, %d", len(ex.Calls), minted, ex.Response.StatusCode)
	}
}

// TestSendRequestBreaks: an answer that breaks off is no answer, and a service that
// is too slow is a timeout.
func TestSendRequestBreaks(t *testing.T) {
	for _, c := range []struct {
		want    string
		backend exchange.CallerFunc
	}{
		{"BackendConnectionFailure | cut", func(_ context.Context, ex *exchange.Exchange) error {
			ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Stream(io.NopCloser(iotest.ErrReader(errors.New("cut"))), -1)}
			return nil
		}},
		{"Timeout | the backend did not answer in time", func(ctx context.Context, _ *exchange.Exchange) error {
			<-ctx.Done()
			return ctx.Err()
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			for _, lenient := range []bool{false, true} {
				element := `<send-request response-variable-name="r" timeout="1" ignore-error="false"><set-url>https://a.example</set-url></send-request>`
				if lenient {
					element = strings.Replace(element, `"false"`, `"true"`, 1)
				}
				doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: policy.Global,
					Text: "<policies><inbound>" + element + "</inbound><backend /></policies>"}, Table(), policy.Fixed{})
				if len(list) > 0 {
					t.Fatal(list)
				}
				ex := &exchange.Exchange{}
				policy.Link(doc, nil, nil, nil).Run(context.Background(), ex, &policy.Env{Now: time.Now, Backend: c.backend})
				if v, ok := ex.Variables["r"]; lenient && (ex.LastError != nil || !ok || v != nil) {
					t.Errorf("%+v, variable %v %v", ex.LastError, v, ok)
				}
				if !lenient && (ex.LastError == nil || ex.LastError.Reason+" | "+ex.LastError.Message != c.want) {
					t.Errorf("%+v, want %s", ex.LastError, c.want)
				}
			}
		})
	}
}
