package policies

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stile/internal/cache"
	"stile/internal/cache/rediscache"
	"stile/internal/policies/cachecodec"
	"stile/internal/redis/redistest"
	"stile/policy"
	"stile/policy/exchange"
)

// outside are values of a host with an external cache.
type outside struct{ policy.Fixed }

func (outside) ExternalCache() bool { return true }

// TestCachingTypes: internal is the process's own cache, external the one outside or
// nothing, prefer-external the one outside where there is one.
func TestCachingTypes(t *testing.T) {
	for _, c := range []struct {
		kind             string
		external         bool
		inside, outsider bool
		warned           bool
	}{
		{"internal", true, true, false, false},
		{"external", true, false, true, false},
		{"prefer-external", true, false, true, false},
		{"internal", false, true, false, false},
		{"external", false, false, false, true},
		{"prefer-external", false, true, false, false},
	} {
		own, other := cache.NewMemory(0, 0), cache.NewMemory(0, 0)
		env := policy.Env{Now: func() time.Time { return epoch }, Cache: own}
		var values policy.Values = policy.Fixed{}
		if c.external {
			env.External, values = other, outside{}
		}
		text := `<policies><inbound><cache-store-value key="k" value="v" duration="60" caching-type="` + c.kind + `" />
			<cache-lookup-value key="k" variable-name="got" caching-type="` + c.kind + `" />
			<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" caching-type="` + c.kind + `" /></inbound>
			<backend><return-response /></backend><outbound><cache-store duration="60" /></outbound></policies>`
		doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: policy.Global, Text: text}, Table(), values)
		if (len(list) > 0) != c.warned || list.HasErrors() {
			t.Errorf("%+v: %v", c, list)
		}
		p := policy.Link(doc, nil, nil, nil)
		for range 2 {
			ex := visit("/")
			p.Run(context.Background(), ex, &env)
			if got, ok := ex.Variables["got"]; ok != (c.inside || c.outsider) || ok && got != "v" {
				t.Errorf("%+v: %v, %v", c, got, ok)
			}
		}
		for name, store := range map[string]*cache.Memory{"inside": own, "outside": other} {
			want := c.inside && name == "inside" || c.outsider && name == "outside"
			if _, _, ok, _ := store.Get(context.Background(), `value "k"`, epoch); ok != want {
				t.Errorf("%+v: %s has it: %v", c, name, ok)
			}
		}
	}
}

// gated is a backend whose answers wait for go-ahead.
type gated struct {
	calls   atomic.Int64
	entered chan struct{}
	release chan struct{}
}

func (g *gated) Do(ctx context.Context, ex *exchange.Exchange) error {
	n := g.calls.Add(1)
	g.entered <- struct{}{}
	select {
	case <-g.release:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Text(strconv.FormatInt(n, 10))}
	return nil
}

// refusals tells of each lock that another node has.
type refusals struct {
	cachecodec.Store
	refused chan struct{}
}

func (r refusals) Lock(ctx context.Context, key string) (leave func(), ok bool, err error) {
	leave, ok, err = r.Store.Lock(ctx, key)
	if err == nil && !ok {
		select {
		case r.refused <- struct{}{}:
		default:
		}
	}
	return leave, ok, err
}

// TestStampedeOfNodes: of many nodes whose callers lack one value, one makes it; where
// that one is gone, another does once its lock has ended; and where the server is
// away, every node makes its own.
func TestStampedeOfNodes(t *testing.T) {
	mini, link := redistest.Mini(t)
	second := redistest.Open(t, redistest.Config(mini.Addr()))
	back, refused := &gated{entered: make(chan struct{}, 100), release: make(chan struct{})}, make(chan struct{}, 1)
	p := pipelineOf(t, cachedCall)
	node := func(store cachecodec.Store) *policy.Env {
		return &policy.Env{Now: time.Now, NewGUID: func() string { return "1" }, Rand: func() uint64 { return 1 }, Backend: back,
			Flights: new(policy.Flights), External: cachecodec.New(refusals{store, refused})}
	}
	var wg sync.WaitGroup
	visits := func(ctx context.Context, env *policy.Env, n int, want string) {
		for range n {
			wg.Go(func() {
				ex := visit("/")
				p.Run(ctx, ex, env)
				if got := ex.Variables["v"]; want != "" && got != want {
					t.Errorf("%v, want %s", got, want)
				}
			})
		}
	}
	a, b := node(rediscache.New(link)), node(rediscache.New(second))
	visits(t.Context(), a, 8, "1")
	<-back.entered
	visits(t.Context(), b, 8, "1")
	<-refused
	close(back.release)
	wg.Wait()
	if n := back.calls.Load(); n != 1 {
		t.Fatalf("%d calls were made by two nodes", n)
	}

	// The node that makes it crashes: what it holds ends by itself.
	mini.FastForward(24 * time.Hour)
	back.release = make(chan struct{})
	gone, crash := context.WithCancel(t.Context())
	visits(gone, a, 1, "")
	<-back.entered
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
	visits(t.Context(), b, 4, "3")
	for len(refused) > 0 {
		<-refused
	}
	<-refused
	mini.FastForward(rediscache.Hold)
	<-back.entered
	close(back.release)
	crash()
	wg.Wait()
	if n := back.calls.Load(); n != 3 {
		t.Errorf("%d calls were made", n)
	}

	mini.Close()
	back.entered = make(chan struct{}, 100)
	visits(t.Context(), b, 3, "")
	wg.Wait()
	if n := back.calls.Load(); n < 4 {
		t.Errorf("%d calls were made: a server that is away holds others up", n)
	}
}
