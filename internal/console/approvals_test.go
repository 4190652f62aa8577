package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"stile/internal/callback"
	"stile/internal/identity/session"
	"stile/internal/sfn"
	"stile/jsonval"
)

// fakeCallbacks answer as a host does, for one attempt each.
type fakeCallbacks struct {
	mu       sync.Mutex
	open     []callback.Open
	said     []string // of accepted answers
	did      []string
	happened sfn.Deliveries
	resent   sfn.Resent
}

func waits(open ...callback.Open) *fakeCallbacks {
	for i := range open {
		if o := &open[i]; o.Ref.ExecutionARN == "" {
			o.Ref = sfn.CallbackRef{ExecutionARN: "arn:aws:states:us-east-1:111111111111:execution:" + o.StateMachine + ":" + o.Execution,
				Command: uint64(i + 1), Attempt: 1}
		}
	}
	return &fakeCallbacks{open: open}
}

func (f *fakeCallbacks) List(context.Context) ([]callback.Open, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.open), nil
}

func (f *fakeCallbacks) Of(_ context.Context, arn string) (out []callback.Open, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.open {
		if o.Ref.ExecutionARN == arn {
			out = append(out, o)
		}
	}
	return out, nil
}

func (f *fakeCallbacks) Inputs(_ context.Context, arn string) (map[uint64]sfn.TaskInput, error) {
	return map[uint64]sfn.TaskInput{1: {Entered: epoch, Input: jsonval.MustParse(`{"order":{"total":700,"note":"<b>now</b>"}}`)}}, nil
}

func (f *fakeCallbacks) Deliveries(context.Context, string) (sfn.Deliveries, error) {
	return f.happened, nil
}

func (f *fakeCallbacks) RefOf(url string) (sfn.CallbackRef, bool) {
	for _, o := range f.open {
		if o.URL == url {
			return o.Ref, true
		}
	}
	return sfn.CallbackRef{}, false
}

func (f *fakeCallbacks) Complete(_ context.Context, ref sfn.CallbackRef, a callback.Answer, by sfn.Sender) (sfn.DeliveryAnswer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.open)
	f.open = slices.DeleteFunc(f.open, func(o callback.Open) bool { return o.Ref == ref })
	if len(f.open) == n {
		return sfn.Conflict, nil
	}
	f.said = append(f.said, fmt.Sprintf("%s %v %s%s/%s by %s via %s", ref.ID(), a.Fail, a.Output.Raw(), a.Error, a.Cause, by.Subject, by.Via))
	return sfn.Accepted, nil
}

func (f *fakeCallbacks) Revoke(_ context.Context, ref sfn.CallbackRef, by sfn.Sender) error {
	f.did = append(f.did, "revoke "+ref.ID())
	return nil
}

func (f *fakeCallbacks) Resend(_ context.Context, ref sfn.CallbackRef, by sfn.Sender) (sfn.Resent, error) {
	f.did = append(f.did, "resend "+ref.ID())
	return f.resent, nil
}

// shape is the approval of state Approve.
func shape(t *testing.T, choices ...callback.Choice) *callback.Approval {
	t.Helper()
	a := &callback.Approval{Title: "Large order", Choices: choices}
	for _, path := range []string{"$.order.total", "$.order.note", "$.none", "$$.Execution.Name"} {
		s, err := callback.NewShown(path)
		if err != nil {
			t.Fatal(err)
		}
		a.Show = append(a.Show, s)
	}
	return a
}

var yes = callback.Choice{Label: "Approve", Answer: callback.Answer{Output: jsonval.MustParse(`{"approved":true}`)}}
var no = callback.Choice{Label: "Reject", Answer: callback.Answer{Fail: true, Error: "Rejected", Cause: "too dear"}}

// approvalsOf is a console with one callback and who may do what.
func approvalsOf(t *testing.T, a *callback.Approval, may Permissions) (*fakeCallbacks, *Config, http.Handler) {
	t.Helper()
	one, _ := story()
	cfg := config(one)
	f := waits(callback.Open{URL: "http://127.0.0.1:7480/callbacks/SECRET-TOKEN", Execution: "one", StateMachine: "order", State: "Approve", Since: epoch, Expires: epoch})
	cfg.Callbacks, cfg.Approval = f, func(machine, state string) *callback.Approval { return a }
	if may != nil {
		cfg.Permissions = may
	}
	return f, &cfg, New(cfg)
}

// fields are the hidden ones of the page's only form.
func fields(page string) url.Values {
	out := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		out.Set(m[1], m[2])
	}
	return out
}

func sendForm(h http.Handler, v url.Values, header ...string) *httptest.ResponseRecorder {
	return do(h, http.MethodPost, "/approvals", v.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

func TestApprovalsPageShowsWhatToDecide(t *testing.T) {
	_, _, h := approvalsOf(t, shape(t, yes, no), nil)
	w := get(t, h, "/approvals")
	page := w.Body.String()
	for _, want := range []string{"Large order", "<pre>700</pre>", "&lt;b&gt;now&lt;/b&gt;", "<pre>–</pre>", "<pre>one</pre>", ">Approve</button>", ">Reject</button>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Contains(page, "SECRET-TOKEN") || strings.Contains(page, "<textarea") || strings.Contains(page, "too dear") {
		t.Errorf("the page shows too much:\n%s", page)
	}
	if csp := w.Header().Get("Content-Security-Policy"); csp != pagePolicy {
		t.Errorf("policy %q", csp)
	}
}

func TestAnApprovalIsTakenOnce(t *testing.T) {
	for name, c := range map[string]struct {
		shape  *callback.Approval
		choose url.Values
		said   string
		done   string
	}{
		"a choice":         {shape(t, yes, no), url.Values{"choice": {"0"}}, `false {"approved":true}/`, "completed"},
		"a failing choice": {shape(t, yes, no), url.Values{"choice": {"1"}}, `true Rejected/too dear`, "failed"},
		"a box of JSON":    {nil, url.Values{"choice": {"complete"}, "output": {` {"ok": 1} `}}, `false {"ok": 1}/`, "completed"},
		"a box left empty": {nil, url.Values{"choice": {"complete"}, "output": {""}}, `false {}/`, "completed"},
		"a failure":        {nil, url.Values{"choice": {"fail"}, "error": {"No"}, "cause": {"why"}}, `true No/why`, "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _, h := approvalsOf(t, c.shape, nil)
			form := fields(get(t, h, "/approvals").Body.String())
			for k, v := range c.choose {
				form[k] = v
			}
			w := sendForm(h, form)
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/approvals?done="+c.done+"&of=order%3Aone%3A1%3A1" {
				t.Fatalf("%d %s\n%s", w.Code, w.Header().Get("Location"), w.Body)
			}
			if len(f.said) != 1 || !strings.Contains(f.said[0], "order:one:1:1 "+c.said+" by ") || !strings.HasSuffix(f.said[0], "via page") {
				t.Errorf("said %q", f.said)
			}
			if page := get(t, h, w.Header().Get("Location")).Body.String(); !strings.Contains(page, `role="status"`) || !strings.Contains(page, "order:one:1:1") {
				t.Errorf("the list says nothing of it:\n%s", page)
			}
			if w := sendForm(h, form); w.Code != http.StatusGone || len(f.said) != 1 {
				t.Errorf("a late one: %d, said %q", w.Code, f.said)
			}
		})
	}
}

func TestAForeignApprovalChangesNothing(t *testing.T) {
	offered := shape(t, yes, no)
	f, cfg, h := approvalsOf(t, offered, nil)
	good := fields(get(t, h, "/approvals").Body.String())
	good.Set("choice", "0")
	other := New(*cfg) // another process: another key
	for name, c := range map[string]struct {
		handler http.Handler
		change  map[string]string
		status  int
	}{
		"no token":             {h, map[string]string{"form": ""}, 401},
		"another's token":      {h, map[string]string{"form": strings.Repeat("0", 64)}, 401},
		"another attempt":      {h, map[string]string{"callback": "order:one:1:2", "attempt": "2"}, 401},
		"attempts that differ": {h, map[string]string{"attempt": "2"}, 404},
		"another callback":     {h, map[string]string{"callback": "order:two:1:1"}, 401},
		"another state":        {h, map[string]string{"state": "Other"}, 401},
		"no callback":          {h, map[string]string{"callback": "x"}, 404},
		"another process":      {other, nil, 401},
		"a session's token":    {h, map[string]string{"csrf": "forged"}, 401},
		"no choice":            {h, map[string]string{"choice": "2"}, 400},
		"JSON in its place":    {h, map[string]string{"choice": "complete"}, 400},
	} {
		form := url.Values{}
		for k := range good {
			form.Set(k, good.Get(k))
		}
		for k, v := range c.change {
			form.Set(k, v)
		}
		if w := sendForm(c.handler, form); w.Code != c.status || len(f.said) != 0 {
			t.Errorf("%s: %d, want %d; said %q", name, w.Code, c.status, f.said)
		}
	}
	if w := sendForm(h, good, "Origin", "http://elsewhere.example"); w.Code != http.StatusForbidden || len(f.said) != 0 {
		t.Errorf("from another site: %d", w.Code)
	}
	if w := do(h, http.MethodPost, "/approvals", `{}`); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("JSON: %d", w.Code)
	}
	offered.Choices = []callback.Choice{no, yes} // the file changed since
	if w := sendForm(h, good); w.Code != http.StatusUnauthorized || len(f.said) != 0 {
		t.Errorf("by older choices: %d, said %q", w.Code, f.said)
	}
}

func TestApprovalsNeedThePermission(t *testing.T) {
	var granted []string
	may := allowing(func(action string, names []string) bool {
		return slices.Contains(granted, action) && (!strings.HasPrefix(action, "states:SendTask") || slices.Contains(names, "stateMachine/order/state/Approve"))
	})
	f, _, h := approvalsOf(t, shape(t, yes, no), may)
	page := func() string { return get(t, h, "/approvals").Body.String() }
	if text := page(); strings.Contains(text, "order:one") {
		t.Errorf("shown to who may not complete it:\n%s", text)
	}
	granted = []string{completeTask}
	text := page()
	if strings.Contains(text, "Reject") || strings.Contains(text, "700") || !strings.Contains(text, "Approve</button>") {
		t.Errorf("who may neither fail it nor read payloads sees:\n%s", text)
	}
	form := fields(text)
	form.Set("choice", "1")
	if w := sendForm(h, form); w.Code != http.StatusForbidden || len(f.said) != 0 {
		t.Errorf("a failure without the permission: %d %q", w.Code, f.said)
	}
	granted = nil // taken away since
	form.Set("choice", "0")
	if w := sendForm(h, form); w.Code != http.StatusNotFound || len(f.said) != 0 {
		t.Errorf("after it was taken away: %d %q", w.Code, f.said)
	}
	granted = []string{completeTask}
	if w := sendForm(h, form); w.Code != http.StatusSeeOther || len(f.said) != 1 {
		t.Errorf("with it: %d %q", w.Code, f.said)
	}
}

func TestCallbackVerbs(t *testing.T) {
	f, _, h := approvalsOf(t, nil, nil)
	f.resent = sfn.Resent{Send: 3, NewURL: true, Error: "Http.503", Cause: "busy"}
	f.happened = sfn.Deliveries{NotKept: 7, Records: []sfn.DeliveryRecord{{Time: epoch, State: "Approve", Command: 1, Attempt: 1, Kind: "complete", Answer: "refused",
		Status: 403, Sender: sfn.Sender{Via: "url", Client: "192.0.2.7"}, Policy: "ip-filter", At: "p.xml:3", Reason: "CallerIpNotAllowed"}}}
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/-/v1/callbacks", "", 200, `"url":"http://127.0.0.1:7480/callbacks/SECRET-TOKEN"`},
		{"GET", "/-/v1/callbacks?execution=one", "", 200, `"id":"order:one:1:1"`},
		{"GET", "/-/v1/executions/one/callbacks", "", 200, `"verdict":{"policy":"ip-filter","at":"p.xml:3","reason":"CallerIpNotAllowed"}`},
		{"GET", "/-/v1/executions/one/callbacks", "", 200, `"notKept":7`},
		{"POST", "/-/v1/callbacks/revoke", `{"callback":"one/Approve"}`, 200, `"status":"revoked"`},
		{"POST", "/-/v1/callbacks/resend", `{"callback":"http://127.0.0.1:7480/callbacks/SECRET-TOKEN"}`, 200, `"status":"failed","send":3,"newUrl":true,"error":"Http.503"`},
		{"POST", "/-/v1/callbacks/complete", `{"callback":"order:one:1:1"}`, 400, "MissingOutput"},
		{"POST", "/-/v1/callbacks/fail", `{"callback":"order:one:1:1","error":"` + strings.Repeat("x", 257) + `"}`, 400, "BadFailure"},
		{"POST", "/-/v1/callbacks/complete", `{"callback":"order:none:1:1","output":1}`, 404, "NotFound"},
		{"POST", "/-/v1/callbacks/complete", `{"callback":"one/Other","output":1}`, 404, "NotFound"},
		{"POST", "/-/v1/callbacks/complete", `{"output":1}`, 400, "MissingCallback"},
		{"POST", "/-/v1/callbacks/complete", `{"callback":"one/Approve","output":{"ok":true}}`, 200, `"status":"accepted"`},
		{"POST", "/-/v1/callbacks/complete", `{"callback":"one/Approve","output":1}`, 404, "NotFound"},
		{"POST", "/-/v1/callbacks/fail", `{"callback":"order:one:1:1"}`, 410, "CallbackGone"},
	} {
		w := do(h, c.method, c.path, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, w.Code, w.Body)
		}
	}
	if w := get(t, h, "/-/v1/executions/one/callbacks"); strings.Contains(w.Body.String(), "SECRET") {
		t.Errorf("a URL: %s", w.Body)
	}
	if got := strings.Join(f.did, ", "); got != "revoke order:one:1:1, resend order:one:1:1" || len(f.said) != 1 {
		t.Errorf("did %s; said %q", got, f.said)
	}
}

// TestAForeignCallbackIsNotThere: absent and foreign get the same answer.
func TestAForeignCallbackIsNotThere(t *testing.T) {
	f, _, h := approvalsOf(t, nil, on("other", completeTask, failTask))
	for _, verb := range []string{"complete", "fail", "revoke", "resend"} {
		var answers []string
		for _, name := range []string{"order:one:1:1", "order:none:1:1", "one/Approve", "none/Approve", "http://127.0.0.1:7480/callbacks/SECRET-TOKEN", "http://127.0.0.1:7480/callbacks/x"} {
			w := do(h, "POST", "/-/v1/callbacks/"+verb, `{"callback":"`+name+`","output":1}`)
			answers = append(answers, fmt.Sprint(w.Code, w.Body))
		}
		if len(slices.Compact(slices.Clone(answers))) != 1 || !strings.HasPrefix(answers[0], "404") {
			t.Errorf("%s: %q", verb, answers)
		}
	}
	if len(f.said)+len(f.did) != 0 {
		t.Errorf("said %q, did %q", f.said, f.did)
	}
}

// TestApprovalsInASession: the form carries the session's token, and is no good
// without it, or to another person.
func TestApprovalsInASession(t *testing.T) {
	f, cfg, _ := approvalsOf(t, nil, nil)
	who := "user:ada"
	cfg.Permissions = named{allowing(nil), &who}
	inner := New(*cfg)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(session.WithSession(r.Context(), session.Session{CSRF: "of-the-session"})))
	})
	form := fields(get(t, h, "/approvals").Body.String())
	form.Set("choice", "complete")
	if form.Get("csrf") != "of-the-session" {
		t.Errorf("form %v", form)
	}
	form.Set("csrf", "")
	if w := sendForm(h, form); w.Code != http.StatusUnauthorized || len(f.said) != 0 {
		t.Errorf("without the session's token: %d", w.Code)
	}
	form.Set("csrf", "of-the-session")
	who = "user:bob"
	if w := sendForm(h, form); w.Code != http.StatusUnauthorized || len(f.said) != 0 {
		t.Errorf("another person's form: %d", w.Code)
	}
	who = "user:ada"
	if w := sendForm(h, form); w.Code != http.StatusSeeOther || len(f.said) != 1 || !strings.Contains(f.said[0], "by user:ada via page") {
		t.Errorf("%d %q", w.Code, f.said)
	}
}

// named are permissions of somebody by name.
type named struct {
	allowing
	who *string
}

func (n named) Subject(context.Context) string { return *n.who }

func TestARevokedURLIsNotShown(t *testing.T) {
	f, _, h := approvalsOf(t, nil, nil)
	f.open[0].Revoked = true
	if text := get(t, h, "/-/v1/callbacks").Body.String(); !strings.Contains(text, `"revoked":true,"url":null`) || strings.Contains(text, "SECRET") {
		t.Errorf("got %s", text)
	}
	if page := get(t, h, "/approvals").Body.String(); !strings.Contains(page, "Its callback URL is revoked.") {
		t.Errorf("got %s", page)
	}
}
