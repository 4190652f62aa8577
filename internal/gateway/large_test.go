package gateway

import (
	"fmt"
	"slices"
	"testing"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// large is a service of 10,000 operations and 50,000 subscriptions.
func large() *apim.Service { return sized(200, 50, 50_000) }

// sized is a service of so many APIs of so many operations, and so many subscriptions.
func sized(apis, each, subscriptions int) *apim.Service {
	svc := &apim.Service{Policy: source(policy.Global, "policy.xml", forwarding)}
	var ids []string
	for i := range apis {
		var operations []string
		for k := range each {
			operations = append(operations, fmt.Sprint("op", k), "GET", fmt.Sprintf("/things%d/{id}", k))
		}
		a := newAPI(fmt.Sprint("api", i), fmt.Sprint("path", i), "http://backend", operations...)
		a.Policy = source(policy.API, fmt.Sprintf("apis/%d/policy.xml", i), doc(`<stamp name="A" value="1" />`, "", ""))
		for k, o := range a.Operations {
			o.Policy = source(policy.Operation, fmt.Sprintf("apis/%d/operations/%d/policy.xml", i, k), doc(`<stamp name="B" value="1" />`, "", ""))
		}
		svc.APIs = append(svc.APIs, a)
		ids = append(ids, a.ID)
	}
	for i := range 20 {
		var its []string
		for k := i; k < apis; k += 20 {
			its = append(its, ids[k])
		}
		svc.Products = append(svc.Products, newProduct(fmt.Sprint("product", i), true, its...))
	}
	for i := range subscriptions {
		svc.Subscriptions = append(svc.Subscriptions, newSubscription(fmt.Sprint("s", i), fmt.Sprint("product/product", i%20), fmt.Sprint("primary-", i), fmt.Sprint("secondary-", i)))
	}
	return svc
}

func BenchmarkCompileLarge(b *testing.B) {
	svc := large()
	for b.Loop() {
		compile(b, svc, CompileOptions{})
	}
}

// BenchmarkReloadLarge compiles again with one operation's document changed.
func BenchmarkReloadLarge(b *testing.B) {
	svc := large()
	s := compile(b, svc, CompileOptions{})
	for i := 0; b.Loop(); i++ {
		next, noun, operation := *svc, *svc.APIs[7], *svc.APIs[7].Operations[7]
		operation.Policy = source(policy.Operation, "apis/7/operations/7/policy.xml", doc(fmt.Sprintf(`<stamp name="B" value="%d" />`, i), "", ""))
		noun.Operations, next.APIs = slices.Clone(noun.Operations), slices.Clone(next.APIs)
		noun.Operations[7], next.APIs[7] = &operation, &noun
		s = compile(b, &next, CompileOptions{Previous: s})
	}
}

// TestCostIsTheSameHoweverMuchThereIs: allocations of a request and its looks into maps do
// not depend on how many operations and subscriptions there are, nor on what was loaded
// again before: nothing, one document, the global one, one more subscription.
func TestCostIsTheSameHoweverMuchThereIs(t *testing.T) {
	type costs struct {
		probes      int
		allocations float64
	}
	cost := func(svc *apim.Service, change func(svc *apim.Service)) (c costs) {
		h := newHost(t, svc, nil, func(c *Config) { c.Observe = nil })
		if change != nil {
			next := *svc
			next.APIs, next.Subscriptions = slices.Clone(svc.APIs), slices.Clone(svc.Subscriptions)
			change(&next)
			h.Swap(compile(t, &next, CompileOptions{Revision: "2", Previous: h.Snapshot()}))
		}
		run := func() {
			ex := &exchange.Exchange{ID: "x", Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/path3/things1/7"}}}
			ex.Request.Header.Add(DefaultKeyHeader, "primary-3")
			if err := h.Do(t.Context(), ex); err != nil || ex.Response.StatusCode != 200 {
				t.Fatal(err, ex.Response.StatusCode)
			}
		}
		h.Snapshot().keys.probed = func() { c.probes++ }
		h.Snapshot().root.probed = func() { c.probes++ }
		run()
		h.Snapshot().keys.probed, h.Snapshot().root.probed = nil, nil
		if c.allocations = 1; !raced {
			c.allocations = testing.AllocsPerRun(100, run)
		}
		return c
	}
	changes := map[string]func(svc *apim.Service){
		"nothing": nil,
		"one document": func(svc *apim.Service) {
			noun, operation := *svc.APIs[3], *svc.APIs[3].Operations[1]
			operation.Policy = source(policy.Operation, operation.Policy.File, doc(`<stamp name="B" value="2" />`, "", ""))
			noun.Operations = slices.Clone(noun.Operations)
			noun.Operations[1], svc.APIs[3] = &operation, &noun
		},
		"the global document": func(svc *apim.Service) {
			svc.Policy = source(policy.Global, "policy.xml", forwarding+"<!-- 2 -->")
		},
		"a subscription": func(svc *apim.Service) {
			svc.Subscriptions = append(svc.Subscriptions, newSubscription("more", "product/product1", "more"))
		},
	}
	want := cost(sized(5, 2, 10), nil)
	if want.probes == 0 || want.allocations == 0 {
		t.Fatalf("nothing was counted: %+v", want)
	}
	big := large()
	for name, change := range changes {
		if got := cost(big, change); got != want {
			t.Errorf("with 10,000 operations, after a change of %s: %+v, with 10: %+v", name, got, want)
		}
		if got := cost(sized(5, 2, 10), change); got != want {
			t.Errorf("with 10 operations, after a change of %s: %+v, before: %+v", name, got, want)
		}
	}
	t.Logf("%+v", want)
}
