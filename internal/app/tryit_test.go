package app

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// pageForm posts the form of a page to an action, with fields of the test's own, and
// gives the address and the text of where it leads.
func pageForm(t *testing.T, base, page, action string, with ...string) (at, text string) {
	t.Helper()
	_, text = send(t, "GET", base+page, "")
	_, form, ok := strings.Cut(text, `action="`+action+`"`)
	if !ok {
		t.Fatalf("%s has no form for %s:\n%s", page, action, text)
	}
	form, _, _ = strings.Cut(form, "</form>")
	v := url.Values{}
	for _, m := range regexp.MustCompile(`<input (?:type="hidden" )?name="([\w.]+)" value="([^"]*)"`).FindAllStringSubmatch(form, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range regexp.MustCompile(`(?s)<textarea name="(\w+)"[^>]*>\n?(.*?)</textarea>`).FindAllStringSubmatch(form, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i < len(with); i += 2 {
		v.Set(with[i], with[i+1])
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+action, strings.NewReader(v.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Request.URL.RequestURI(), string(body)
}

// TestTryItThroughAnEdit: the way of a person at the pages: see what runs, send a
// request that a rate limit refuses, edit the policy, try again, see what differs.
func TestTryItThroughAnEdit(t *testing.T) {
	backend, _ := answering(t)
	dir := folder(t, backend, invoke,
		"stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\nsubscriptions: [{id: demo, dev-keys: [demo-key-of-the-test]}]\n",
		"apim/apis/shop/policy.xml", shopPolicy("\n"+`<include-fragment fragment-id="who" />`+"\n"+`<rate-limit-by-key calls="1" renewal-period="300" counter-key="{{counter}}" />`),
		"apim/apis/shop/apiInformation.json", `{"properties":{"displayName":"shop","path":"shop","subscriptionRequired":true,"serviceUrl":"`+backend+`"}}`,
		"apim/namedValues/counter/namedValueInformation.json", `{"properties":{"displayName":"counter","value":"name-of-the-counter","secret":true}}`,
		"apim/policyFragments/who/policyFragmentInformation.json", `{"properties":{"format":"rawxml"}}`,
		"apim/policyFragments/who/policy.xml", "<fragment>\n<set-header name=\"X-Who\" exists-action=\"override\"><value>@(context.Subscription.Id)</value></set-header></fragment>")
	p := dev(t, dir, t.TempDir())
	wants := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("lacks %q:\n%s", want, text)
			}
		}
	}
	_, page := send(t, "GET", p.Console+"/apis/shop/reserve", "")
	wants(page, "apim/apis/shop/policy.xml:3", "apim/policyFragments/who/policy.xml:2", "fragment who", "{{counter}}", `<option value="demo" selected>`)
	const try = "/apis/shop/reserve/try"
	_, page = pageForm(t, p.Console, "/apis/shop/reserve", try, "key", "demo", "body", `{"sku":"s"}`, "headers", "X-Trial: 1")
	wants(page, "200", `{&#34;reservation&#34;:&#34;r-1&#34;}`, "set-header", "subscription demo", "demo")
	at, page := pageForm(t, p.Console, "/apis/shop/reserve", try, "key", "demo", "body", `{"sku":"s"}`, "headers", "X-Trial: 1")
	wants(page, "<strong>rate-limit-by-key</strong> refused it", "apim/apis/shop/policy.xml:3", "RateLimitExceeded", "429", "X-Trial: 1", "{&#34;sku&#34;:&#34;s&#34;}</textarea>")
	first := regexp.MustCompile(`trace=([\w-]+)`).FindStringSubmatch(at)[1]

	_, wrong := pageForm(t, p.Console, "/apis/shop/reserve", try, "key", "")
	wants(wrong, "401", "SubscriptionKeyNotFound")
	if _, text := pageForm(t, p.Console, "/apis/shop/reserve", try, "key", "none"); !strings.Contains(text, "nothing was sent") {
		t.Errorf("a key that is not there was sent: %s", text)
	}

	write(t, dir, "apim/apis/shop/policy.xml", shopPolicy("\n"+`<rate-limit-by-key calls="100" renewal-period="300" counter-key="{{counter}}" />`))
	p.tells("taken up")
	_, stale := send(t, "GET", p.Console+at, "")
	wants(stale, "The configuration was changed since")
	again, page := pageForm(t, p.Console, at, try, "key", "demo")
	wants(page, "Before and after", "Configuration before", "removed", "policyFragments/who", "changed", "rate-limit-by-key", "429", "200", "X-Trial: 1")
	if !strings.Contains(again, "before="+first) {
		t.Error(again)
	}
	_, diff := pageForm(t, p.Console, "/traces/"+first, "/traces/"+first+"/repeat")
	wants(diff, "Compare traces", "Configuration after", "removed", "429", "200")

	_, record := send(t, "GET", p.Console+"/-/v1/audit?action=apim:Invoke&max=100", "")
	wants(record, `"resource":"api/shop/operation/reserve"`, `"operation":"try"`, `"status":429`, `"subscription":"demo"`, `"via":"page"`)
	_, metrics := send(t, "GET", p.Console+"/apis", "")
	for _, secret := range []string{"demo-key-of-the-test", "name-of-the-counter", "p=tracing"} {
		if strings.Contains(page+stale+diff+record+metrics+wrong, secret) {
			t.Errorf("%s is shown", secret)
		}
	}
}

// TestTryItsAnswers: one that has no end is cut, and one that breaks off is answered all
// the same.
func TestTryItsAnswers(t *testing.T) {
	endless := make([]byte, 64<<10)
	for name, front := range map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(endless); err != nil {
					panic(http.ErrAbortHandler)
				}
			}
		},
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			panic(http.ErrAbortHandler)
		},
	} {
		w := &tried{header: http.Header{}}
		w.serve(front, nil)
		if w.status != 200 || len(w.head) > 2048 || w.length > tryRoom+len(endless) {
			t.Errorf("%s: %d, %d of %d bytes", name, w.status, len(w.head), w.length)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a panic of ours was hidden")
		}
	}()
	(&tried{header: http.Header{}}).serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("ours") }), nil)
}
