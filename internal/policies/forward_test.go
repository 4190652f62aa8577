package policies

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/policy"
	"stile/policy/exchange"
)

// TestForwarding: every attribute of forward-request reaches the caller.
func TestForwarding(t *testing.T) {
	for _, c := range []struct {
		attributes string
		want       exchange.Forwarding
	}{
		{``, exchange.Forwarding{Timeout: 300 * time.Second, HTTPVersion: "1"}},
		{`timeout="7" continue-timeout="2" http-version="2or1" follow-redirects="true" buffer-request-body="true" buffer-response="false"`,
			exchange.Forwarding{Timeout: 7 * time.Second, ContinueTimeout: 2 * time.Second, HTTPVersion: "2or1",
				FollowRedirects: true, BufferRequest: true, StreamResponse: true}},
		{`timeout-ms="@(1500)" follow-redirects="@(1 > 2)" continue-timeout="@(3)"`,
			exchange.Forwarding{Timeout: 1500 * time.Millisecond, ContinueTimeout: 3 * time.Second, HTTPVersion: "1"}},
	} {
		doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: policy.Global,
			Text: "<policies><backend><forward-request " + c.attributes + "/></backend></policies>"}, Table(), policy.Fixed{})
		if len(list) > 0 {
			t.Fatal(list)
		}
		var got exchange.Forwarding
		env := &policy.Env{Now: time.Now, Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			got = ex.Backend.Forwarding
			return nil
		})}
		policy.Link(doc, nil, nil, nil).Run(context.Background(), &exchange.Exchange{}, env)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.attributes, diff)
		}
	}
}
