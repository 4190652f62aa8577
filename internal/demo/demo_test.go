package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stile/internal/config"
)

// call sends one request and gives status and the decoded JSON answer.
func call(t *testing.T, h http.Handler, method, path, key, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%s %s: %d %q: %v", method, path, w.Code, w.Body, err)
	}
	return w.Code, got
}

func sample(t *testing.T, name string) *Backend {
	t.Helper()
	b, err := find(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSameKeyHasOneEffect(t *testing.T) {
	b := sample(t, "payments")
	_, first := call(t, b, "POST", "/charge", "k1", `{"amount": 120}`)
	_, again := call(t, b, "POST", "/charge", "k1", `{"amount": 120}`)
	_, other := call(t, b, "POST", "/charge", "k2", `{"amount": 120}`)
	if first["payment"] != again["payment"] || first["payment"] == other["payment"] {
		t.Errorf("payments %v, %v, %v: want two equal and one other", first, again, other)
	}
	_, count := call(t, b, "GET", "/_count", "", "")
	if count["count"] != 3.0 || count["effects"] != 2.0 {
		t.Errorf("count %v, want 3 requests and 2 effects", count)
	}
}

func TestFaultHoldsForItsCount(t *testing.T) {
	b := sample(t, "inventory")
	call(t, b, "POST", "/_fault", "", `{"status": 503, "count": 2, "delayMs": 0}`)
	for i, want := range []int{503, 503, 200} {
		if got, _ := call(t, b, "POST", "/reserve", "", `{"sku": "a", "quantity": 1}`); got != want {
			t.Errorf("request %d: status %d, want %d", i, got, want)
		}
	}
	if got, _ := call(t, b, "POST", "/_fault", "", `{"statsu": 503}`); got != 400 {
		t.Errorf("a misspelt fault gave %d, want 400", got)
	}
}

func TestLastShowsTheBody(t *testing.T) {
	b := sample(t, "approvals")
	if got, _ := call(t, b, "GET", "/_last", "", ""); got != 404 {
		t.Errorf("before any request: %d, want 404", got)
	}
	call(t, b, "POST", "/request", "", `{"callbackUrl": "http://127.0.0.1/callbacks/x"}`)
	_, last := call(t, b, "GET", "/_last", "", "")
	if body, _ := last["body"].(map[string]any); body["callbackUrl"] != "http://127.0.0.1/callbacks/x" {
		t.Errorf("last = %v", last)
	}
	if got, _ := call(t, b, "POST", "/request", "", `{}`); got != 422 {
		t.Errorf("a request without a callback URL gave %d, want 422", got)
	}
}

func TestRememberedKeysAreBounded(t *testing.T) {
	b := New(nil)
	for i := range maxKeys + 5 {
		b.remember(string(rune('a'+i%26))+string(rune(i)), answer{})
	}
	if len(b.answers) > maxKeys || len(b.order) != maxKeys {
		t.Errorf("%d answers, %d keys; want at most %d", len(b.answers), len(b.order), maxKeys)
	}
}

// samples pairs names with addresses.
func samples(pairs ...string) (out []config.Sample) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, config.Sample{Name: pairs[i], Address: pairs[i+1]})
	}
	return out
}

func TestStartServesAllAndStops(t *testing.T) {
	running, stop, err := Start(t.Context(), samples("inventory", "127.0.0.1:0", "shipping", "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range running {
		resp, err := http.Get("http://" + r.Address + "/_count")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d", r.Name, resp.StatusCode)
		}
	}
	stop()
	if _, err := http.Get("http://" + running[0].Address + "/_count"); err == nil {
		t.Error("a stopped backend answered")
	}
}

func TestStartRefuses(t *testing.T) {
	running, stop, err := Start(t.Context(), samples("payments", "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	_, _, err = Start(t.Context(), samples("inventory", "127.0.0.1:0", "shipping", running[0].Address))
	if err == nil || !strings.Contains(err.Error(), "in use") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a taken port: %v", err)
	}
	_, _, err = Start(t.Context(), samples("inventroy", "127.0.0.1:0"))
	if err == nil || !strings.Contains(err.Error(), `did you mean "inventory"`) {
		t.Errorf("a misspelt name: %v", err)
	}
}

func TestDelayEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if wait(ctx, time.Hour) {
		t.Error("wait went on after its context had ended")
	}
}
