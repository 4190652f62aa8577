package app

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"stile/internal/identity/idptest"
	"stile/internal/identity/oidc"
)

// faultCall is a column of the fault matrix: a call, and what it gives while all is
// well. What is refused then must be refused under every fault.
type faultCall struct {
	name string
	well string
	ask  func(w *faultWorld) string
}

// refuses says that the call must never be answered as done.
func (c faultCall) refuses() bool { return !done(c.well) }

// done says that an answer is that of a call that was done.
func done(answer string) bool {
	return strings.HasPrefix(answer, "2") || answer == "ExecutionSucceeded" || answer == "started" || answer == "303 done" || answer == "logged in"
}

func faultCalls() []faultCall {
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	edge := func(path string, header func(w *faultWorld) []string) func(w *faultWorld) string {
		return func(w *faultWorld) string { return w.edge(path, header(w)...) }
	}
	with := func(header ...string) func(*faultWorld) []string {
		return func(*faultWorld) []string { return header }
	}
	return []faultCall{
		{"edge, good token", "200", edge("/shop/guarded", func(w *faultWorld) []string { return bearer(w.keys.Mint(nil)) })},
		{"edge, token of a foreign key", "401", edge("/shop/guarded", func(w *faultWorld) []string { return bearer(w.keys.Mint(nil, idptest.With(idptest.UnknownKid))) })},
		{"edge, token of confused algorithm", "401", edge("/shop/guarded", func(w *faultWorld) []string { return bearer(w.keys.Mint(nil, idptest.With(idptest.AlgConfusion))) })},
		{"edge, expired token", "401", edge("/shop/guarded", func(w *faultWorld) []string { return bearer(w.keys.Mint(nil, idptest.With(idptest.Expired))) })},
		{"edge, no token", "401", edge("/shop/guarded", with())},
		{"edge, needs nothing", "200", edge("/shop/open", with())},
		{"edge, policy with a secret", "200", edge("/shop/secret", with())},
		{"edge, managed identity", "200", edge("/shop/managed", with())},
		{"edge, good subscription key", "200", edge("/keyed/open", with("Ocp-Apim-Subscription-Key", faultKey))},
		{"edge, bad subscription key", "401", edge("/keyed/open", with("Ocp-Apim-Subscription-Key", "other"))},
		{"edge, empty subscription key", "401", edge("/keyed/open", with("Ocp-Apim-Subscription-Key", ""))},
		{"edge, no subscription key", "401", edge("/keyed/open", with())},
		{"edge, starts an execution", "202", func(w *faultWorld) string {
			status, _ := send(w.t, "POST", w.Gateway+"/shop/start", "{}")
			return strconv.Itoa(status)
		}},
		{"state calls an operation", "ExecutionSucceeded", func(w *faultWorld) string { return w.state("open") }},
		{"state calls an operation with a secret", "ExecutionSucceeded", func(w *faultWorld) string { return w.state("secret") }},
		{"state calls past the gateway", "ExecutionSucceeded", func(w *faultWorld) string { return w.state("past") }},
		{"AWS API, start, good signature", "started", func(w *faultWorld) string { return w.awsStart("AKID", keySecret) }},
		{"AWS API, start, bad signature", "InvalidSignatureException", func(w *faultWorld) string { return w.awsStart("AKID", "other") }},
		{"AWS API, start, unknown key", "UnrecognizedClientException", func(w *faultWorld) string { return w.awsStart("AKIDNONE", keySecret) }},
		{"/-/v1, read, good bearer", "200", func(w *faultWorld) string { return w.control("GET", bearer(w.login.Mint(nil))...) }},
		{"/-/v1, read, bearer of an unknown kid", "401", func(w *faultWorld) string {
			return w.control("GET", bearer(w.login.Mint(nil, idptest.With(idptest.UnknownKid)))...)
		}},
		{"/-/v1, read, no bearer", "401", func(w *faultWorld) string { return w.control("GET") }},
		{"/-/v1, start, good bearer", "201", func(w *faultWorld) string { return w.control("POST", bearer(w.login.Mint(nil))...) }},
		{"/-/v1, start, expired bearer", "401", func(w *faultWorld) string {
			return w.control("POST", bearer(w.login.Mint(nil, idptest.With(idptest.Expired)))...)
		}},
		{"/-/v1, start, no bearer", "401", func(w *faultWorld) string { return w.control("POST") }},
		{"/-/v1, role token, good bearer", "200", func(w *faultWorld) string {
			status, _, _ := ask(w.t, still(), "POST", w.Console+"/-/v1/tokens", `{"role":"one-role"}`, append(bearer(w.login.Mint(nil)), "Content-Type", "application/json")...)
			return strconv.Itoa(status)
		}},
		{"page, with session", "200", func(w *faultWorld) string { return w.page(w.jar) }},
		{"page, no session", "303", func(w *faultWorld) string { return w.page(still()) }},
		{"a login", "logged in", (*faultWorld).newLogin},
		{"device flow", "200", (*faultWorld).device},
		{"callback, altered", "401", func(w *faultWorld) string {
			return w.post(strings.Replace(w.open["wait"], "/callbacks/A", "/callbacks/B", 1))
		}},
		{"approval, no token of the session", "403", func(w *faultWorld) string { return w.approve(false) }},
		{"approval", "303 done", func(w *faultWorld) string { return w.approve(true) }},
		{"callback, good", "200", func(w *faultWorld) string { return w.post(w.open["wait"]) }},
		{"state under way calls past the gateway", "ExecutionSucceeded", (*faultWorld).late},
	}
}

// edge calls an operation. A call that is refused and came to the backend, and one
// that came there without its credential, is told as such.
func (w *faultWorld) edge(path string, header ...string) string {
	w.t.Helper()
	w.n++
	id := "edge-" + strconv.Itoa(w.n)
	status, _ := send(w.t, "POST", w.Gateway+path, "{}", append(header, "X-Call", id)...)
	return strconv.Itoa(status) + w.seen(path, id, status == 200)
}

// seen holds what the backend saw against what the answer says.
func (w *faultWorld) seen(path, id string, good bool) string {
	h, came := w.came(id)
	switch {
	case came && !good:
		return " AND THE BACKEND WAS CALLED"
	case !came && good:
		return " AND THE BACKEND WAS NOT CALLED"
	case came && strings.HasSuffix(path, "secret") && h.Get("X-Token") != faultSecret:
		return " WITH THE SECRET " + h.Get("X-Token")
	case came && strings.HasSuffix(path, "managed") && h.Get("Authorization") != "Bearer machine-token",
		came && strings.HasSuffix(path, "past") && h.Get("Authorization") != "Bearer granted-token":
		return " WITH THE CREDENTIAL " + h.Get("Authorization")
	}
	return ""
}

// state starts an execution and gives its end.
func (w *faultWorld) state(machine string) string {
	w.t.Helper()
	w.mu.Lock()
	delete(w.reached, "state-"+machine)
	w.mu.Unlock()
	answer := answerTo(w.t, signedAction(w.Console+"/", "StartExecution", "AKID", keySecret, `{"stateMachineArn":"`+faultMachine+machine+`"}`, time.Now()))
	if code := awsError(answer); code != "" {
		return code
	}
	last := w.until(started(w.t, answer), "the end")
	return last + w.seen(machine, "state-"+machine, last == "ExecutionSucceeded")
}

// awsError is the type of an error of the AWS API, empty for what is none.
func awsError(answer string) string {
	var e struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal([]byte(answer), &e) != nil {
		return "no JSON: " + answer
	}
	return e.Type
}

func (w *faultWorld) awsStart(key, secret string) string {
	w.t.Helper()
	w.n++
	name := "aws-" + strconv.Itoa(w.n)
	answer := answerTo(w.t, signedAction(w.Console+"/", "StartExecution", key, secret, `{"stateMachineArn":"`+faultMachine+`open","name":"`+name+`"}`, time.Now()))
	if code := awsError(answer); code != "" {
		if key != "AKID" || secret != keySecret {
			code += w.exists(name)
		}
		return code
	}
	return "started"
}

// exists tells where an execution is there that must not be. A store that cannot be
// read can be for that question.
func (w *faultWorld) exists(name string) string {
	if w.log.noReads.CompareAndSwap(true, false) {
		defer w.log.noReads.Store(true)
	}
	arn := strings.Replace(faultMachine, "stateMachine", "execution", 1) + "open:" + name
	if code := awsError(answerTo(w.t, signedAction(w.Console+"/", "DescribeExecution", "AKID", keySecret, `{"executionArn":"`+arn+`"}`, time.Now()))); code != "ExecutionDoesNotExist" {
		return " AND THE EXECUTION: " + code
	}
	return ""
}

func (w *faultWorld) control(method string, header ...string) string {
	w.t.Helper()
	w.n++
	name, body := "api-"+strconv.Itoa(w.n), ""
	if method == "POST" {
		body, header = `{"stateMachine":"open","name":"`+name+`","input":{}}`, append(header, "Content-Type", "application/json")
	}
	status, _, _ := ask(w.t, still(), method, w.Console+"/-/v1/executions", body, header...)
	if status == 401 && method == "POST" {
		return strconv.Itoa(status) + w.exists(name)
	}
	return strconv.Itoa(status)
}

func (w *faultWorld) page(c *http.Client) string {
	w.t.Helper()
	keep := c.CheckRedirect
	c.CheckRedirect = still().CheckRedirect
	defer func() { c.CheckRedirect = keep }()
	status, _, _ := ask(w.t, c, "GET", w.Console+"/", "")
	return strconv.Itoa(status)
}

// newLogin logs in by the page with a new browser.
func (w *faultWorld) newLogin() string {
	w.t.Helper()
	c := browser(w.t)
	status, _, resp := ask(w.t, c, "GET", w.Console+startPath+"?provider="+providerOf(w.login), "")
	who, _ := whoIs(w.t, c, w.Console)
	if resp.Request.URL.Path == "/" && who == 200 {
		return "logged in"
	}
	return strconv.Itoa(status) + ", then " + strconv.Itoa(who)
}

// device asks the provider for a token as the command line does, and calls with it.
func (w *faultWorld) device() string {
	w.t.Helper()
	p := oidc.New(oidc.Config{Name: "p", Kind: oidc.Generic, Issuer: w.login.Issuer, ClientID: w.login.ClientID, Now: time.Now})
	d, err := p.BeginDevice(w.t.Context())
	if err != nil {
		return "no code"
	}
	w.login.ApproveDevice(d.UserCode, "ada")
	got, err := p.PollDevice(w.t.Context(), &d)
	if err != nil {
		return "no token"
	}
	token, _ := p.Presentable(got)
	return w.control("GET", "Authorization", "Bearer "+token)
}

func (w *faultWorld) post(target string) string {
	w.t.Helper()
	status, _ := send(w.t, "POST", target, `{"ok":true}`, "Content-Type", "application/json")
	return strconv.Itoa(status)
}

// late lets an execution go on that waits since before the fault: its next state
// calls past the gateway.
func (w *faultWorld) late() string {
	w.t.Helper()
	w.mu.Lock()
	delete(w.reached, "state-past")
	w.mu.Unlock()
	w.post(w.open["late"]) // also where the answer is an error the execution may go on
	last := w.until(strings.Replace(faultMachine, "stateMachine", "execution", 1)+"late:late-1", "the end")
	if strings.HasPrefix(last, "{") {
		last = awsError(last)
	}
	return last + w.seen("past", "state-past", last == "ExecutionSucceeded")
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// approve chooses on the page, or posts what it read of it before.
func (w *faultWorld) approve(withCSRF bool) string {
	w.t.Helper()
	if w.form == nil {
		w.t.Fatal("the form was not read")
	}
	form := url.Values{}
	for k := range w.form {
		form.Set(k, w.form.Get(k))
	}
	if !withCSRF {
		form.Del("csrf")
	}
	c := *w.jar
	c.CheckRedirect = still().CheckRedirect
	status, _, resp := ask(w.t, &c, "POST", w.Console+"/approvals", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if status == 303 && strings.HasPrefix(resp.Header.Get("Location"), "/approvals?done=") {
		return "303 done"
	}
	return strconv.Itoa(status)
}

// readForm keeps the fields of the form with choices.
func (w *faultWorld) readForm(t *testing.T, page string) {
	t.Helper()
	for _, part := range strings.Split(page, "<form")[1:] {
		if !strings.Contains(part, ">Approve</button>") {
			continue
		}
		w.form = url.Values{"choice": {"0"}}
		for _, m := range hiddenField.FindAllStringSubmatch(part, -1) {
			w.form.Set(m[1], m[2])
		}
		return
	}
	t.Fatalf("no form with choices: %s", page)
}
