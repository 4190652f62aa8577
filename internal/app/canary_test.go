package app

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"stile/internal/identity/idptest"
	"stile/internal/secret/secrettest"
)

// CLI runs one command line against a server and gives all its output; package
// app_test sets it, since cli stands above this package.
var CLI func(server string, env map[string]string, told func(string), args ...string) string

// secretPlace is one place that a secret lies in. carried says that the flows send it to the
// backend, which sends it back.
type secretPlace struct {
	name, value string
	carried     bool
	// foreign says that the secret is a caller's: Stile must not write it down, and
	// has nothing to mask it by where somebody else sends it.
	foreign bool
}

// canaryWorld is a project with a secret in every place, and what stands around it.
type canaryWorld struct {
	dir    string
	places []secretPlace
	vault  *secrettest.KeyVault
	back   *echo
	tape   *tape
	idp    *idptest.Provider
	front  *front
	// hook and insights are the signing secret of notices and the key of App Insights.
	hook, insights string
	keys           canaryKeys
	mu             sync.Mutex
	used           map[string]bool // places whose secret did what it is for
	told           map[string]int  // how often what is told of us was refused, by path
	// panics is how often a policy and an integration of the test broke.
	panics atomic.Int64
}

// use says that a place's secret did what it is for.
func (w *canaryWorld) use(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used[name] = true
}

// foreign adds a secret of a caller that was seen at work.
func (w *canaryWorld) foreign(name, value string) string {
	w.places = append(w.places, secretPlace{name: name, value: value, foreign: true})
	return value
}

// fresh gives a random secret of characters that a header and a policy document take.
func fresh() string { return "cnry+/" + rand.Text() + "=" }

// place adds a place with a value.
func (w *canaryWorld) place(name, value string, carried bool) string {
	w.places = append(w.places, secretPlace{name: name, value: value, carried: carried})
	return value
}

// echo is a backend that answers with everything that it was sent.
type echo struct {
	mu     sync.Mutex
	got    strings.Builder
	tokens chan string // task tokens of bodies
	grant  string      // the access token that its token endpoint gives
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var all strings.Builder
	for name, values := range r.Header {
		all.WriteString(name + ": " + strings.Join(values, ", ") + "; ")
	}
	all.WriteString(r.URL.RawQuery + " ")
	e.mu.Lock()
	e.got.WriteString(all.String() + string(body) + "\n")
	e.mu.Unlock()
	if r.URL.Path == "/refuse" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client", "error_description": "not taken: " + all.String() + string(body)})
		return
	}
	if r.URL.Path == "/token" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, e.grant)
		return
	}
	if to := r.Header.Get("X-Callback"); to != "" {
		e.tokens <- to[strings.LastIndexByte(to, '/')+1:]
	}
	var in struct{ Token string }
	if json.Unmarshal(body, &in) == nil && in.Token != "" {
		e.tokens <- in.Token
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Echo", all.String())
	w.Header().Set("X-Basic", base64.StdEncoding.EncodeToString([]byte(all.String())))
	if strings.HasSuffix(r.URL.Path, "/broken") {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"headers": all.String(), "query": url.QueryEscape(all.String()), "body": string(body),
		"page": html.EscapeString(string(body)), all.String(): true})
}

// all joins the values, as a service would that sends everything back.
func (w *canaryWorld) all() string {
	var values []string
	for _, p := range w.places {
		if !p.foreign {
			values = append(values, p.value)
		}
	}
	text, _ := json.Marshal(map[string]any{"all": values, "base64": base64.StdEncoding.EncodeToString([]byte(strings.Join(values, ":")))})
	return string(text)
}

// searched is a place with all forms that its secret is looked for in.
type searched struct {
	name  string
	forms []string
}

func (w *canaryWorld) searches() (out []searched) {
	for _, p := range w.places {
		inJSON, _ := json.Marshal(p.value)
		basic := base64.StdEncoding.EncodeToString([]byte("ada:" + p.value))
		out = append(out, searched{p.name, []string{p.value, strings.Trim(string(inJSON), `"`), url.QueryEscape(p.value), url.PathEscape(p.value),
			html.EscapeString(p.value), base64.StdEncoding.EncodeToString([]byte(p.value)), base64.RawURLEncoding.EncodeToString([]byte(p.value)),
			basic, fmt.Sprintf("%x", p.value)}})
	}
	return out
}

// in says whether a text holds the secret.
func (s searched) in(text string) bool {
	return slices.ContainsFunc(s.forms, func(form string) bool { return strings.Contains(text, form) })
}

// allowed are the sinks that a secret is for: its own endpoint, its person, and who
// may complete the callback.
func allowed(place, sink string) bool {
	switch place {
	case "connection string of App Insights":
		return sink == "posted to /v2.1/track"
	case "token of an open callback":
		return sink == "GET /-/v1/callbacks" || sink == "stile callback list"
	case "CSRF token":
		return sink == "account page"
	case "user code":
		return sink == "stile login"
	}
	return false
}

// TestCanary puts a random secret into every kind of place, runs all flows, with
// failures and a backend that sends back what it gets, and looks for each secret in
// everything that Stile writes, answers and keeps.
func TestCanary(t *testing.T) {
	w := newCanaryWorld(t)
	data := t.TempDir()
	var log narration
	p := devWith(t, w, data, &log)
	first, waiting := w.openCallback(t, p)
	arns, answers := w.flows(t, p)
	guarded := w.guarded(t, p)
	arns = append(arns, first...)
	pages, account := w.logins(t, p)
	typed := w.commands(t, p)
	w.mistakes(t, p)
	w.back.mu.Lock()
	sent := w.back.got.String()
	w.back.mu.Unlock()
	tokens := regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+`).FindAllString(sent, -1)
	if len(tokens) == 0 {
		t.Error("no token of a state was sent: the test shows nothing")
	}
	for i, token := range tokens {
		w.place(fmt.Sprint("token of a state ", i), token, true)
	}
	w.front.mu.Lock()
	w.places = append(w.places, w.front.seen...)
	w.front.mu.Unlock()
	w.foreign("token of an open callback", waiting)
	out := w.sinks(t, p, arns)
	out["answers to clients of ours"] = answers + guarded
	out["login pages"], out["account page"] = pages, account
	maps.Copy(out, typed)
	p.shut()
	out["log"] = log.String()
	access, err := os.ReadFile(filepath.Join(w.dir, ".stile", "logs", "access.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out["access log"] = string(access)
	w.tape.mu.Lock()
	for path, text := range w.tape.data {
		out["posted to "+path] = text.String()
	}
	w.tape.mu.Unlock()
	w.kept(t, data, out)
	leaks := 0
	for _, s := range w.searches() {
		for sink, text := range out {
			if !allowed(s.name, sink) && s.in(text) {
				leaks++
				t.Errorf("%s holds: %s", sink, s.name)
			}
		}
	}
	w.shown(t, sent, out)
	t.Logf("%d places × %d sinks = %d searches: leaks %d", len(w.places), len(out), len(w.places)*len(out), leaks)
}

// shown fails where a secret was never at work, or a sink holds nothing: the test
// would show nothing.
func (w *canaryWorld) shown(t *testing.T, sent string, out map[string]string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, place := range w.places {
		inJSON, _ := json.Marshal(place.value)
		basic := base64.StdEncoding.EncodeToString([]byte("ada:" + place.value))
		if place.carried && !strings.Contains(sent, place.value) && !strings.Contains(sent, strings.Trim(string(inJSON), `"`)) &&
			!strings.Contains(sent, url.QueryEscape(place.value)) && !strings.Contains(sent, basic) && place.name != "new version in Key Vault" {
			t.Errorf("%s was never sent: the test shows nothing", place.name)
		}
		if !place.carried && !place.foreign && !w.used[place.name] {
			t.Errorf("%s was never used: the test shows nothing", place.name)
		}
	}
	for sink, want := range map[string]string{"AWS history 0": "***", "records of log": "{{literal}}", "posted to /v1/traces": "Gate", "posted to /v2.1/track": "Gate", "posted to /hook": "stateMachine",
		"log": "not taken", "access log": "shop", "records of config": "stile:Login", "GET /-/v1/audit?max=1000": "stile:Login", "GET /metrics": "# TYPE",
		"stile audit audit": "stile:Login", "GET /-/v1/callbacks": "/callbacks/", "stile callback list": "/callbacks/", "traces of requests": "set-header"} {
		if !strings.Contains(out[sink], want) {
			t.Errorf("%s lacks %q: the test shows nothing", sink, want)
		}
	}
	for sink, wants := range map[string][]string{
		"log":                   {"a policy panicked", "canaryPanic", "a login was refused", "telemetry is not delivered", "invalid_client"},
		"posted to /v2.1/track": {"ExceptionData", "a policy panicked"}, "login pages": {"did not log you in", "without JSON", "has not begun this login"},
		"stile login": {"type the code", "not logged in"}, "stile without permission": {"is not authorized to perform: stile:Configure", "is not authorized to perform: stile:ReadAudit"},
	} {
		for _, want := range wants {
			if !strings.Contains(out[sink], want) {
				t.Errorf("%s lacks %q: the test shows nothing", sink, want)
			}
		}
	}
	if n := w.panics.Load(); n < 3 {
		t.Errorf("%d panics: the test shows nothing", n)
	}
	if w.told["/hook"] < 2 || w.told["/v2.1/track"] < 2 {
		t.Errorf("receivers that refuse were told %v: the test shows nothing", w.told)
	}
	for _, name := range frontPlaces {
		if !slices.ContainsFunc(w.places, func(p secretPlace) bool { return p.name == name }) {
			t.Errorf("the provider never saw or gave a %s: the test shows nothing", name)
		}
	}
}

// devWith starts the product with vaults that are played, and its log kept.
func devWith(t *testing.T, w *canaryWorld, data string, log *narration) *product {
	t.Helper()
	o := devOptions(w.dir, data)
	o.vaults = vaultsOf{w.vault}
	o.policies, o.integrations = w.policies(t), w.integrations()
	return devAs(t, o, slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
