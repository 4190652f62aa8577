package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// tape records, unzipped, what exporters post.
type tape struct {
	mu   sync.Mutex
	data map[string]*bytes.Buffer // by path
}

func (r *tape) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	z, err := gzip.NewReader(req.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	text, err := io.ReadAll(z)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.data[req.URL.Path] == nil {
		r.data[req.URL.Path] = &bytes.Buffer{}
	}
	r.data[req.URL.Path].Write(append(text, '\n'))
}

const (
	canaryKey    = "canary-key-5f1d0c7a"
	canaryBearer = "canary-bearer-93be20aa"
	canaryQuery  = "canary-query-c20e77f1"
	canaryToken  = "canary-token-0d4be6d2"
)

// seenProject is a project that sees by every means.
func seenProject(t *testing.T, recorder string) string {
	t.Helper()
	backend, _ := answering(t)
	t.Setenv("STILE_TEST_CONNECTION", "InstrumentationKey=00000000-0000-0000-0000-00000000000a;IngestionEndpoint="+recorder)
	return folder(t, backend, invoke,
		"stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\nsubscriptions:\n  - {id: demo, dev-keys: ["+canaryKey+"]}\n"+
			"telemetry:\n  access-log: .stile/logs/access.jsonl\n  otlp: "+recorder+"\n  appinsights: {secret: 'env://STILE_TEST_CONNECTION'}\n",
		"apim/apis/shop/apiInformation.json",
		`{"properties":{"displayName":"shop","path":"shop","subscriptionRequired":true,"serviceUrl":"`+backend+`"}}`,
		"roles/one-role.json", `{"Version":"2012-10-17","subscription":"demo","Statement":[{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/shop/operation/reserve"}]}`)
}

// TestWhatIsSeenAndWhatIsNot runs requests with secrets in every place, and an
// execution, and reads all that went out: the exchanges are there, the secrets not.
func TestWhatIsSeenAndWhatIsNot(t *testing.T) {
	r := &tape{data: map[string]*bytes.Buffer{}}
	server := httptest.NewServer(r)
	defer server.Close()
	dir := seenProject(t, server.URL)
	p := dev(t, dir, t.TempDir())

	const trace = "0af7651916cd43dd8448eb211c80319c"
	for _, q := range []struct {
		url    string
		status int
		header []string
	}{
		{"/shop/reserve?x=" + canaryQuery, 200, []string{"Ocp-Apim-Subscription-Key", canaryKey, "Authorization", "Bearer " + canaryBearer,
			"traceparent", "00-" + trace + "-b7ad6b7169203331-01"}},
		{"/shop/reserve?subscription-key=" + canaryKey, 200, nil},
		{"/shop/reserve", 401, []string{"Ocp-Apim-Subscription-Key", canaryBearer}},
		{"/nowhere?" + canaryQuery, 404, []string{"Authorization", "Bearer " + canaryBearer}},
		{"/callbacks/" + canaryToken, 401, nil},
		{"/callbacks/" + canaryToken + "/never", 404, nil},
		{"/callbacks/" + canaryToken + "%00", 400, nil},
	} {
		if status, text := send(t, "POST", p.Gateway+q.url, "{}", q.header...); status != q.status {
			t.Errorf("%s: %d %s", q.url, status, text)
		}
	}
	arn := p.start("one")
	if e := p.until(arn, "end", ended); count(e, "ExecutionSucceeded") != 1 {
		t.Fatalf("%+v", e)
	}
	execution, _ := sfn.ParseARN(arn)
	_, traces := send(t, "GET", p.Console+"/-/v1/traces/"+trace, "")
	console := p.Console
	_, metrics := send(t, "GET", console+"/metrics", "")
	p.shut()
	access, err := os.ReadFile(filepath.Join(dir, ".stile", "logs", "access.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"access log": string(access), "metrics": metrics, "trace": traces}
	for path, data := range r.data {
		all[path] = data.String()
	}
	for name, text := range all {
		for _, secret := range []string{canaryKey, canaryBearer, canaryQuery, canaryToken} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", name, secret)
			}
		}
	}
	seenInTheAccessLog(t, string(access), execution.Sub)
	id, err := hex.DecodeString(trace)
	if err != nil {
		t.Fatal(err)
	}
	for name, parts := range map[string][]string{
		"/v1/traces":  {string(id), "Reserve", "forward-request", execution.Sub},
		"/v1/metrics": {"stile.exchanges", "stile.state.visits", "stile.commit.groups", "stile.traces.dropped"},
		"/v2.1/track": {`"baseType":"RequestData"`, `"baseType":"RemoteDependencyData"`, `"baseType":"ExceptionData"`, `"baseType":"EventData"`,
			`"baseType":"MetricData"`, `"ai.operation.id":"` + trace + `"`, `"ai.cloud.role":"stile"`, `"name":"POST shop/reserve"`, `"responseCode":"SUCCEEDED"`},
		"metrics": {`stile_exchanges_total{api="shop",operation="reserve",via="edge",status="2xx",verdict="none"} 2`,
			`stile_exchanges_total{api="shop",operation="reserve",via="state",status="2xx",verdict="none"} 1`,
			`stile_exchanges_total{api="shop",operation="reserve",via="edge",status="4xx",verdict="`,
			`stile_commit_groups_total{outcome="ok"} `},
	} {
		for _, part := range parts {
			if !strings.Contains(all[name], part) {
				t.Errorf("%s lacks %q", name, part)
			}
		}
	}
	if t.Failed() {
		t.Logf("access log:\n%s\nmetrics:\n%s", access, metrics)
	}
}

func seenInTheAccessLog(t *testing.T, text, execution string) {
	t.Helper()
	var lines []telemetry.Exchange
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var raw struct {
			telemetry.Exchange
			Durations map[string]float64 `json:"durations_ms"`
		}
		if err := d.Decode(&raw); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if raw.Status == 200 && (raw.Durations["total"] <= 0 || raw.Durations["backend"] <= 0 || raw.Durations["backend"] > raw.Durations["total"]) {
			t.Errorf("durations %v", raw.Durations)
		}
		lines = append(lines, raw.Exchange)
	}
	if len(lines) != 8 {
		t.Fatalf("%d lines, want 8", len(lines))
	}
	for _, x := range lines {
		if x.Time.IsZero() || x.ID == "" || len(x.TraceID) != 32 || len(x.SpanID) != 16 || x.Method != "POST" || x.Client != "127.0.0.1" {
			t.Errorf("line %+v", x)
		}
		switch {
		case x.Via == telemetry.ViaState:
			if x.Execution != execution || x.State != "Reserve" || x.StateMachine != "one" || x.Attempt < 1 && x.Attempt != 0 || x.Subject != execution+"/Reserve" || x.Subscription != "demo" {
				t.Errorf("of the state: %+v", x)
			}
		case x.Status == 200 && (x.API != "shop" || x.Operation != "reserve" || x.Subscription != "demo" || x.Path != "/shop/reserve" || *x.RequestBytes != 2):
			t.Errorf("answered: %+v", x)
		case x.Status == 401 && x.API == "shop" && (x.Verdict == nil || x.Verdict.Reason == ""):
			t.Errorf("without a key: %+v", x)
		}
	}
}

// TestADeniedPermissionIsInTheAccessLog: no policy ran, so the verdict is the role's.
func TestADeniedPermissionIsInTheAccessLog(t *testing.T) {
	backend, _ := answering(t)
	dir := folder(t, backend, invoke, "roles/one-role.json", roleAllowing("api/shop/operation/release"))
	write(t, dir, "stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\ntelemetry: {access-log: .stile/access.jsonl, prometheus: false}\n")
	p := dev(t, dir, t.TempDir())
	p.until(p.start("one"), "end", ended)
	if status, _ := send(t, "GET", p.Console+"/metrics", ""); status != http.StatusNotFound {
		t.Errorf("/metrics answers %d although it is off", status)
	}
	p.shut()
	text, err := os.ReadFile(filepath.Join(dir, ".stile", "access.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"via":"state"`, `"status":0`, `"verdict":{"policy":"permission","scope":"role/one-role","at":"`, `roles/one-role.json:3"`,
		`"reason":"apim:Invoke on api/shop/operation/reserve"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
}

// TestSeeingRefusesWhatItCannotDo: who asked to see must not go on blind.
func TestSeeingRefusesWhatItCannotDo(t *testing.T) {
	backend, _ := answering(t)
	for yaml, want := range map[string]string{
		"appinsights: {secret: 'env://STILE_TEST_UNSET'}": "telemetry.appinsights: ",
		"appinsights: {secret: 'env://STILE_TEST_BAD'}":   "env://STILE_TEST_BAD: the connection string has no InstrumentationKey",
		"appinsights: {secret: 'nothing://x'}":            "stile.yaml:2:35: unknown kind of secret reference",
		"access-log: .taken":                              "telemetry.access-log: ",
	} {
		t.Setenv("STILE_TEST_BAD", "IngestionEndpoint=https://"+canaryKey+".example/")
		dir := folder(t, backend, invoke)
		write(t, dir, ".taken/by-a-folder", "")
		write(t, dir, "stile.yaml", "name: shop\ntelemetry: {"+yaml+"}\n")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := Dev(ctx, devOptions(dir, t.TempDir()))
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canaryKey) {
			t.Errorf("%s: %v; want %q", yaml, err, want)
		}
	}
}
