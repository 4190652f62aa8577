package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

func TestCompileReportsEverything(t *testing.T) {
	svc := &apim.Service{
		Policy: source(policy.Global, "policy.xml", "<policies><inbound><nope /></inbound></policies>"),
		APIs: []*apim.API{
			newAPI("a", "x/y", "", "one", "GET", "/{id}", "two", "GET", "/{name}", "three", "GET", "/a{b", "four", "GET", "/{a}{b}", "five", "GET", "/{a}/{a}",
				"six", "GET", "/*/a", "seven", "GET", "/q?x=a{x}", "eight", "GET", "/%2f", "nine", "GET", "/n}"),
			newAPI("b", "/X/Y/", ""),
			newAPI("c", "callbacks", ""),
			{API: exchange.API{ID: "callbacks"}, Operations: []*apim.Operation{
				{Operation: exchange.Operation{ID: "complet"}, Place: apim.Place{File: "apis/callbacks/operations/complet/policy.xml"}}}},
		},
		Products:      []*apim.Product{newProduct("p", true, "a", "aa"), newProduct("p", true)},
		Subscriptions: []*apim.Subscription{newSubscription("s", "product/q", "k1"), newSubscription("s", "", ""), newSubscription("t", "api/bb", "k1")},
		NamedValues:   []*apim.NamedValue{{DisplayName: "n"}, {DisplayName: "n"}},
		Backends:      []*apim.Backend{{Backend: exchange.Backend{ID: "k"}}, {Backend: exchange.Backend{ID: "k"}}},
		Fragments:     []*apim.Fragment{{ID: "f", Source: *source(0, "f.xml", "<fragment><burts /></fragment>")}, {ID: "f", Source: *source(0, "g.xml", "<fragment />")}},
	}
	var got []string
	for _, d := range compileFaults(t, svc) {
		got = append(got, d.String())
	}
	want := strings.Split(strings.TrimSpace(`
API a has the same path /X/Y [STL-C020]
another backend has the id k [STL-C020]
another named value has the display name n [STL-C020]
another policy fragment has the id f [STL-C020]
another product has the id p [STL-C020]
another subscription has the id s [STL-C020]
subscriptions s and t have a key in common [STL-C020]
product p names API aa, which is not there [STL-C021]
subscription s is for product q, which is not there [STL-C021]
subscription t is for API bb, which is not there [STL-C021]
operation eight (GET /%2f): the path has a character that is not allowed: NUL, control, backslash, encoded slash, or invalid UTF-8 [STL-C022]
operation five (GET /{a}/{a}): the parameter {a} stands twice [STL-C022]
operation four (GET /{a}{b}): two parameters of a URL template need text between them [STL-C022]
operation nine (GET /n}): the URL template has a } without { [STL-C022]
operation seven (GET /q?x=a{x}): the value of a query parameter in a URL template is a literal or one {parameter} [STL-C022]
operation six (GET /*/a): a wildcard stands only at the end of a URL template [STL-C022]
operation three (GET /a{b): the URL template has a { without name or } [STL-C022]
operation two (GET /{name}): operation one has the same method and URL template [STL-C022]
the path callbacks is that of the built-in API callbacks [STL-C023]
apis/callbacks/operations/complet/policy.xml: the built-in API callbacks has no operation complet [STL-C021]
f.xml:1:11: unknown policy <burts> [STL-P003]
policy.xml:1:20: unknown policy <nope> [STL-P003]`), "\n")
	if diff := cmp.Diff(want, got, cmp.Transformer("code", func(s string) string {
		if i := strings.Index(s, " [STL-P"); i >= 0 {
			return s[:i]
		}
		return s
	})); diff != "" {
		t.Error(diff)
	}
}

func TestVersionsAndRevisions(t *testing.T) {
	version := func(id, scheme, name, value string) *apim.API {
		a := newAPI(id, "stock", "http://"+id, "get", "GET", "/x")
		a.SubscriptionRequired = false
		a.VersionScheme, a.VersionName, a.Version = scheme, name, value
		return a
	}
	second := version("v1", "", "", "")
	second.Revision, second.IsCurrentRevision, second.ServiceURL = "2", false, "http://v1-second"
	h := newHost(t, &apim.Service{Policy: source(policy.Global, "p.xml", forwarding), APIs: []*apim.API{
		version("v1", "", "", ""), second, version("v2", schemeHeader, "Api-Version", "v2"), version("v3", schemeQuery, "api-version", "v3"),
		version("v4", schemeSegment, "", "v4")}}, nil)
	for _, tt := range []struct{ target, header, want string }{
		{"/stock/x", "", "GET http://v1/x"},
		{"/stock/x", "v2", "GET http://v2/x"},
		{"/stock/x", "V2", "GET http://v2/x"},
		{"/stock/x", "v9", "GET http://v1/x"},
		{"/stock/x?api-version=v3", "", "GET http://v3/x?api-version=v3"},
		{"/stock/v4/x", "", "GET http://v4/x"},
		{"/stock;rev=1/x", "", "GET http://v1/x"},
		{"/stock;rev=2/x", "", "GET http://v1-second/x"},
		{"/stock;rev=3/x", "", `{ "statusCode": 404, "message": "Resource not found" }`},
	} {
		u, err := exchange.ParseURL(gate + tt.target)
		if err != nil {
			t.Fatal(err)
		}
		ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: u}}
		if tt.header != "" {
			ex.Request.Header.Set("Api-Version", tt.header)
		}
		if err := h.Do(t.Context(), ex); err != nil || body(t, ex) != tt.want {
			t.Errorf("%s with %q: %v, %s; want %s", tt.target, tt.header, err, body(t, ex), tt.want)
		}
	}
}

func TestBuiltInCallbacks(t *testing.T) {
	svc := &apim.Service{Policy: source(policy.Global, "policy.xml", forwarding), APIs: []*apim.API{
		{API: exchange.API{ID: "callbacks"}, Policy: source(policy.API, "apis/callbacks/policy.xml", doc(`<stamp name="X" value="api" />`, "", "")),
			Operations: []*apim.Operation{{Operation: exchange.Operation{ID: "fail"}, Policy: source(policy.Operation, "f.xml", doc(`<stamp name="X" value="fail" />`, "", ""))}}},
	}}
	h := newHost(t, svc, exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		ex.Response.StatusCode = 200
		ex.Response.Body = exchange.Text(fmt.Sprintf("%s %s %s %s %v", ex.Backend.BaseURL, ex.API.ID, ex.Operation.ID, ex.Request.Matched, ex.Request.Header.Values("X")))
		return nil
	}))
	for target, want := range map[string]string{
		"/callbacks/AbC_-1":      "stile://callbacks callbacks complete [{token AbC_-1}] [api]",
		"/callbacks/AbC_-1/fail": "stile://callbacks callbacks fail [{token AbC_-1}] [fail api]",
	} {
		if got := body(t, h.call(t, "POST", gate+target, "")); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	if apis, operations, _ := h.Snapshot().Counts(); apis != 0 || operations != 0 {
		t.Errorf("the built-in API is counted: %d, %d", apis, operations)
	}
}

// TestUnchangedDocumentsAreTakenOver: a reload compiles what changed, and what
// depends on what changed, and nothing else.
func TestUnchangedDocumentsAreTakenOver(t *testing.T) {
	at := func(limit, secondText string) *apim.Service {
		svc := service("http://x")
		svc.NamedValues = []*apim.NamedValue{{DisplayName: "limit", Value: limit}, {DisplayName: "other", Value: "o"}}
		svc.Fragments = []*apim.Fragment{{ID: "f", Source: *source(0, "f.xml", `<fragment><stamp name="F" value="{{limit}}" /></fragment>`)}}
		svc.APIs[0].Policy = source(policy.API, "api.xml", doc(`<stamp name="A" value="{{other}}" />`, "", ""))
		svc.APIs[0].Operations[0].Policy = source(policy.Operation, "one.xml", doc(`<include-fragment fragment-id="f" />`, "", ""))
		svc.APIs[0].Operations[1].Policy = source(policy.Operation, "two.xml", doc(secondText, "", ""))
		return svc
	}
	first := compile(t, at("1", ""), CompileOptions{})
	next := func(svc *apim.Service) (same []string) {
		s := compile(t, svc, CompileOptions{Previous: first})
		before := documents{}
		first.eachDocument(func(key documentKey, c compiledDocument) { before[key] = c })
		s.eachDocument(func(key documentKey, c compiledDocument) {
			if old, ok := before[key]; ok && old.document == c.document {
				same = append(same, key.file)
			}
		})
		return same
	}
	for _, tt := range []struct {
		name string
		svc  *apim.Service
		same []string
	}{
		{"nothing changed", at("1", ""), []string{"api.xml", "f.xml", "one.xml", "policy.xml", "two.xml"}},
		{"a named value", at("2", ""), []string{"api.xml", "policy.xml", "two.xml"}},
		{"a document", at("1", `<stamp name="B" value="1" />`), []string{"api.xml", "f.xml", "one.xml", "policy.xml"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := next(tt.svc)
			if diff := cmp.Diff(tt.same, sorted(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
	changed := at("1", "")
	changed.Backends = []*apim.Backend{{Backend: exchange.Backend{ID: "new", BaseURL: "http://new"}}}
	if got := next(changed); len(got) != 0 {
		t.Errorf("documents that may name a backend by expression were taken over: %v", got)
	}
}

func TestSnapshotViews(t *testing.T) {
	svc := shop()
	svc.Products[0].Policy = source(policy.Product, "prod.xml", doc(`<stamp name="A" value="1" />`, "", ""))
	s := compile(t, svc, CompileOptions{Revision: "r9"})
	if apis, operations, products := s.Counts(); apis != 5 || operations != 12 || products != 2 || s.Revision() != "r9" || s.Service() != svc {
		t.Errorf("counts %d %d %d, revision %s", apis, operations, products, s.Revision())
	}
	if a, o, ok := s.Locate("GET", "/orders/7"); !ok || a != "orders" || o != "one" {
		t.Errorf("Locate: %s/%s %v", a, o, ok)
	}
	for _, path := range []string{"/nothing", "/orders/../x"} {
		if _, _, ok := s.Locate("GET", path); ok {
			t.Errorf("Locate found %s", path)
		}
	}
	list, ok := s.Effective("orders", "one", "starter")
	if !ok || len(list) != 2 || list[0].Policy != "stamp" || list[0].Scope != "product" || list[1].Policy != "forward-request" {
		t.Errorf("Effective: %v %+v", ok, list)
	}
	for _, q := range [][3]string{{"orders", "none", ""}, {"none", "one", ""}, {"orders", "one", "public"}} {
		if _, ok := s.Effective(q[0], q[1], q[2]); ok {
			t.Errorf("Effective found %v", q)
		}
	}
	if !s.KnownOrigin("http://orders.internal") || s.KnownOrigin("http://169.254.169.254") {
		t.Error("KnownOrigin")
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
