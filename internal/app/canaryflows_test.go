package app

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stile/internal/kv"
	"stile/internal/kv/pebblekv"
)

// flows sends secrets through every way, and gives the outputs of its own clients.
func (w *canaryWorld) flows(t *testing.T, p *product) (arns []string, answers string) {
	t.Helper()
	key := w.value("subscription key")
	var failed string
	w.foreign("bearer token of a caller", fresh())
	w.foreign("session cookie", rand.Text()+rand.Text())
	w.signed(t, p)
	_, port, _ := strings.Cut(strings.TrimPrefix(p.Console, "http://"), ":")
	for _, header := range [][]string{{"Authorization", "Bearer " + w.value("bearer token of a caller")}, {"Cookie", "stile-" + port + "=" + w.value("session cookie")}} {
		for _, url := range []string{p.Gateway + "/shop/nowhere", p.Gateway + "/callbacks/x", p.Console + "/-/v1/executions", p.Console + "/-/v1/nowhere", p.Console + "/"} {
			_, text := send(t, "POST", url, "{}", append(header, "Content-Type", "application/json")...)
			failed += text
		}
	}
	for _, sign := range []string{w.value("access key"), "wrong" + w.value("access key")} {
		r := signedCall(p.Console+"/", "AKIDCANARY", sign, "{}", time.Now())
		_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		w.foreign("signature with an access key", signature)
		r.RequestURI = ""
		if resp, err := http.DefaultClient.Do(r); err == nil {
			text, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			failed += string(text)
		}
	}
	for range 2 {
		arn := p.start("one")
		arns = append(arns, arn)
		_, text := send(t, "POST", p.Gateway+"/callbacks/"+w.token(t), w.all(), "Content-Type", "application/json")
		_, again := send(t, "POST", p.Gateway+"/callbacks/nonsense", w.all(), "Content-Type", "application/json")
		failed += text + again
		wire(t, p.Console, "SendTaskFailure", map[string]string{"taskToken": w.token(t), "error": "Failed", "cause": w.all()}, &struct{}{})
		p.until(arn, "the end", ended)
		w.vault.Set("acme", "token", w.place("new version in Key Vault", fresh(), true))
		_, text = send(t, "POST", p.Console+"/-/v1/secrets/refresh", "{}", "Content-Type", "application/json")
		failed += text
	}
	// What a client sends is masked in traces once Stile has read the same from its
	// source: the connections' by now.
	for _, path := range []string{"/shop/reserve", "/shop/broken", "/shop/reserve?subscription-key=" + url.QueryEscape(key)} {
		send(t, "POST", p.Gateway+path, w.all(), "Ocp-Apim-Subscription-Key", key) // the answer is the backend's own
	}
	_, text := send(t, "POST", p.Gateway+"/shop/fail", w.all(), "Ocp-Apim-Subscription-Key", key)
	failed += text
	w.vault.Refuse(500)
	_, text = send(t, "POST", p.Console+"/-/v1/secrets/refresh", "{}", "Content-Type", "application/json")
	return arns, failed + text
}

func (w *canaryWorld) value(name string) string {
	i := slices.IndexFunc(w.places, func(p secretPlace) bool { return p.name == name })
	return w.places[i].value
}

func (w *canaryWorld) token(t *testing.T) string {
	t.Helper()
	select {
	case token := <-w.back.tokens:
		return token
	case <-time.After(patience):
		t.Fatal("no task token came")
		return ""
	}
}

// mistakes saves files that do not load, with secrets around.
func (w *canaryWorld) mistakes(t *testing.T, p *product) {
	t.Helper()
	good := shopPolicy("")
	for _, m := range [][2]string{
		{"apim/apis/shop/operations/broken/policy.xml", shopPolicy(`<set-header name="X" exists-action="override"><value>{{env}}{{kv}}</value></set-heade>`)},
		{"apim/apis/shop/operations/broken/policy.xml", shopPolicy(`<set-variable name="n" value="@(int.Nothing(&quot;{{env}}&quot;) + {{vault}})" />`)},
		{"connections/basic.yaml", "AuthorizationType: BASIC\nAuthParameters:\n  BasicAuthParameters: {Username: ada, Password: '" +
			w.place("secret written into a connection", fresh(), false) + "'}\n"},
	} {
		before, err := os.ReadFile(filepath.Join(w.dir, m[0]))
		if err != nil {
			before = []byte(good)
		}
		write(t, w.dir, m[0], m[1])
		p.tells("not taken")
		w.use("secret written into a connection")
		write(t, w.dir, m[0], string(before))
		p.tells("taken up again")
	}
}

// sinks reads everything that the product has written, by name.
func (w *canaryWorld) sinks(t *testing.T, p *product, arns []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	get := func(path string) string {
		_, text := send(t, "GET", p.Console+path, "")
		out["GET "+path] = text
		return text
	}
	var traces struct{ Traces []struct{ TraceID string } }
	if err := json.Unmarshal([]byte(get("/-/v1/traces?max=1000")), &traces); err != nil || len(traces.Traces) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for _, tr := range traces.Traces {
		out["GET /-/v1/traces/{id}"] += get("/-/v1/traces/" + tr.TraceID)
		delete(out, "GET /-/v1/traces/"+tr.TraceID)
	}
	var requests struct{ Traces []struct{ ID string } }
	if err := json.Unmarshal([]byte(get("/-/v1/gateway/traces?max=1000")), &requests); err != nil || len(requests.Traces) == 0 {
		t.Fatalf("no traces of requests: %v", err)
	}
	var told strings.Builder
	for _, tr := range requests.Traces {
		_, text := send(t, "GET", p.Console+"/-/v1/gateway/traces/"+tr.ID, "")
		told.WriteString(text)
	}
	out["traces of requests"] = told.String()
	get("/traces/" + requests.Traces[0].ID)
	get("/-/v1/gateway/traces/" + requests.Traces[0].ID + "/diff?with=" + requests.Traces[len(requests.Traces)-1].ID)
	for _, path := range []string{"/traces", "/-/v1/gateway/operations", "/", "/audit", "/secrets", "/approvals", "/metrics", "/healthz", "/-/v1/version", "/-/v1/state-machines", "/-/v1/executions",
		"/-/v1/callbacks", "/-/v1/audit?max=1000", "/-/v1/audit/verify", "/-/v1/secrets", "/-/v1/why", "/-/v1/slow", "/-/v1/whoami",
		"/-/v1/login", "/login", "/readyz", "/.well-known/jwks.json", "/.well-known/openid-configuration"} {
		get(path)
	}
	for i, arn := range arns {
		id := url.PathEscape(arn)
		for _, path := range []string{"/executions/" + id, "/-/v1/executions/" + id, "/-/v1/executions/" + id + "/history", "/-/v1/executions/" + id + "/calls",
			"/-/v1/executions/" + id + "/graph", "/-/v1/executions/" + id + "/callbacks", "/-/v1/executions/" + id + "/why"} {
			get(path)
		}
		running := strings.Contains(get("/-/v1/executions/"+id), "RUNNING") // its streams do not end
		if !running {
			get("/-/v1/executions/" + id + "/events")
		}
		out[fmt.Sprint("AWS history ", i)] = p.historyText(arn)
		var described json.RawMessage
		wire(t, p.Console, "DescribeExecution", map[string]string{"executionArn": arn}, &described)
		out[fmt.Sprint("AWS execution ", i)] = string(described)
		if CLI != nil {
			out["stile exec show"] += CLI(p.Console, nil, nil, "exec", "show", arn) + CLI(p.Console, nil, nil, "exec", "show", arn, "-o", "json") + CLI(p.Console, nil, nil, "exec", "why", arn)
			if !running {
				out["stile exec watch"] += CLI(p.Console, nil, nil, "exec", "watch", arn)
			}
		}
	}
	if CLI != nil {
		for _, args := range [][]string{{"secret", "list"}, {"secret", "refresh"}, {"exec", "list"}, {"audit"}, {"callback", "list"}, {"trace"}, {"trace", "list"}, {"check", w.dir}} {
			out["stile "+args[0]+" "+filepath.Base(args[len(args)-1])] = CLI(p.Console, nil, nil, args...)
		}
	}
	return out
}

// kept reads the data folder after the end: all files as they are, and every record
// of the stores, which are compressed in their files.
func (w *canaryWorld) kept(t *testing.T, data string, out map[string]string) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".pem") {
			return err
		}
		text, err := os.ReadFile(path)
		out["bytes of the data folder"] += string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "config", "traces"} {
		store, err := pebblekv.Open(filepath.Join(data, name), pebblekv.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var all bytes.Buffer
		for space := range 256 {
			err := store.Iterate(kv.Space(space), kv.Range{}, func(k, v []byte) bool {
				all.Write(k)
				all.Write(v)
				all.WriteByte('\n')
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		out["records of "+cmp.Or(name, "log")] = all.String()
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
