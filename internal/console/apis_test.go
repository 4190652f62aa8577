package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"stile/internal/apim"
	"stile/internal/gatetrace"
	"stile/internal/identity"
	"stile/internal/identity/session"
	"stile/policy"
	"stile/policy/exchange"
)

// shop is a gateway of three APIs, one in a workspace and one with two revisions. It
// sends nothing: a call's answer is the trace "after".
type shop struct {
	traceShelf
	svc   *apim.Service
	calls []TryCall
	// kept is the trace that a try leaves; reached is where a call goes, empty for where
	// it is meant to.
	kept, reached string
	extra         *gatetrace.Trace // beside the shelf's
}

const shopDocument = `<policies>
  <inbound>
    <rate-limit calls="2" renewal-period="60" />
    <include-fragment fragment-id="who" />
    <set-header name="X-Mark"><value><![CDATA[<script>alert(1)</script>]]></value></set-header>
    <set-header name="X-Key"><value>{{back-key}}</value></set-header>
    <set-body>@{
      return "literal-secret";
    }</set-body>
    <base />
  </inbound>
  <backend><base /></backend>
</policies>`

func newShop() *shop {
	op := func(id, method, template string) *apim.Operation {
		return &apim.Operation{Operation: exchange.Operation{ID: id, Name: "Name of " + id, Method: method, URLTemplate: template}}
	}
	api := func(id, path, revision string, current bool, ops ...*apim.Operation) *apim.API {
		return &apim.API{API: exchange.API{ID: id, Name: "<i>" + id, Path: path, Revision: revision, IsCurrentRevision: current, SubscriptionRequired: true, KeyHeader: "X-Shop-Key"},
			Place: apim.Place{File: "apim/apis/" + id + "/apiInformation.json"}, Operations: ops}
	}
	orders := api("orders", "orders", "2", true, op("get", "GET", "/{id}"), op("place", "POST", "/"), op("files", "*", "/files/{*rest}"))
	orders.Policy = &policy.Source{File: "apim/apis/orders/policy.xml", Scope: policy.API, Text: shopDocument}
	hush := api("ws/payroll", "payroll", "1", true, op("get", "GET", "/"))
	hush.Workspace = "ws"
	return &shop{svc: &apim.Service{APIs: []*apim.API{orders, api("orders", "orders", "1", false, op("get", "GET", "/{id}")), hush},
		Products:  []*apim.Product{{Product: exchange.Product{ID: "starter", State: "Published", SubscriptionRequired: true}, APIs: []string{"orders"}}},
		Fragments: []*apim.Fragment{{ID: "who", Source: policy.Source{File: "apim/policyFragments/who/policy.xml", Text: "<fragment>\n<set-variable name=\"who\" value=\"x\" /></fragment>"}}}}, kept: "three"}
}

func (s *shop) Get(id string) (*gatetrace.Trace, error) {
	if s.extra != nil && s.extra.ID == id {
		return s.extra, nil
	}
	return s.traceShelf.Get(id)
}

func (s *shop) Service() (*apim.Service, string) { return s.svc, "20260102T030405.000Z" }

func (s *shop) Effective(svc *apim.Service, a *apim.API, o *apim.Operation, product string) (*policy.Layout, error) {
	l, list := policy.LayOut(shopTable, []*policy.Source{nil, a.Policy, o.Policy}, svc.Fragment(a.Workspace))
	if list.HasErrors() {
		return nil, list
	}
	return l, nil
}

func (*shop) Keys() []string { return []string{"demo", "other"} }

func (s *shop) Reaches(call *TryCall) (api, operation string, ok bool) {
	switch {
	case s.reached == "none":
		return "", "", false
	case s.reached != "":
		return s.reached, call.Operation, true
	}
	return call.API, call.Operation, true
}

func (s *shop) Try(_ context.Context, call *TryCall) (TryAnswer, error) {
	s.calls = append(s.calls, *call)
	return TryAnswer{Status: 503, Head: "<b>full</b> literal-secret", Trace: s.kept}, nil
}

var shopTable = func() *policy.Table {
	t, err := policy.NewTable(nil)
	if err != nil {
		panic(err)
	}
	return t
}()

// shopConsole is a console of the shop.
func shopConsole(may Permissions) (*shop, http.Handler) {
	s, cfg := newShop(), config(newFake())
	cfg.GateTraces, cfg.Gate, cfg.APIs = s, s, s
	cfg.Mask = func(text string) string { return strings.ReplaceAll(text, "literal-secret", "***") }
	if may != nil {
		cfg.Permissions = may
	}
	return s, New(cfg)
}

// lacks reports which of the texts a page does not hold.
func lacks(page string, texts ...string) (out []string) {
	for _, text := range texts {
		if !strings.Contains(page, text) {
			out = append(out, text)
		}
	}
	return out
}

func TestAPIsPages(t *testing.T) {
	_, h := shopConsole(nil)
	for path, wants := range map[string][]string{
		"/apis":                                    {"/apis/orders/get", "GET /orders/{id}", "/apis/ws%2Fpayroll/get", "revision 2", "starter", "20260102T030405.000Z", "/files/{*rest}"},
		"/apis/orders":                             {"apim/apis/orders/apiInformation.json", "/apis/orders?revision=1", "&lt;i&gt;orders", "starter", "X-Shop-Key", "(this one)"},
		"/apis/orders?revision=1":                  {"/orders;rev=1/{id}", "/apis/orders/get?revision=1"},
		"/apis/ws%2Fpayroll":                       {"payroll", "No product holds it", "Workspace"},
		"/apis/ws%2Fpayroll/get":                   {"built in", "forward-request", `action="/apis/ws%2Fpayroll/get/try"`},
		"/apis/orders/get?revision=1":              {"not the current one", `name="revision" value="1"`, "/orders;rev=1/"},
		"/apis/orders/place":                       {"Content-Type: application/json", `<option value="demo" selected>`, "no key"},
		"/apis/orders/files":                       {`name="method" value="GET"`, `name="param.rest"`},
		"/apis/orders/get?product=":                {`<option value="" selected>no product`},
		"/apis/orders/get?trace=three":             {"set-header", "p.xml:3", "Try again and compare", `name="before" value="three"`, "The configuration was changed since"},
		"/apis/orders/get?trace=three&before=one":  {"Before and after", "changed", "429", `<code>&lt;b&gt;</code>`},
		"/apis/orders/get?trace=three&before=gone": {"Try again and compare"},
	} {
		w := do(h, "GET", path, "")
		if missing := lacks(w.Body.String(), wants...); w.Code != 200 || missing != nil {
			t.Errorf("%s: %d, lacks %q\n%s", path, w.Code, missing, w.Body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); csp != pagePolicy {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	for _, path := range []string{"/apis/none", "/apis/orders?revision=9", "/apis/orders/none", "/apis/orders/get?product=none", "/apis/orders/get?trace=none", "/apis/orders/get?trace=two"} {
		if w := do(h, "GET", path, ""); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := do(New(config(newFake())), "GET", "/apis", ""); w.Code != 404 {
		t.Errorf("a server without APIs: %d", w.Code)
	}
}

// TestEffectivePolicyHasOrigins: each element stands with its scope, its file and line,
// fragments with theirs; named values as written, secrets and markup as neither.
func TestEffectivePolicyHasOrigins(t *testing.T) {
	_, h := shopConsole(nil)
	page := do(h, "GET", "/apis/orders/get", "").Body.String()
	row := func(tag string) string {
		for line := range strings.Lines(page) {
			if strings.Contains(line, `class="element"`) && strings.Contains(line, tag) {
				return line
			}
		}
		return ""
	}
	for tag, wants := range map[string][]string{
		"&lt;rate-limit calls=&#34;2&#34;": {"<td>api</td>", "<code>apim/apis/orders/policy.xml:3</code>"},
		"&lt;set-variable":                 {"fragment who", "<code>apim/policyFragments/who/policy.xml:2</code>"},
		"&lt;forward-request":              {"<td>global</td>", "built in"},
		"{{back-key}}":                     {"apim/apis/orders/policy.xml:6"},
		"&lt;script&gt;alert(1)":           {"apim/apis/orders/policy.xml:5"},
	} {
		if missing := lacks(row(tag), wants...); missing != nil {
			t.Errorf("%s lacks %q: %s", tag, missing, row(tag))
		}
	}
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "literal-secret") || !strings.Contains(page, "***") {
		t.Errorf("markup of a policy, or a secret, is on the page:\n%s", page)
	}
}

// formOf are the hidden fields of the page's form for an action.
func formOf(t *testing.T, h http.Handler, path, action string, header ...string) url.Values {
	t.Helper()
	page := do(h, "GET", path, "", header...).Body.String()
	_, form, ok := strings.Cut(page, `action="`+action+`"`)
	if !ok {
		t.Fatalf("%s has no form for %s:\n%s", path, action, page)
	}
	form, _, _ = strings.Cut(form, "</form>")
	return fields(form)
}

func sendTo(h http.Handler, path string, v url.Values, header ...string) *httptest.ResponseRecorder {
	return do(h, http.MethodPost, path, v.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

func TestTryItSendsWhatTheFormSays(t *testing.T) {
	s, h := shopConsole(nil)
	form := formOf(t, h, "/apis/orders/get?trace=one", "/apis/orders/get/try")
	for name, value := range map[string]string{"param.id": "a/b c", "query": "?q=ü&x=1#", "headers": "X-One: 1\r\nX-Two:two: 2 \r\n\r\n", "body": "a\r\nb", "key": "demo", "method": "PATCH"} {
		form.Set(name, value)
	}
	w := sendTo(h, "/apis/orders/get/try", form)
	if got := w.Header().Get("Location"); w.Code != 303 || got != "/apis/orders/get?before=one&trace=three#result" {
		t.Fatalf("%d to %q: %s", w.Code, got, w.Body)
	}
	want := TryCall{API: "orders", Operation: "get", Method: "GET", Target: "/orders/a%2Fb%20c?q=%C3%BC&x=1%23", Body: "a\nb", Key: "demo",
		Headers: []gatetrace.Field{{Name: "X-One", Value: "1"}, {Name: "X-Two", Value: "two: 2"}}, From: "192.0.2.1:1234"}
	if got := fmt.Sprintf("%+v", s.calls); got != fmt.Sprintf("[%+v]", want) {
		t.Errorf("sent %s\nwant  [%+v]", got, want)
	}
	form = formOf(t, h, "/apis/orders/files", "/apis/orders/files/try")
	form.Set("method", "put")
	form.Set("param.rest", "/one/two three")
	sendTo(h, "/apis/orders/files/try", form)
	form = formOf(t, h, "/apis/orders/get?revision=1", "/apis/orders/get/try")
	form.Set("param.id", "7")
	w = sendTo(h, "/apis/orders/get/try", form)
	if got := s.calls[1].Method + " " + s.calls[1].Target + " " + s.calls[2].Target; got != "PUT /orders/files/one/two%20three /orders;rev=1/7" {
		t.Error(got)
	}
	if got := w.Header().Get("Location"); got != "/apis/orders/get?revision=1&trace=three#result" {
		t.Error(got)
	}
	s.kept = ""
	if w = sendTo(h, "/apis/orders/get/try", form); w.Code != 200 || !strings.Contains(w.Body.String(), "&lt;b&gt;full&lt;/b&gt; ***") {
		t.Errorf("an answer without a trace: %d %s", w.Code, w.Body)
	}
}

func TestTryItRefuses(t *testing.T) {
	s, h := shopConsole(nil)
	good := formOf(t, h, "/apis/orders/get", "/apis/orders/get/try")
	good.Set("param.id", "7")
	for name, tt := range map[string]struct {
		field, value string
		status       int
	}{
		"another form":         {"form", formOf(t, h, "/apis/orders/place", "/apis/orders/place/try").Get("form"), 403},
		"no form":              {"form", "", 403},
		"another revision":     {"revision", "1", 403},
		"another's CSRF token": {"csrf", "x", 403},
		"no value":             {"param.id", "", 400},
		"no header":            {"headers", "nothing", 400},
		"a broken name":        {"headers", "a b: c", 400},
		"a control character":  {"headers", "A: b\x01c", 400},
		"another caller":       {"headers", "X-Forwarded-For: 10.0.0.1", 400},
		"another token":        {"headers", "Apim-Debug-Authorization: x", 400},
		"another host":         {"headers", "Host: elsewhere", 400},
	} {
		form := url.Values{}
		for k, v := range good {
			form[k] = v
		}
		form.Set(tt.field, tt.value)
		if w := sendTo(h, "/apis/orders/get/try", form); w.Code != tt.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for name, header := range map[string][]string{"JSON": {"Content-Type", "application/json"}, "another site": {"Origin", "http://elsewhere.example"}} {
		if w := sendTo(h, "/apis/orders/get/try", good, header...); w.Code != 415 && w.Code != 403 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	s.reached = "payroll"
	if w := sendTo(h, "/apis/orders/get/try", good); w.Code != 400 || !strings.Contains(w.Body.String(), "reaches another operation") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if s.reached = "none"; sendTo(h, "/apis/orders/get/try", good).Code != 404 {
		t.Error("a call that nothing answers was taken")
	}
	if len(s.calls) != 0 {
		t.Errorf("sent %+v", s.calls)
	}
	if s.reached = ""; sendTo(h, "/apis/orders/get/try", good).Code != 303 || len(s.calls) != 1 {
		t.Error("the form itself is not good")
	}
}

// TestTryItOfASession: the form of a session answers for it alone.
func TestTryItOfASession(t *testing.T) {
	s, plain := shopConsole(nil)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if of := r.Header.Get("X-Session"); of != "" {
			r = r.WithContext(session.WithSession(r.Context(), session.Session{CSRF: of}))
		}
		plain.ServeHTTP(w, r)
	})
	form := formOf(t, h, "/apis/orders/get", "/apis/orders/get/try", "X-Session", "ada")
	form.Set("param.id", "7")
	if form.Get("csrf") != "ada" {
		t.Fatalf("the form has %v", form)
	}
	if w := sendTo(h, "/apis/orders/get/try", form, "X-Session", "bob"); w.Code != 403 || len(s.calls) != 0 {
		t.Errorf("another session's form: %d", w.Code)
	}
	if w := sendTo(h, "/apis/orders/get/try", form, "X-Session", "ada"); w.Code != 303 || len(s.calls) != 1 {
		t.Errorf("its own form: %d", w.Code)
	}
}

// doer has actions on operation get of API orders alone.
func doer(actions ...string) allowing {
	return func(action string, resources []string) bool {
		return slices.Contains(actions, action) && slices.Contains(resources, "api/orders/operation/get")
	}
}

// refusals notes what was refused.
type refusals struct {
	allowing
	told []string
}

func (r *refusals) Refused(_ context.Context, action, resource string, _ identity.Decision) {
	r.told = append(r.told, action+" "+resource)
}

// TestAPIsAreForWhoMayCallOrTrace: the pages show what may be called or traced, policies
// and tries take more.
func TestAPIsAreForWhoMayCallOrTrace(t *testing.T) {
	for _, tt := range []struct {
		may            allowing
		seen, policy   bool
		form           bool
		refused, lacks string
	}{
		{doer(), false, false, false, "", ""},
		{doer("apim:Invoke"), true, false, false, "apim:Trace", "No role of yours allows apim:Trace"},
		{doer("apim:Trace"), true, true, false, "apim:Invoke", "No role of yours allows apim:Invoke"},
		{doer("apim:Trace", "apim:Invoke"), true, true, true, "", ""},
	} {
		told := &refusals{allowing: tt.may}
		s, h := shopConsole(told)
		list := do(h, "GET", "/apis", "").Body.String()
		if strings.Contains(list, "payroll") || strings.Contains(list, "/apis/orders/place") || strings.Contains(list, "/apis/orders/get") != tt.seen {
			t.Errorf("the list: %s", list)
		}
		for _, path := range []string{"/apis/ws%2Fpayroll", "/apis/ws%2Fpayroll/get", "/apis/orders/place"} {
			absent := strings.NewReplacer("payroll", "none", "place", "none").Replace(path)
			a, b := do(h, "GET", path, ""), do(h, "GET", absent, "")
			if a.Code != 404 || a.Body.String() != b.Body.String() {
				t.Errorf("%s is told from what is not there: %d", path, a.Code)
			}
		}
		w := do(h, "GET", "/apis/orders/get", "")
		if (w.Code == 200) != tt.seen {
			t.Errorf("the page: %d", w.Code)
		}
		page := w.Body.String()
		if strings.Contains(page, "policy.xml") != tt.policy || strings.Contains(page, "<button>Try it</button>") != tt.form || !strings.Contains(page, tt.lacks) {
			t.Errorf("%+v: %s", tt, page)
		}
		told.told = nil
		form := url.Values{"param.id": {"7"}, "form": {newForms().token()}}
		if tt.form {
			form.Set("form", formOf(t, h, "/apis/orders/get", "/apis/orders/get/try").Get("form"))
		}
		w = sendTo(h, "/apis/orders/get/try", form)
		want := map[bool]int{false: 403, true: 303}[tt.form]
		if !tt.seen {
			want = 404
		}
		if w.Code != want || len(s.calls) != map[bool]int{true: 1}[tt.form] {
			t.Errorf("%+v: %d, sent %d: %s", tt, w.Code, len(s.calls), w.Body)
		}
		if tt.refused != "" && (!strings.Contains(w.Body.String(), "perform: "+tt.refused+" on resource: api/orders/operation/get") || !slices.Contains(told.told, tt.refused+" api/orders/operation/get")) {
			t.Errorf("%s is not named, or not told of %q: %s", tt.refused, told.told, w.Body)
		}
	}
}
