package app

import (
	"context"
	"sync"
	"testing"

	"stile/policy/exchange"
)

// TestACallRunsOnOneRevision: roles, subscription and documents of a call are of one
// project, also between the two stores that put up a new one, and while it changes
// all the time.
func TestACallRunsOnOneRevision(t *testing.T) {
	backend, _ := answering(t)
	returns := func(status string) string {
		return inLines(`<return-response><set-status code="` + status + `" /></return-response>`)
	}
	product := func(subscription string) []string {
		return []string{"stile.yaml", "name: shop\nsubscriptions:\n  - {id: " + subscription + ", name: S, product: starter}\nmap:\n  shop.example: {gateway: self}\n",
			roleFile, `{"Version":"2012-10-17","subscription":"` + subscription + `","Statement":[{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/**"}]}`}
	}
	files := append([]string{"apim/products/starter/productInformation.json", `{"properties":{"displayName":"Starter","subscriptionRequired":true,"state":"published"}}`,
		"apim/products/starter/apis.json", `[{"name":"shop"}]`, shopInfo,
		`{"properties":{"displayName":"shop","path":"shop","subscriptionRequired":true,"serviceUrl":"` + backend + `"}}`}, product("first")...)
	dir := folder(t, backend, invoke, append(files, shopXML, returns("201"))...)
	p := runAsked(t, dir, t.TempDir())
	s := p.server
	p.shut()
	load := func() *loaded {
		t.Helper()
		s.folder.Changed(nil)
		l, err := s.load()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	all := []*loaded{load()} // 201 by the first subscription
	write(t, dir, shopXML, returns("202"))
	for i, text := range product("second") {
		if i%2 == 1 {
			write(t, dir, product("second")[i-1], text)
		}
	}
	all = append(all, load()) // 202 by the second
	write(t, dir, shopXML, returns("203"))
	write(t, dir, roleFile, roleAllowing("api/shop/operation/release"))
	all = append(all, load()) // denied

	call := func(by *project) (status int) {
		ex := &exchange.Exchange{Request: exchange.Request{Method: "POST", URL: exchange.URL{Path: "/shop/reserve"}},
			Principal:      exchange.NewPrincipal(exchange.Claims{Role: "one-role", Execution: "x", State: "Reserve"}),
			SubscriptionID: by.roles["one-role"].Subscription}
		if err := s.gateway.Do(context.Background(), ex); err != nil {
			return 0
		}
		return ex.Response.StatusCode
	}
	for i, roles := range all {
		for j, documents := range all {
			s.current.Store(roles.project)
			s.gateway.Swap(documents.snapshot)
			if got, want := call(roles.project), []int{201, 202, 0}[j]; got != want {
				t.Errorf("project %d is read, snapshot %d is run on: %d, want %d", i, j, got, want)
			}
		}
	}
	done := make(chan struct{})
	var swapping sync.WaitGroup
	swapping.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				s.current.Store(all[i%3].project)
				s.gateway.Swap(all[i%3].snapshot)
			}
		}
	})
	seen := map[int]int{}
	for range 3000 {
		seen[call(s.current.Load())]++
	}
	close(done)
	swapping.Wait()
	if seen[0]+seen[201]+seen[202] != 3000 {
		t.Errorf("answers of no one revision: %v", seen)
	}
}
