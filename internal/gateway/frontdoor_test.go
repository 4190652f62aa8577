package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// teams is a service with two workspaces that use the same names for different things.
func teams() *apim.Service {
	svc := &apim.Service{Policy: source(policy.Global, "policy.xml", forwardingDoc("global")),
		NamedValues: []*apim.NamedValue{{ID: "who", DisplayName: "who", Value: "service"}, {ID: "issuer", DisplayName: "issuer", Value: "iss", BuiltIn: true}},
		Groups:      []*apim.Group{{Group: exchange.Group{ID: "partners", Name: "Partners"}}},
		Users:       []*apim.User{{User: exchange.User{ID: "ann", Email: "ann@example.com"}, GroupIDs: []string{"partners"}}},
		APIs:        []*apim.API{newAPI("orders", "orders", "http://service", "get", "GET", "/*")},
		Products:    []*apim.Product{newProduct("starter", true, "orders")},
		Subscriptions: []*apim.Subscription{newSubscription("everything", apim.AllAccess, "master-key"), newSubscription("all", "", "all-key"),
			newSubscription("one", "product/starter", "starter-key", "starter-key-2"), newSubscription("api", "api/orders", "api-key")}}
	svc.Subscriptions[2].Owner = "ann"
	svc.Products[0].GroupIDs = []string{"partners", "developers"}
	svc.Products[0].Policy = source(policy.Product, "products/starter/policy.xml", doc(`<stamp name="X" value="product {{who}}" />`, "", ""))
	for _, w := range []string{"blue", "green"} {
		svc.Workspaces = append(svc.Workspaces, &apim.Workspace{Workspace: exchange.Workspace{ID: w, Name: "Team " + w},
			Place:  apim.Place{File: "workspaces/" + w + "/workspaceInformation.json", Line: 1},
			Policy: source(policy.Workspace, "workspaces/"+w+"/policy.xml", doc(`<stamp name="X" value="workspace {{who}} {{issuer}}" />`, "", ""))})
		svc.NamedValues = append(svc.NamedValues, &apim.NamedValue{ID: "who", DisplayName: "who", Value: w, Workspace: w})
		a := newAPI(w+"/orders", w+"-orders", "http://"+w, "get", "GET", "/*")
		a.Workspace = w
		a.Policy = source(policy.API, "workspaces/"+w+"/apis/orders/policy.xml", doc(`<stamp name="X" value="api {{who}}" />`, "", ""))
		p := newProduct(w+"/starter", true, w+"/orders")
		p.Workspace = w
		p.Policy = source(policy.Product, "workspaces/"+w+"/products/starter/policy.xml", doc(`<stamp name="X" value="product {{who}}" />`, "", ""))
		s, all := newSubscription(w+"/one", "product/"+w+"/starter", w+"-key"), newSubscription(w+"/all", "", w+"-all-key")
		s.Workspace, all.Workspace = w, w
		svc.APIs, svc.Products, svc.Subscriptions = append(svc.APIs, a), append(svc.Products, p), append(svc.Subscriptions, s, all)
	}
	return svc
}

func forwardingDoc(mark string) string {
	return `<policies><inbound><stamp name="X" value="` + mark + `" /></inbound><backend><forward-request /></backend><outbound /><on-error /></policies>`
}

// TestWorkspacesHaveNoCertificates: those of the service, and their private keys, are not
// in the context of a workspace's requests.
func TestWorkspacesHaveNoCertificates(t *testing.T) {
	h := newHost(t, teams(), nil)
	h.Snapshot().deployment.Certificates = []exchange.Certificate{{ID: "own"}}
	for path, want := range map[string]int{"/orders/x": 1, "/blue-orders/x": 0} {
		if ex := h.call(t, "GET", path, "master-key"); len(ex.Deployment.Certificates) != want || ex.Deployment.Trusts == nil || ex.Response.StatusCode != 200 {
			t.Errorf("%s: %d, %+v", path, ex.Response.StatusCode, ex.Deployment)
		}
	}
}

// TestWorkspaces: scopes run from the operation outwards to the global one, names are a
// workspace's own, and its keys open nothing else.
func TestWorkspaces(t *testing.T) {
	h := newHost(t, teams(), nil)
	for _, tt := range []struct{ path, key, want string }{
		{"/orders/x", "starter-key", "product service, global"},
		{"/orders/x", "all-key", "global"},
		{"/orders/x", "api-key", "global"},
		{"/orders/x", "master-key", "global"},
		{"/orders/x", "blue-key", "401"},
		{"/orders/x", "blue-all-key", "401"},
		{"/blue-orders/x", "blue-key", "api blue, product blue, workspace blue iss, global"},
		{"/blue-orders/x", "blue-all-key", "api blue, workspace blue iss, global"},
		{"/blue-orders/x", "master-key", "api blue, workspace blue iss, global"},
		{"/blue-orders/x", "all-key", "401"},
		{"/blue-orders/x", "green-key", "401"},
		{"/blue-orders/x", "starter-key", "401"},
		{"/green-orders/x", "green-key", "api green, product green, workspace green iss, global"},
	} {
		ex := h.call(t, "GET", gate+tt.path, tt.key)
		got := strings.Join(ex.Request.Header.Values("X"), ", ")
		if ex.Response.StatusCode != 200 {
			got = fmt.Sprint(ex.Response.StatusCode)
		}
		if got != tt.want {
			t.Errorf("%s with %s: %s, want %s", tt.path, tt.key, got, tt.want)
		}
		workspace := ""
		if ex.Workspace != nil {
			workspace = ex.Workspace.ID
		}
		if ex.Response.StatusCode == 200 && (workspace != "" && !strings.HasPrefix(tt.path, "/"+workspace) || workspace == "" && !strings.HasPrefix(tt.path, "/orders")) {
			t.Errorf("%s ran in workspace %q", tt.path, workspace)
		}
	}
	list, ok := h.Snapshot().Effective("blue/orders", "get", "blue/starter")
	var scopes []string
	for _, e := range list {
		if e.Section == "inbound" {
			scopes = append(scopes, e.Scope)
		}
	}
	if diff := cmp.Diff([]string{"api", "product", "workspace", "global"}, scopes); diff != "" || !ok {
		t.Error(diff)
	}
}

// TestWorkspaceBoundary: what stands in another workspace, or in the service, is not there.
func TestWorkspaceBoundary(t *testing.T) {
	svc := teams()
	svc.NamedValues = append(svc.NamedValues, &apim.NamedValue{ID: "secret", DisplayName: "secret", Value: "s"})
	svc.Fragments = append(svc.Fragments, &apim.Fragment{ID: "f", Source: *source(0, "fragments/f/policy.xml", "<fragment><deny status=\"400\" /></fragment>")})
	svc.Workspaces[0].Policy = source(policy.Workspace, "workspaces/blue/policy.xml", doc(`<stamp name="X" value="{{secret}}" /><include-fragment fragment-id="f" />`, "", ""))
	svc.Products[1].APIs = append(svc.Products[1].APIs, "orders", "green/orders")
	svc.Subscriptions[4].Scope = "product/green/starter"
	var got []string
	for _, d := range compileFaults(t, svc) {
		got = append(got, d.Message)
	}
	want := []string{"product blue/starter names API green/orders, which is not there", "product blue/starter names API orders, which is not there",
		"subscription blue/one is for product green/starter, which is not there", `unknown named value "secret"`, `there is no fragment "f"`}
	for _, w := range want {
		if !strings.Contains(strings.Join(got, "\n"), w) {
			t.Errorf("no fault %q in\n%s", w, strings.Join(got, "\n"))
		}
	}
}

func TestSubscriptionContext(t *testing.T) {
	svc := teams()
	svc.Subscriptions[3].Owner = "stranger"
	h := newHost(t, svc, nil)
	ex := h.call(t, "GET", gate+"/orders/x", "starter-key-2")
	if ex.Subscription == nil || !ex.Subscription.Secondary || ex.Subscription.Key.Reveal() != "starter-key-2" {
		t.Errorf("subscription %+v", ex.Subscription)
	}
	partners, developers := exchange.Group{ID: "partners", Name: "Partners"}, exchange.Group{ID: "developers", Name: "Developers"}
	if diff := cmp.Diff(&exchange.User{ID: "ann", Email: "ann@example.com", Groups: []exchange.Group{developers, partners}}, ex.User); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]exchange.Group{developers, partners}, ex.Product.Groups); diff != "" {
		t.Error(diff)
	}
	if ex = h.call(t, "GET", gate+"/orders/x", "starter-key"); ex.Subscription.Secondary {
		t.Error("the primary key is taken for the secondary")
	}
	if ex = h.call(t, "GET", gate+"/orders/x", "api-key"); ex.User == nil || ex.User.ID != "stranger" || ex.Product != nil {
		t.Errorf("user %+v, product %+v", ex.User, ex.Product)
	}
	if ex = h.call(t, "GET", gate+"/orders/x", "all-key"); ex.User != nil {
		t.Errorf("a subscription without an owner has the user %+v", ex.User)
	}
}

// TestSubscriptionStates: nothing but active opens anything.
func TestSubscriptionStates(t *testing.T) {
	for _, state := range []string{"active", "suspended", "expired", "submitted", "rejected", "cancelled", "", "Active"} {
		svc := teams()
		svc.Subscriptions[1].State = state
		h := newHost(t, svc, nil)
		want := 401
		if state == "active" {
			want = 200
		}
		if got := h.call(t, "GET", gate+"/orders/x", "all-key").Response.StatusCode; got != want {
			t.Errorf("%q: %d", state, got)
		}
	}
}

// TestHeaderComesFirst: with the header there, the query is not looked at.
func TestHeaderComesFirst(t *testing.T) {
	h := newHost(t, teams(), nil)
	for _, tt := range []struct {
		header, query string
		status        int
	}{{"all-key", "wrong", 200}, {"wrong", "all-key", 401}, {"", "all-key", 200}} {
		if got := h.call(t, "GET", gate+"/orders/x?subscription-key="+tt.query, tt.header).Response.StatusCode; got != tt.status {
			t.Errorf("%+v: %d", tt, got)
		}
	}
	ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/orders/x", Query: []exchange.Param{{Name: "subscription-key", Value: "all-key"}}}}}
	ex.Request.Header.Set(DefaultKeyHeader, "")
	if err := h.Do(t.Context(), ex); err != nil || ex.Response.StatusCode != 401 {
		t.Errorf("an empty header lets the query in: %v, %d", err, ex.Response.StatusCode)
	}
}

func TestTwoOpenProductsAreAFault(t *testing.T) {
	svc := teams()
	svc.Products = append(svc.Products, newProduct("a", false, "orders"), newProduct("b", false, "orders"))
	if list := compileFaults(t, svc); len(list) != 1 || !strings.Contains(list[0].Message, "API orders is in two products that need no subscription, a and b") {
		t.Error(list)
	}
}

// TestNoKeyIsKept looks through everything that hangs on a snapshot for the keys' texts
// and for their plain digests, and finds the key's context as a control.
func TestNoKeyIsKept(t *testing.T) {
	svc := teams()
	svc.Subscriptions[0].Name = "control-text"
	h := newHost(t, svc, nil)
	h.call(t, "GET", gate+"/orders/x", "master-key")
	digest := sha256.Sum256([]byte("all-key"))
	found := map[string]bool{}
	look(reflect.ValueOf(h.Snapshot()), map[uintptr]bool{}, func(text string) {
		for _, want := range []string{"master-key", "all-key", "starter-key", "blue-key", "control-text"} {
			if strings.Contains(text, want) {
				found[want] = true
			}
		}
	})
	if diff := cmp.Diff(map[string]bool{"control-text": true}, found); diff != "" {
		t.Error(diff)
	}
	for _, shard := range h.Snapshot().keys.bySum {
		for sum := range shard {
			if hex.EncodeToString(sum[:]) == hex.EncodeToString(digest[:]) {
				t.Error("a key is found by a digest that anybody can compute")
			}
		}
	}
}

// look calls f with every text below v, those of fields that are not exported too.
func look(v reflect.Value, seen map[uintptr]bool, f func(string)) {
	switch v.Kind() {
	case reflect.String:
		f(v.String())
	case reflect.Pointer:
		if !v.IsNil() && !seen[v.Pointer()] {
			seen[v.Pointer()] = true
			look(v.Elem(), seen, f)
		}
	case reflect.Interface:
		if !v.IsNil() {
			look(v.Elem(), seen, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			look(v.Field(i), seen, f)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			var b strings.Builder
			for i := range v.Len() {
				b.WriteByte(byte(v.Index(i).Uint()))
			}
			f(b.String())
			return
		}
		for i := range v.Len() {
			look(v.Index(i), seen, f)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			look(it.Key(), seen, f)
			look(it.Value(), seen, f)
		}
	}
}

// TestCostDoesNotGrow: a request looks into the table of keys once and allocates the
// same, however many subscriptions there are and after a reload.
func TestCostDoesNotGrow(t *testing.T) {
	cost := func(more int, reload bool) (probes int, allocations float64) {
		svc := shop()
		for i := range more {
			svc.Subscriptions = append(svc.Subscriptions, newSubscription(fmt.Sprint("s", i), "", fmt.Sprint("key-of-", i)))
		}
		h := newHost(t, svc, exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			ex.Response.StatusCode = 200
			return nil
		}), func(c *Config) { c.Observe = nil })
		if reload {
			h.Swap(compile(t, svc, CompileOptions{Revision: "r2", Previous: h.Snapshot()}))
		}
		run := func() {
			ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/orders/7"}}}
			ex.Request.Header.Add(DefaultKeyHeader, "demo-key")
			if err := h.Do(context.Background(), ex); err != nil || ex.Response.StatusCode != 200 {
				t.Fatal(err, ex.Response.StatusCode)
			}
		}
		run()
		h.Snapshot().keys.probed = func() { probes++ }
		run()
		h.Snapshot().keys.probed = nil
		return probes, testing.AllocsPerRun(100, run)
	}
	probes, allocations := cost(0, false)
	if probes != 1 {
		t.Errorf("%d looks into the table", probes)
	}
	for _, more := range []int{0, 5000} {
		if p, a := cost(more, true); p != probes || a != allocations && !raced {
			t.Errorf("with %d more after a reload: %d looks and %v allocations, before %d and %v", more, p, a, probes, allocations)
		}
	}
}

// TestKeysAreTakenOver, and not where anything about them changed.
func TestKeysAreTakenOver(t *testing.T) {
	for name, change := range map[string]func(*apim.Service){
		"":      func(svc *apim.Service) { svc.APIs[0].ServiceURL = "http://elsewhere" },
		"state": func(svc *apim.Service) { svc.Subscriptions[1].State = "suspended" },
		"key":   func(svc *apim.Service) { svc.Subscriptions[1].Keys[0] = apim.NewKey("other-key") },
		"scope": func(svc *apim.Service) { svc.Subscriptions[1].Scope = "product/starter" },
		"owner": func(svc *apim.Service) { svc.Subscriptions[1].Owner = "ann" },
		"user":  func(svc *apim.Service) { svc.Users[0].Email = "new@example.com" },
		"group": func(svc *apim.Service) { svc.Groups[0].Name = "New" },
		"one more": func(svc *apim.Service) {
			svc.Subscriptions = append(svc.Subscriptions, newSubscription("more", "", "more-key"))
		},
		"one less": func(svc *apim.Service) { svc.Subscriptions = svc.Subscriptions[1:] },
	} {
		first := compile(t, teams(), CompileOptions{})
		next := teams()
		change(next)
		s := compile(t, next, CompileOptions{Previous: first})
		if taken := s.keys == first.keys; taken != (name == "") {
			t.Errorf("%q: taken over: %v", name, taken)
		}
	}
	next := teams()
	next.Products[0].ID = "gone"
	if _, faults := Compile(next, table(t), CompileOptions{Previous: compile(t, teams(), CompileOptions{})}); !faults.HasErrors() {
		t.Error("a subscription for a product that is gone is no fault after a reload")
	}
}

func TestOfflineRevision(t *testing.T) {
	svc := teams()
	second := newAPI("orders", "orders", "http://second", "get", "GET", "/*")
	second.Revision, second.IsCurrentRevision = "2", false
	svc.APIs = append(svc.APIs, second)
	h := newHost(t, svc, nil)
	if ex := h.call(t, "GET", gate+"/orders;rev=2/x", "starter-key"); body(t, ex) != "GET http://second/x" || ex.Product == nil || ex.API.IsCurrentRevision {
		t.Errorf("%s, product %v", body(t, ex), ex.Product)
	}
	offline := *second
	offline.Offline = true
	svc.APIs[len(svc.APIs)-1] = &offline
	h.Swap(compile(t, svc, CompileOptions{}))
	if ex := h.call(t, "GET", gate+"/orders;rev=2/x", "starter-key"); ex.Response.StatusCode != 404 {
		t.Errorf("an offline revision answers %d", ex.Response.StatusCode)
	}
}

// TestRevisionAtTheRoot: an API without a path has revisions all the same.
func TestRevisionAtTheRoot(t *testing.T) {
	first, second := newAPI("root", "", "http://first", "get", "GET", "/*"), newAPI("root", "", "http://second", "get", "GET", "/*")
	second.Revision, second.IsCurrentRevision = "2", false
	first.SubscriptionRequired, second.SubscriptionRequired = false, false
	h := newHost(t, &apim.Service{Policy: source(policy.Global, "p.xml", forwarding), APIs: []*apim.API{first, second}}, nil)
	for path, want := range map[string]string{"/x": "GET http://first/x", "/;rev=2/x": "GET http://second/x", "/;rev=1/x": "GET http://first/x"} {
		if got := body(t, h.call(t, "GET", gate+path, "")); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
