package policies

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// quotaPipeline compiles an element for a product's inbound.
func quotaPipeline(t *testing.T, element string) *policy.Pipeline {
	t.Helper()
	doc, list := policy.Compile(policy.Source{File: "product.xml", Scope: policy.Product,
		Text: "<policies><inbound>" + element + "</inbound><backend><forward-request /></backend></policies>"}, Table(), policy.Fixed{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	return policy.Link(nil, doc, nil, nil)
}

// TestQuotaExact: of many callers at once, as many get through as the quota says.
func TestQuotaExact(t *testing.T) {
	for _, element := range []string{
		`<quota calls="500" renewal-period="3600"><api id="orders" calls="100" renewal-period="60" /></quota>`,
		`<quota calls="100" bandwidth="10000000" renewal-period="0" />`,
		`<quota-by-key counter-key="@("k")" calls="100" renewal-period="300" />`,
		`<quota-by-key counter-key="k" calls="205" increment-count="2" renewal-period="300" />
		 <quota-by-key counter-key="k" calls="200" increment-count="2" renewal-period="300" />`,
	} {
		p, env := quotaPipeline(t, element), &policy.Env{Now: func() time.Time { return epoch }, Counters: NewCounters(),
			Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
				ex.Response.StatusCode = 200
				return nil
			})}
		var through atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 50 {
					ex := &exchange.Exchange{API: &exchange.API{ID: "orders"}, Subscription: &exchange.Subscription{ID: "s"}}
					p.Run(context.Background(), ex, env)
					if ex.Response.StatusCode == 200 {
						through.Add(1)
					} else if ex.Response.StatusCode != 403 {
						t.Errorf("status %d", ex.Response.StatusCode)
					}
				}
			})
		}
		wg.Wait()
		// In the last case the second policy refuses some of what the first has counted.
		if n := through.Load(); n != 100 {
			t.Errorf("%s\nlets %d through, want 100", element, n)
		}
	}
}

// TestBandwidth: bytes of both bodies count when they are done, streams too; the
// request after them is refused.
func TestBandwidth(t *testing.T) {
	for _, element := range []string{`<quota bandwidth="1" renewal-period="60" />`,
		`<quota-by-key counter-key="k" bandwidth="1" renewal-period="300" increment-condition="@(context.Response.StatusCode == 200)" />
		 <quota-by-key counter-key="k" bandwidth="1" renewal-period="300" />`} {
		for _, streams := range []bool{false, true} {
			t.Run(fmt.Sprint(element[:12], streams), func(t *testing.T) {
				body := func(n int) *exchange.Body {
					if streams {
						return exchange.Stream(io.NopCloser(strings.NewReader(strings.Repeat("x", n))), -1)
					}
					return exchange.Text(strings.Repeat("x", n))
				}
				p, counters := quotaPipeline(t, element), NewCounters()
				call := func(up, down int) *exchange.Exchange {
					env := &policy.Env{Now: func() time.Time { return epoch }, Counters: counters,
						Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
							r := ex.Request.Body.Reader()
							if data, err := io.ReadAll(r); err != nil || len(data) != up {
								t.Errorf("the backend got %d bytes, %v", len(data), err)
							}
							ex.Response = exchange.Response{StatusCode: 200, Body: body(down)}
							return r.Close()
						})}
					ex := &exchange.Exchange{Subscription: &exchange.Subscription{ID: "s"}, Request: exchange.Request{Method: "POST", Body: body(up)}}
					p.Run(context.Background(), ex, env)
					r := ex.Response.Body.Reader()
					if _, err := io.Copy(io.Discard, r); err != nil {
						t.Error(err)
					}
					if err := r.Close(); err != nil {
						t.Error(err)
					}
					return ex
				}
				for i, c := range []struct{ up, down, want int }{{500, 523, 200}, {0, 1, 200}, {0, 0, 403}} {
					ex := call(c.up, c.down)
					if ex.Response.StatusCode != c.want {
						t.Errorf("call %d: %d, want %d", i, ex.Response.StatusCode, c.want)
					}
					if c.want == 403 && !strings.HasPrefix(ex.LastError.Message, "Out of bandwidth quota. Quota will be replenished in 00:0") {
						t.Errorf("%+v", ex.LastError)
					}
				}
			})
		}
	}
}

// TestTimeSpan: .NET's text of a time span.
func TestTimeSpan(t *testing.T) {
	for seconds, want := range map[int64]string{1: "00:00:01", 86399: "23:59:59", 86400: "1.00:00:00", 604800: "7.00:00:00", 14*86400 + 26036: "14.07:13:56"} {
		if got := timeSpan(seconds); got != want {
			t.Errorf("%d is %s, want %s", seconds, got, want)
		}
	}
}

// TestNoQuotas: counters that know no quotas or slots let nobody through.
func TestNoQuotas(t *testing.T) {
	type plain struct{ policy.Counters }
	for _, element := range []string{`<quota calls="1" renewal-period="0" />`, `<limit-concurrency key="a" max-count="1"><return-response /></limit-concurrency>`} {
		ex := &exchange.Exchange{Subscription: &exchange.Subscription{ID: "s"}}
		quotaPipeline(t, element).Run(context.Background(), ex, &policy.Env{Now: time.Now, Counters: plain{NewCounters()}})
		if ex.Response.StatusCode != 500 {
			t.Errorf("%s: %d", element, ex.Response.StatusCode)
		}
	}
}
