package notify

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stile/internal/secret"
)

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func literal(text string) func(context.Context) (secret.Value, error) {
	return func(context.Context) (secret.Value, error) { return secret.NewValue(text), nil }
}

func TestWebhookRequest(t *testing.T) {
	var got *http.Request
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	h := Webhook{URL: srv.URL + "/in?k=1", Secret: literal(testSecret), Now: func() time.Time { return time.Unix(1614265330, 0) }}
	if err := h.Send(t.Context(), Record{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Body: []byte(`{"test": 2432232314}`)}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Content-Type": "application/cloudevents+json", "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
		"Webhook-Timestamp": "1614265330", "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %s", name, got.Header.Get(name))
		}
	}
	if got.Method != "POST" || got.URL.String() != "/in?k=1" || body != `{"test": 2432232314}` {
		t.Errorf("%s %s %s", got.Method, got.URL, body)
	}
}

func TestWebhookAnswers(t *testing.T) {
	var status int
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	defer srv.Close()
	h := Webhook{URL: srv.URL, Secret: literal(testSecret)}
	for s, want := range map[int]string{200: "ok", 202: "ok", 302: "again", 400: "refused", 401: "again", 404: "again", 409: "again", 410: "gone",
		422: "refused", 429: "later", 500: "again", 503: "later"} {
		status = s
		err := h.Send(t.Context(), Record{ID: "1"})
		var later *Later
		got := "again"
		switch {
		case err == nil:
			got = "ok"
		case errors.Is(err, ErrGone):
			got = "gone"
		case refused(err):
			got = "refused"
		case errors.As(err, &later) && later.After == 7*time.Second:
			got = "later"
		}
		if got != want && !(want == "again" && got == "later") {
			t.Errorf("%d is %s (%v)", s, got, err)
		}
	}
}

// TestWebhookFails says nothing of the URL or the secret.
func TestWebhookFails(t *testing.T) {
	missing := func(context.Context) (secret.Value, error) { return secret.Value{}, errors.New("Key Vault is down") }
	for _, h := range []Webhook{
		{URL: "http://127.0.0.1:1/private-path", Secret: literal(testSecret)},
		{URL: "http://169.254.169.254/private-path", Secret: literal(testSecret)},
		{URL: "http://127.0.0.1:1/private-path", Secret: literal("whsec_private")},
		{URL: "http://127.0.0.1:1/private-path", Secret: literal("private")},
		{URL: "http://127.0.0.1:1/private-path", Secret: missing},
	} {
		err := h.Send(t.Context(), Record{ID: "1"})
		if err == nil || strings.Contains(err.Error(), "private") || refused(err) || errors.Is(err, ErrGone) {
			t.Errorf("%s: %v", h.URL, err)
		}
	}
	if a, b := (Webhook{URL: "https://a"}).Name(), (Webhook{URL: "https://b"}).Name(); a == b || strings.Contains(a, "https") {
		t.Error(a, b)
	}
}
