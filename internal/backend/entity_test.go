package backend

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/policy/exchange"
)

// scripted answers what the path's backend says, on a clock of its own.
type scripted struct {
	now     time.Time
	answers map[string]func(ex *exchange.Exchange) error
	called  []string
}

func (s *scripted) Do(_ context.Context, ex *exchange.Exchange) error {
	s.called = append(s.called, ex.Backend.ID)
	ex.Response = exchange.Response{StatusCode: 200}
	if f := s.answers[ex.Backend.ID]; f != nil {
		return f(ex)
	}
	return nil
}

func status(code int, header ...string) func(ex *exchange.Exchange) error {
	return func(ex *exchange.Exchange) error {
		ex.Response.StatusCode = code
		for i := 0; i < len(header); i += 2 {
			ex.Response.Header.Set(header[i], header[i+1])
		}
		return nil
	}
}

func guarded(id string, r exchange.BreakerRule) exchange.Backend {
	r.Name, r.Interval = "rule of "+id, time.Minute
	return exchange.Backend{ID: id, BaseURL: "http://" + id + ".example",
		Entity: &exchange.Entity{ID: id, File: "apim/backends/" + id + "/backendInformation.json", Line: 3, Rules: []exchange.BreakerRule{r}}}
}

// TestOpenCircuit: the failure that the rule names opens it; then no call is made, and
// the refusal names backend, rule and place, until the time is over.
func TestOpenCircuit(t *testing.T) {
	s := &scripted{now: time.Unix(1000, 0), answers: map[string]func(*exchange.Exchange) error{}}
	m := NewMux(Config{Now: func() time.Time { return s.now }, Span: func() string { return "1" }}, s, nil)
	pay := guarded("pay", exchange.BreakerRule{Count: 2, Trip: 90 * time.Second, AcceptRetryAfter: true, Line: 9,
		Statuses: []exchange.StatusRange{{Min: 500, Max: 599}}, Reasons: []string{"timeout"}})
	call := func() error {
		return m.Do(t.Context(), &exchange.Exchange{Backend: pay, Request: exchange.Request{Method: "GET"}})
	}
	s.answers["pay"] = status(503, "Retry-After", "7")
	for range 2 {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	s.now = s.now.Add(500 * time.Millisecond)
	var denied *exchange.Refusal
	if err := call(); !errors.As(err, &denied) || len(s.called) != 2 {
		t.Fatalf("%v after %d calls", err, len(s.called))
	}
	want := &exchange.Refusal{Status: 503, Reason: ReasonOpen, Public: "Service is temporarily unavailable.", RetryAfter: 6500 * time.Millisecond,
		Message: "Backend 'pay' is temporarily unavailable: rule 'rule of pay' of backend 'pay' (apim/backends/pay/backendInformation.json:9) holds its circuit open for 7 s more",
		Backend: "pay", Rule: "rule of pay", File: "apim/backends/pay/backendInformation.json", Line: 9, Header: []exchange.Param{{Name: "Retry-After", Value: "7"}}}
	if diff := cmp.Diff(want, denied); diff != "" {
		t.Error(diff)
	}
	s.now = s.now.Add(7 * time.Second)
	s.answers["pay"] = func(*exchange.Exchange) error { return &Error{Kind: Timeout} }
	if err := call(); err == nil || errors.As(err, &denied) && err == error(denied) {
		t.Errorf("the circuit did not close: %v", err)
	}
	// Who leaves is no failure of the backend.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	s.answers["pay"] = func(*exchange.Exchange) error { return &Error{Kind: Cancelled} }
	for range 5 {
		_ = m.Do(gone, &exchange.Exchange{Backend: pay})
	}
	if err := call(); err == nil {
		t.Error("no error")
	}
	s.answers["pay"] = func(*exchange.Exchange) error { return &Error{Kind: Timeout} }
	_ = call()
	if err := call(); !errors.As(err, &denied) || denied.RetryAfter != 90*time.Second {
		t.Errorf("two timeouts: %v", err)
	}
}

// TestPool: turns by weight, lower priorities only when the first are open, 503 when
// all are; the exchange keeps the pool as its backend.
func TestPool(t *testing.T) {
	s := &scripted{now: time.Unix(1000, 0), answers: map[string]func(*exchange.Exchange) error{}}
	m := NewMux(Config{Now: func() time.Time { return s.now }, Span: func() string { return "1" }}, s, nil)
	rule := exchange.BreakerRule{Count: 1, Trip: time.Minute, Statuses: []exchange.StatusRange{{Min: 429, Max: 429}}}
	long := rule
	long.Trip = time.Hour
	pool := exchange.Backend{ID: "pool", Entity: &exchange.Entity{ID: "pool", Pool: []exchange.Member{
		{Backend: guarded("a", long), Priority: 1, Weight: 2}, {Backend: guarded("b", rule), Priority: 1, Weight: 1}, {Backend: guarded("c", rule), Priority: 2, Weight: 1}}}}
	call := func() error {
		ex := &exchange.Exchange{Backend: pool}
		err := m.Do(t.Context(), ex)
		if ex.Backend != pool {
			t.Errorf("the backend became %+v", ex.Backend)
		}
		if n := len(ex.Calls); n > 0 && ex.Calls[n-1].Backend != s.called[len(s.called)-1] {
			t.Errorf("the call names %s", ex.Calls[n-1].Backend)
		}
		return err
	}
	for range 6 {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(s.called, ""); got != "abaaba" {
		t.Errorf("called %s", got)
	}
	s.called = nil
	for _, id := range []string{"a", "b", "c"} {
		s.answers[id] = status(429)
	}
	for range 3 {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	var denied *exchange.Refusal
	if err := call(); !errors.As(err, &denied) || strings.Join(s.called, "") != "abc" || denied.Backend != "b" || denied.RetryAfter != time.Minute ||
		!strings.HasPrefix(denied.Message, "Backend pool 'pool' is temporarily unavailable") {
		t.Errorf("%v after %v", err, s.called)
	}
	s.now = s.now.Add(time.Minute)
	s.answers = nil
	_ = call()
	if got := s.called[len(s.called)-1]; got != "b" {
		t.Errorf("%s was called when b had closed again", got)
	}
}

// TestLackingEntity: a backend whose secret has no value is not called.
func TestLackingEntity(t *testing.T) {
	s := &scripted{}
	m := NewMux(Config{Now: time.Now, Span: func() string { return "1" }}, s, nil)
	var denied *exchange.Refusal
	err := m.Do(t.Context(), &exchange.Exchange{Backend: exchange.Backend{Entity: &exchange.Entity{ID: "pay", Lacking: "no value"}}})
	if !errors.As(err, &denied) || denied.Status != 503 || denied.Reason != "SecretUnavailable" || len(s.called) > 0 {
		t.Errorf("%v", err)
	}
}

// TestRetryAfter reads seconds and dates, within a day.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for field, want := range map[string]time.Duration{"": 0, "3": 3 * time.Second, "-1": 0, "x": 0, "99999999": 24 * time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0} {
		if got := retryAfter(field, now); got != want {
			t.Errorf("%q is %v, want %v", field, got, want)
		}
	}
}

// TestCredentials: they take the place of what the request has of their names, go
// nowhere else, and stand in no record.
func TestCredentials(t *testing.T) {
	seen := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s|%s|%s", r.Header.Get("Authorization"), strings.Join(r.Header.Values("X-Key"), "+"), r.Header.Get("X-Other"), r.URL.RawQuery)
	}
	other := httptest.NewServer(http.HandlerFunc(seen))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		seen(w, r)
	}))
	defer srv.Close()
	cfg := config()
	cfg.Trusted = func(string) bool { return true }
	m := NewMux(cfg, NewClient(cfg), nil)
	entity := &exchange.Entity{ID: "pay", Credentials: exchange.Credentials{Authorization: exchange.Redact("Basic eA=="),
		Header: []exchange.SecretParam{{Name: "x-key", Value: exchange.Redact("1")}, {Name: "X-Key", Value: exchange.Redact("2")}},
		Query:  []exchange.SecretParam{{Name: "Code", Value: exchange.Redact("a b&c")}}}}
	for path, want := range map[string]string{"/": "Basic eA==|1+2|kept|q=1&Code=a+b%26c", "/away": "|||"} {
		ex := request(srv.URL, path)
		ex.Request.URL.Query = []exchange.Param{{Name: "code", Value: "mine"}, {Name: "q", Value: "1"}}
		ex.Request.Header.Set("Authorization", "Bearer caller")
		ex.Request.Header.Set("X-Key", "caller")
		ex.Request.Header.Set("X-Other", "kept")
		ex.Backend.Entity, ex.Backend.Forwarding.FollowRedirects = entity, true
		if err := m.Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		got, err := ex.Response.Body.Bytes()
		if err != nil || string(got) != want {
			t.Errorf("%s: the backend saw %q, %v, want %q", path, got, err, want)
		}
		if text := fmt.Sprintf("%+v", ex.Calls); strings.Contains(text, "eA==") || strings.Contains(text, "Code") {
			t.Errorf("the record shows credentials: %s", text)
		}
	}
}

// TestTrust: the checks of a server's certificate that an entity turns off, and no
// others.
func TestTrust(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer srv.Close()
	named := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1) // the certificate is for 127.0.0.1 and example.com
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	for _, x := range []struct {
		known, anyChain, anyName, ok bool
		base                         string
	}{
		{true, false, false, true, srv.URL}, {true, false, false, false, named}, {true, false, true, true, named}, {true, true, false, false, named},
		{false, false, false, false, srv.URL}, {false, true, false, true, srv.URL}, {false, true, true, true, named}, {false, false, true, false, srv.URL},
	} {
		c := NewClient(config())
		c.ways.roots = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
		if x.known {
			c.ways.roots.RootCAs = roots
		}
		c.ways.inside.(*http.Transport).TLSClientConfig = c.ways.roots.Clone()
		ex := request(x.base, "/")
		ex.Backend.Entity = &exchange.Entity{ID: "x", AnyChain: x.anyChain, AnyName: x.anyName}
		if err := c.Do(t.Context(), ex); (err == nil) != x.ok {
			t.Errorf("%+v: %v", x, err)
		}
	}
}

// TestHTTPVersions: http-version asks for HTTP/2, over TLS and without.
func TestHTTPVersions(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
	secure := httptest.NewUnstartedServer(h)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewUnstartedServer(h)
	plain.Config.Protocols = new(http.Protocols)
	plain.Config.Protocols.SetHTTP1(true)
	plain.Config.Protocols.SetUnencryptedHTTP2(true)
	plain.Start()
	defer plain.Close()
	for _, x := range [][3]string{{secure.URL, "", "HTTP/1.1"}, {secure.URL, "1", "HTTP/1.1"}, {secure.URL, "2", "HTTP/2.0"}, {secure.URL, "2or1", "HTTP/2.0"},
		{plain.URL, "1", "HTTP/1.1"}, {plain.URL, "2", "HTTP/2.0"}, {plain.URL, "2or1", "HTTP/1.1"}} {
		c := NewClient(config())
		ex := request(x[0], "/")
		ex.Backend.Entity = &exchange.Entity{AnyChain: true, AnyName: true}
		ex.Backend.Forwarding.HTTPVersion = x[1]
		if err := c.Do(t.Context(), ex); err != nil {
			t.Errorf("%v: %v", x, err)
			continue
		}
		if got, err := io.ReadAll(ex.Response.Body.Reader()); err != nil || string(got) != x[2] {
			t.Errorf("%v: %s, %v", x, got, err)
		}
	}
}

// TestContinue: continue-timeout holds the body back until the backend wants it.
func TestContinue(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Refuse") != "" {
			w.WriteHeader(http.StatusExpectationFailed)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Header.Get("Expect"), body)
	}))
	defer srv.Close()
	for refuse, want := range map[string]string{"": "100-continue body", "1": ""} {
		ex := request(srv.URL, "/")
		ex.Request.Method = "POST"
		read := false
		ex.Request.Body = exchange.Stream(io.NopCloser(readerFunc(func(p []byte) (int, error) {
			if read {
				return 0, io.EOF
			}
			read = true
			return copy(p, "body"), nil
		})), 4)
		if refuse != "" {
			ex.Request.Header.Set("X-Refuse", refuse)
		}
		ex.Backend.Forwarding.ContinueTimeout = time.Hour
		if err := NewClient(config()).Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		got, err := ex.Response.Body.Bytes()
		if err != nil || string(got) != want || read != (refuse == "") {
			t.Errorf("refused %q: %q, %v, body read %v", refuse, got, err, read)
		}
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestProxy: the request goes through the proxy with its credentials; a target that
// is written as a number is judged before; a computed proxy may not be inside.
func TestProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		asked = append(asked, r.URL.String()+" "+user+":"+password)
	}))
	defer proxy.Close()
	c := NewClient(config())
	send := func(base string, tainted bool, p *exchange.Proxy, e *exchange.Entity) error {
		ex := request(base, "/x")
		ex.Backend.Tainted, ex.Backend.Proxy, ex.Backend.Entity = tainted, p, e
		return c.Do(t.Context(), ex)
	}
	p := &exchange.Proxy{URL: proxy.URL, User: exchange.Redact("u"), Password: exchange.Redact("p:w")}
	if err := errors.Join(send("http://far.example", true, p, nil), send("http://far.example", false, nil, &exchange.Entity{Proxy: p})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"http://far.example/x u:p:w", "http://far.example/x u:p:w"}, asked); diff != "" {
		t.Error(diff)
	}
	for name, err := range map[string]error{
		"inside, computed": send("http://127.0.0.1:1", true, p, nil),
		"metadata":         send("http://169.254.169.254", false, p, nil),
		"computed proxy":   send("http://far.example", false, &exchange.Proxy{URL: proxy.URL, Tainted: true}, nil),
	} {
		var failed *Error
		if !errors.As(err, &failed) || failed.Kind != BadTarget {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(asked) != 2 {
		t.Errorf("the proxy was asked %v", asked)
	}
}
