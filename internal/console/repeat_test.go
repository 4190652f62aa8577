package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stile/internal/gatetrace"
)

// evil is text that would be a script where it were not escaped.
const evil = `</textarea></script><script>alert("x")</script><img src=x onerror=alert(1)>`

// evilTrace is the trace of a request whose every part is such a text.
func evilTrace() *gatetrace.Trace {
	text := evil
	return &gatetrace.Trace{Summary: gatetrace.Summary{ID: "bad", API: "orders", Operation: "get", Method: "POST", Path: "/orders/" + evil, Status: 429, Reason: evil, Start: epoch},
		Revision: "20250101T000000.000Z", Product: evil, Subscription: "demo",
		Request: gatetrace.Message{Method: "POST", URL: "http://shop.example/orders/%3Cscript%3E?q=%3Cscript%3E", Body: &gatetrace.Body{Text: text, Length: 9},
			Headers: []gatetrace.Field{{Name: "Host", Value: "shop.example"}, {Name: "X-Evil", Value: text}, {Name: "X-Shop-Key", Value: "***"},
				{Name: "Authorization", Value: "Bearer ***"}, {Name: "Traceparent", Value: "00-1"}, {Name: "Apim-Debug-Authorization", Value: "x"}}},
		Response: gatetrace.Message{Status: 429, Headers: []gatetrace.Field{{Name: "X-Answer", Value: text}}, Body: &gatetrace.Body{Text: text, Length: 9}},
		Steps:    []gatetrace.Step{{Values: []gatetrace.Evaluated{{Expression: text, Type: text, Value: text}}, Lines: []string{text}, Changes: []gatetrace.Change{{What: text, Name: text, Before: &text, After: &text}}}},
		Error:    &gatetrace.Fault{Reason: text, Message: text, Source: text}}
}

// TestPagesEscapeWhatRequestsHeld: header values, bodies, paths, reasons, expressions.
func TestPagesEscapeWhatRequestsHeld(t *testing.T) {
	s, h := shopConsole(nil)
	s.extra = evilTrace()
	for _, path := range []string{"/traces/bad", "/apis/orders/get?trace=bad", "/apis/orders/get?trace=bad&before=three", "/apis/orders/get?trace=three&before=bad", "/traces/diff?a=three&b=bad"} {
		w := do(h, "GET", path, "")
		if page := w.Body.String(); w.Code != 200 || strings.Contains(page, "<script>") || strings.Contains(page, "<img") || !strings.Contains(page, "alert(") {
			t.Errorf("%s: %d %s", path, w.Code, page)
		}
	}
}

// TestATraceIsRepeated: what the trace holds is sent to where it went, on what the
// gateway runs now, and the two are compared.
func TestATraceIsRepeated(t *testing.T) {
	s, h := shopConsole(nil)
	s.extra = evilTrace()
	s.extra.Request.Headers[1].Value = "fine"
	page := do(h, "GET", "/traces/bad", "").Body.String()
	if missing := lacks(page, "Repeat and compare", "20260102T030405.000Z", "the edit since <code>20250101T000000.000Z</code>", "A key of subscription demo goes with it", "<code>Authorization</code>", "/apis/orders/get?revision=&amp;trace=bad"); missing != nil {
		t.Errorf("lacks %q: %s", missing, page)
	}
	form := formOf(t, h, "/traces/bad", "/traces/bad/repeat")
	form.Set("headers", "x-evil: other\nAuthorization: Bearer y")
	w := sendTo(h, "/traces/bad/repeat", form)
	if got := w.Header().Get("Location"); w.Code != 303 || got != "/traces/diff?a=bad&b=three" {
		t.Fatalf("%d to %q: %s", w.Code, got, w.Body)
	}
	want := TryCall{API: "orders", Operation: "get", Method: "POST", Target: "/orders/%3Cscript%3E?q=%3Cscript%3E", Body: evil, Key: "demo",
		Headers: []gatetrace.Field{{Name: "x-evil", Value: "other"}, {Name: "Authorization", Value: "Bearer y"}}, From: "192.0.2.1:1234"}
	if got := fmt.Sprintf("%+v", s.calls); got != fmt.Sprintf("[%+v]", want) {
		t.Errorf("sent %s\nwant  [%+v]", got, want)
	}
	if page := do(h, "GET", "/traces/diff?a=bad&b=three", "").Body.String(); !strings.Contains(page, "Configuration before") || !strings.Contains(page, "20250101T000000.000Z") {
		t.Errorf("the comparison names no configurations: %s", page)
	}
}

func TestWhatIsNotRepeated(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*gatetrace.Trace)
		says   string
	}{
		"a body that was cut":       {func(t *gatetrace.Trace) { t.Request.Body.Cut = true }, "whole body"},
		"a body with a secret":      {func(t *gatetrace.Trace) { t.Request.Body.Hidden = true }, "whole body"},
		"an address with a secret":  {func(t *gatetrace.Trace) { t.Request.URL = "http://h/orders/7?code=***" }, "credential"},
		"an address without sense":  {func(t *gatetrace.Trace) { t.Request.URL = "http://h/%zz" }, "cannot be read"},
		"what reached no operation": {func(t *gatetrace.Trace) { t.Operation = "" }, "reached no operation"},
	} {
		s, h := shopConsole(nil)
		s.extra = evilTrace()
		form := formOf(t, h, "/traces/bad", "/traces/bad/repeat")
		tt.change(s.extra)
		if page := do(h, "GET", "/traces/bad", "").Body.String(); strings.Contains(page, "Repeat and compare") {
			t.Errorf("%s: the page offers it", name)
		}
		if w := sendTo(h, "/traces/bad/repeat", form); w.Code != 409 || !strings.Contains(w.Body.String(), tt.says) || len(s.calls) != 0 {
			t.Errorf("%s: %d, sent %d: %s", name, w.Code, len(s.calls), w.Body)
		}
	}
}

func TestRepeatsTakeBothPermissions(t *testing.T) {
	_, open := shopConsole(nil)
	for _, tt := range []struct {
		may    allowing
		status int
	}{{doer(), 404}, {doer("apim:Invoke"), 404}, {doer("apim:Trace"), 403}, {doer("apim:Trace", "apim:Invoke"), 303}} {
		s, h := shopConsole(tt.may)
		form := formOf(t, open, "/traces/three", "/traces/three/repeat")
		if tt.status == 303 { // another console's form is another's
			if w := sendTo(h, "/traces/three/repeat", form); w.Code != 403 {
				t.Errorf("another console's form: %d", w.Code)
			}
			form = formOf(t, h, "/traces/three", "/traces/three/repeat")
		}
		if w := sendTo(h, "/traces/three/repeat", form); w.Code != tt.status || len(s.calls) != map[int]int{303: 1}[tt.status] {
			t.Errorf("%d, want %d, sent %d: %s", w.Code, tt.status, len(s.calls), w.Body)
		}
	}
}

func TestAKeyThatIsNotHereIsNotSent(t *testing.T) {
	s, h := shopConsole(nil)
	s.extra = evilTrace()
	s.extra.Subscription = "partner"
	if page := do(h, "GET", "/traces/bad", "").Body.String(); !strings.Contains(page, "no key of subscription partner") {
		t.Error(page)
	}
	sendTo(h, "/traces/bad/repeat", formOf(t, h, "/traces/bad", "/traces/bad/repeat"))
	if len(s.calls) != 1 || s.calls[0].Key != "" {
		t.Errorf("%+v", s.calls)
	}
}

// TestPathsFillAndMatch: what is filled into a template is found in the path again.
func TestPathsFillAndMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		template := rapid.SampledFrom([]string{"/a/{id}", "/{id}/b/{other}", "/a/{id}.{other}/c", "/a/{*rest}", "/a/{id}/{*rest}", "/a/*", "/a", "/r(.*)/{id}"}).Draw(t, "template")
		want := map[string]string{}
		for _, name := range paramsOf(template) {
			want[name] = rapid.StringMatching(`[a-zA-Z0-9 /%ä?#&<"]{1,12}`).Draw(t, name)
			if name == "*" || name == "rest" {
				want[name] = strings.TrimLeft(want[name], "/")
			} else if strings.Contains(template, ".{") {
				want[name] = strings.ReplaceAll(want[name], ".", "")
			}
		}
		path, err := fillPath(template, func(name string) string { return want[name] })
		if err != nil {
			t.Fatal(err)
		}
		if u, err := url.ParseRequestURI(path); err != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("%s is no path: %v", path, err)
		}
		got := matchPath(template, path)
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s of %s in %s is %q, want %q", name, template, path, got[name], want[name])
			}
		}
	})
	if matchPath("/a/{id}", "/b/7") != nil {
		t.Error("another path fits")
	}
}
