package policies

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"stile/internal/cache"
	"stile/policy"
	"stile/policy/exchange"
)

const cacheDocument = `<policies><inbound><cache-lookup vary-by-developer="false" vary-by-developer-groups="false" /></inbound>
	<backend><forward-request /></backend><outbound><cache-store duration="60" /></outbound></policies>`

// get runs a GET and reads its answer to the end; calls counts what reaches the backend.
func get(t *testing.T, store policy.Cache, body func() *exchange.Body) (calls int, text string, err error) {
	t.Helper()
	doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: policy.Global, Text: cacheDocument}, Table(), policy.Fixed{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", OriginalURL: exchange.URL{Path: "/a"}}}
	policy.Link(doc, nil, nil, nil).Run(context.Background(), ex, &policy.Env{Now: func() time.Time { return epoch }, Cache: store,
		Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			calls++
			ex.Response = exchange.Response{StatusCode: 200, Body: body()}
			return nil
		})})
	r := ex.Response.Body.Reader()
	defer r.Close()
	data, err := io.ReadAll(r)
	return calls, string(data), err
}

func stream(r io.Reader, length int64) func() *exchange.Body {
	return func() *exchange.Body { return exchange.Stream(io.NopCloser(r), length) }
}

// TestCacheBodies: what is kept is the whole body of at most 2 MiB, and only that.
func TestCacheBodies(t *testing.T) {
	long := strings.Repeat("x", maxCached+1)
	for _, c := range []struct {
		name string
		body func() *exchange.Body
		kept bool
	}{
		{"memory", func() *exchange.Body { return exchange.Text("hello") }, true},
		{"empty", func() *exchange.Body { return nil }, true},
		{"stream of known length", stream(strings.NewReader("hello"), 5), true},
		{"stream of unknown length", stream(strings.NewReader("hello"), -1), true},
		{"stream byte by byte", stream(iotest.OneByteReader(strings.NewReader("hello")), -1), true},
		{"the longest", func() *exchange.Body { return exchange.Text(long[:maxCached]) }, true},
		{"the longest stream", stream(strings.NewReader(long[:maxCached]), -1), true},
		{"too long", func() *exchange.Body { return exchange.Text(long) }, false},
		{"too long a stream", stream(strings.NewReader(long), -1), false},
		{"too long a stream of known length", stream(strings.NewReader(long), maxCached+1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := cache.NewMemory(0, 0)
			_, first, err := get(t, store, c.body)
			if err != nil {
				t.Fatal(err)
			}
			calls, again, err := get(t, store, func() *exchange.Body { return exchange.Text("other") })
			if err != nil || calls == 0 != c.kept || c.kept && again != first || !c.kept && again != "other" {
				t.Errorf("%d calls, %v, %d bytes after %d", calls, err, len(again), len(first))
			}
		})
	}
}

// TestCacheCutStream: an answer that broke off is not kept.
func TestCacheCutStream(t *testing.T) {
	store, cut := cache.NewMemory(0, 0), errors.New("cut")
	_, _, err := get(t, store, stream(io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(cut)), -1))
	if !errors.Is(err, cut) {
		t.Fatal(err)
	}
	if calls, text, _ := get(t, store, func() *exchange.Body { return exchange.Text("whole") }); calls != 1 || text != "whole" {
		t.Errorf("%d calls, %q", calls, text)
	}
}

// TestCacheStoresManyAtOnce: exchanges that share a value change their own copies.
func TestCacheStoresManyAtOnce(t *testing.T) {
	doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: policy.Global, Text: `<policies><inbound>
		<cache-lookup-value key="k" variable-name="v" default-value="@(JObject.Parse("{\"n\": 1}"))" />
		<cache-store-value key="k" value="@(context.Variables["v"])" duration="60" />
		<set-variable name="n" value="@{ var v = (JObject)context.Variables["v"]; v["n"] = (int)v["n"] + 1; return (int)v["n"]; }" />
		</inbound><backend /></policies>`}, Table(), policy.Fixed{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	p, store := policy.Link(doc, nil, nil, nil), cache.NewMemory(0, 0)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				ex := &exchange.Exchange{}
				p.Run(context.Background(), ex, &policy.Env{Now: func() time.Time { return epoch }, Cache: store})
				if ex.Variables["n"] != int32(2) {
					t.Errorf("n is %v, %+v", ex.Variables["n"], ex.LastError)
					return
				}
			}
		})
	}
	wg.Wait()
}
