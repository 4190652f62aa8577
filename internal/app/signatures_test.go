package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stile/internal/sfnapi"
	"stile/internal/sigv4"
)

const keySecret = "canary-90ab"

var signedAt = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// signedCall is a call of the Step Functions API, signed by hand.
func signedCall(url, id, secret, body string, at time.Time) *http.Request {
	return signedAction(url, "ListStateMachines", id, secret, body, at)
}

func signedAction(url, action, id, secret, body string, at time.Time) *http.Request {
	r := httptest.NewRequest(http.MethodPost, url, strings.NewReader(body))
	stamp, target := at.UTC().Format("20060102T150405Z"), "AWSStepFunctions."+action
	r.Header.Set("X-Amz-Date", stamp)
	r.Header.Set("X-Amz-Target", target)
	hexSum := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
	const signed = "host;x-amz-date;x-amz-target"
	canonical := fmt.Sprintf("POST\n/\n\nhost:%s\nx-amz-date:%s\nx-amz-target:%s\n\n%s\n%s", r.Host, stamp, target, signed, hexSum(body))
	scope := []string{stamp[:8], "us-east-1", "states", "aws4_request"}
	key := []byte("AWS4" + secret)
	for _, part := range append(scope, "AWS4-HMAC-SHA256\n"+stamp+"\n"+strings.Join(scope, "/")+"\n"+hexSum(canonical)) {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+id+"/"+strings.Join(scope, "/")+
		", SignedHeaders="+signed+", Signature="+hex.EncodeToString(key))
	return r
}

// behind records what came through to the API.
type behind struct {
	body   string
	caller sigv4.Caller
	known  bool
	calls  int
}

func (b *behind) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		data = []byte(err.Error())
	}
	b.body, b.calls = string(data), b.calls+1
	b.caller, b.known = sigv4.FromContext(r.Context())
}

func newSignatures(next http.Handler, lax bool, log *slog.Logger) *signatures {
	return &signatures{next: next, refuse: sfnapi.Refuse, lax: lax, log: log, now: func() time.Time { return signedAt },
		options: sigv4.Options{Service: "states", Region: "us-east-1"},
		key: func(_ context.Context, id string) (sigv4.Key, bool) {
			return sigv4.NewKey("user:ada", keySecret, ""), id == "AKID"
		}}
}

func TestSignedCallsPass(t *testing.T) {
	for _, lax := range []bool{true, false} {
		api := &behind{}
		w := httptest.NewRecorder()
		newSignatures(api, lax, slog.New(slog.DiscardHandler)).ServeHTTP(w, signedCall("/", "AKID", keySecret, `{"a":1}`, signedAt))
		if api.body != `{"a":1}` || !api.known || api.caller != (sigv4.Caller{KeyID: "AKID", Principal: "user:ada"}) {
			t.Errorf("lax %v: %+v, %d %s", lax, api, w.Code, w.Body)
		}
	}
}

// unsigned takes the credentials from a call.
func unsigned(r *http.Request) *http.Request {
	r.Header.Del("Authorization")
	return r
}

func TestServeRefusesAsAWS(t *testing.T) {
	long := strings.Repeat(" ", sfnapi.MaxBody+1)
	for _, tt := range []struct {
		r             *http.Request
		status        int
		code, message string
	}{
		{unsigned(signedCall("/", "AKID", keySecret, "{}", signedAt)), 400, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{signedCall("/", "OTHER", keySecret, "{}", signedAt), 400, "UnrecognizedClientException", "The security token included in the request is invalid."},
		{signedCall("/", "AKID", "other", "{}", signedAt), 400, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."},
		{signedCall("/", "AKID", keySecret, "{}", signedAt.Add(-301*time.Second)), 400, "InvalidSignatureException", "Signature expired: 20260304T050106Z is now earlier than 20260304T050107Z (20260304T050607Z - 5 min.)"},
		{signedCall("/", "AKID", keySecret, long, signedAt), 413, "RequestEntityTooLargeException", "The request body is too long"},
	} {
		api := &behind{}
		w := httptest.NewRecorder()
		newSignatures(api, false, slog.New(slog.DiscardHandler)).ServeHTTP(w, tt.r)
		var got struct {
			Type    string `json:"__type"`
			Message string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if w.Code != tt.status || got.Type != tt.code || got.Message != tt.message || api.calls != 0 {
			t.Errorf("got %d %+v, %d calls; want %d %s: %s", w.Code, got, api.calls, tt.status, tt.code, tt.message)
		}
		if w.Header().Get("Content-Type") != "application/x-amz-json-1.0" || w.Header().Get("x-amzn-RequestId") == "" {
			t.Errorf("headers %v", w.Header())
		}
	}
}

// TestStrangersAreNotRead: the body of who has no key is never buffered.
func TestStrangersAreNotRead(t *testing.T) {
	r := signedCall("/", "OTHER", keySecret, "{}", signedAt)
	r.Body = io.NopCloser(unreadable{t})
	newSignatures(&behind{}, false, slog.New(slog.DiscardHandler)).ServeHTTP(httptest.NewRecorder(), r)
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestDevWarnsOncePerReason(t *testing.T) {
	var told []string
	to := make(chan string, 100)
	api := &behind{}
	g := newSignatures(api, true, slog.New(lines{to}))
	for range 3 {
		for _, r := range []*http.Request{unsigned(signedCall("/", "", "", `{"n":1}`, signedAt)), signedCall("/", "any", "any", `{"n":1}`, signedAt),
			signedCall("/", "AKID", "other", `{"n":1}`, signedAt)} {
			g.ServeHTTP(httptest.NewRecorder(), r)
			if api.known || api.body != `{"n":1}` {
				t.Errorf("%+v", api)
			}
		}
	}
	close(to)
	for line := range to {
		told = append(told, line)
	}
	if api.calls != 9 || len(told) != 3 || !strings.Contains(told[1], "UnrecognizedClientException") || !strings.Contains(told[1], "access-keys") {
		t.Errorf("%d calls, told %q", api.calls, told)
	}
}

// serveKeys runs Serve on a stile.yaml until the test ends.
func serveKeys(t *testing.T, yaml string) (r Ready, log chan string) {
	t.Helper()
	o := devOptions(keyFolder(t, yaml), t.TempDir())
	log = make(chan string, 100)
	ready, ended := make(chan Ready, 1), make(chan error, 1)
	o.Ready, o.Log = func(r Ready) { ready <- r }, slog.New(lines{log})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- Serve(ctx, o) }()
	select {
	case r = <-ready:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("the product does not start")
	}
	t.Cleanup(func() { cancel(); <-ended })
	return r, log
}

// keyFolder is a project of one stile.yaml.
func keyFolder(t *testing.T, yaml string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stile.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// answerTo sends a call over the wire.
func answerTo(t *testing.T, r *http.Request) string {
	t.Helper()
	r.RequestURI = ""
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

const oneKey = "name: p\naccess-keys:\n  - {id: AKID, secret: {secret: \"env://STILE_TEST_ACCESS_KEY\"}}\n"

func TestServeAsksForSignatures(t *testing.T) {
	t.Setenv("STILE_TEST_ACCESS_KEY", keySecret)
	p, _ := serveKeys(t, oneKey)
	// Who signed is known; that no role is assigned to the key is another matter.
	for secret, want := range map[string]string{keySecret: "User: key:AKID is not authorized", "other": "InvalidSignatureException"} {
		if got := answerTo(t, signedCall(p.Console+"/", "AKID", secret, "{}", time.Now())); !strings.Contains(got, want) {
			t.Errorf("%s; want %s", got, want)
		}
	}
}

func TestServeWithoutKeysIsClosed(t *testing.T) {
	p, log := serveKeys(t, "name: p\n")
	for _, id := range []string{"AKID", ""} {
		if got := answerTo(t, signedCall(p.Console+"/", id, keySecret, "{}", time.Now())); !strings.Contains(got, "UnrecognizedClientException") {
			t.Errorf("%s", got)
		}
	}
	if line := <-log; !strings.Contains(line, "refuses every call") {
		t.Errorf("told %q", line)
	}
}

// TestServeNeedsItsSecrets: a key without its secret is told at the start; dev
// goes on without it.
func TestServeNeedsItsSecrets(t *testing.T) {
	t.Setenv("STILE_TEST_ACCESS_KEY", "")
	dir := keyFolder(t, oneKey)
	err := Serve(t.Context(), devOptions(dir, t.TempDir()))
	if err == nil || !strings.Contains(err.Error(), "stile.yaml:3:33: secret env://STILE_TEST_ACCESS_KEY: ") || !strings.Contains(err.Error(), "STL-C024") {
		t.Errorf("serve: %v", err)
	}
	p := dev(t, dir, t.TempDir())
	if got := answerTo(t, signedCall(p.Console+"/", "any", "any", "{}", time.Now())); got != `{"stateMachines":[]}` {
		t.Errorf("dev: %s", got)
	}
}
