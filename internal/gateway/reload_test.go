package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// TestReloadUnderLoad: every request sees one revision in all its documents, none
// fails, and the counters go on counting.
func TestReloadUnderLoad(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Seen"] = r.Header["X-Rev"]
	}))
	defer back.Close()
	at := func(rev string) *apim.Service {
		svc := service(back.URL)
		mark := `<stamp name="X-Rev" value="` + rev + `" />`
		svc.Policy = source(policy.Global, "policy.xml", "<policies><inbound>"+mark+"</inbound><backend><forward-request /></backend><outbound>"+mark+"</outbound><on-error /></policies>")
		svc.Workspaces = []*apim.Workspace{{Workspace: exchange.Workspace{ID: "w"}, Policy: source(policy.Workspace, "w/policy.xml", doc(mark, mark, ""))}}
		svc.APIs[0].Workspace, svc.APIs[0].ID = "w", "w/a"
		open := newProduct("w/open", false, "w/a")
		open.Workspace, open.Policy = "w", source(policy.Product, "w/products/open/policy.xml", doc(mark, mark, ""))
		svc.Products = append(svc.Products, open)
		svc.APIs[0].Policy = source(policy.API, "apis/a/policy.xml", doc(mark, mark, ""))
		svc.APIs[0].Operations[0].Policy = source(policy.Operation, "apis/a/operations/get/policy.xml", doc(mark, mark, ""))
		return svc
	}
	h, url := network(t, at("0"))
	var wg sync.WaitGroup
	var served, swaps atomic.Int64
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := http.Get(url + "/a/x")
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				all := append(resp.Header["X-Seen"], resp.Header["X-Rev"]...)
				if !oneRevision(all, 10) || resp.StatusCode != 200 {
					t.Errorf("status %d, revisions %v", resp.StatusCode, all)
					return
				}
				served.Add(1)
			}
		})
	}
	for served.Load() < 400 {
		rev := fmt.Sprint(swaps.Add(1))
		h.Swap(compile(t, at(rev), CompileOptions{Revision: rev, Previous: h.Snapshot()}))
	}
	close(stop)
	wg.Wait()
	t.Logf("%d requests over %d swaps", served.Load(), swaps.Load())
}

// oneRevision reports whether a request met n marks, all of one revision.
func oneRevision(marks []string, n int) bool {
	for _, m := range marks {
		if m != marks[0] {
			return false
		}
	}
	return len(marks) == n
}

// TestMixedRevisionsAreSeen is the control of TestReloadUnderLoad: a request whose
// snapshot changes under it is one that the test would tell of.
func TestMixedRevisionsAreSeen(t *testing.T) {
	at := func(rev string) *apim.Service {
		svc, mark := service("http://x"), `<stamp name="X-Rev" value="`+rev+`" />`
		svc.Policy = source(policy.Global, "policy.xml", "<policies><inbound>"+mark+"</inbound><backend><forward-request /></backend><outbound>"+mark+"</outbound><on-error /></policies>")
		return svc
	}
	var h *host
	calls := 0
	h = newHost(t, at("0"), exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
		if calls++; calls == 1 { // a gateway that looks the operation up again on its way
			h.Swap(compile(t, at("1"), CompileOptions{}))
			second := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/a/x"}}}
			if err := h.Do(ctx, second); err != nil {
				return err
			}
			ex.Response = second.Response
			return nil
		}
		ex.Response.StatusCode = 200
		return nil
	}))
	ex := h.call(t, "GET", gate+"/a/x", "")
	if marks := ex.Response.Header.Values("X-Rev"); oneRevision(marks, 2) || len(marks) != 2 {
		t.Errorf("marks %v look like one revision", marks)
	}
}

func TestReloadKeepsCounters(t *testing.T) {
	svc := service("http://x")
	svc.APIs[0].Policy = source(policy.API, "p.xml", doc("<count />", "", ""))
	h := newHost(t, svc, nil)
	var statuses []int
	for i := range 7 {
		statuses = append(statuses, h.call(t, "GET", gate+"/a/x", "").Response.StatusCode)
		h.Swap(compile(t, svc, CompileOptions{Revision: fmt.Sprint(i)}))
	}
	if diff := cmp.Diff([]int{200, 200, 200, 200, 200, 429, 429}, statuses); diff != "" {
		t.Error(diff)
	}
}

// TestAllocations counts what one exchange through three scopes allocates in
// this process; the bound is what it is today, so that growth is noticed.
func TestAllocations(t *testing.T) {
	svc := shop()
	svc.Products[0].Policy = source(policy.Product, "prod.xml", doc(`<stamp name="A" value="1" />`, "", ""))
	svc.APIs[0].Policy = source(policy.API, "api.xml", doc(`<stamp name="B" value="1" />`, "", ""))
	h := newHost(t, svc, exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		ex.Response.StatusCode = 200
		return nil
	}), func(c *Config) { c.Observe = nil })
	query := []exchange.Param{{Name: "a", Value: "1"}}
	run := func() {
		ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/orders/7", Query: query}}}
		ex.Request.Header.Add(DefaultKeyHeader, "demo-key")
		if err := h.Do(context.Background(), ex); err != nil || ex.Response.StatusCode != 200 {
			t.Fatal(err, ex.Response.StatusCode)
		}
	}
	const most = 20
	if n := testing.AllocsPerRun(200, run); n > most {
		t.Errorf("%v allocations for one exchange, at most %d are expected", n, most)
	} else {
		t.Logf("%v allocations for one exchange", n)
	}
}
