package backend

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/policy/exchange"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func config() Config {
	at := start
	return Config{
		Now:  func() time.Time { at = at.Add(time.Second); return at },
		Span: func() string { return "00000000000000aa" },
	}
}

func request(base, target string) *exchange.Exchange {
	u, err := exchange.ParseURL(target)
	if err != nil {
		panic(err)
	}
	return &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: u}, Backend: exchange.Backend{BaseURL: base}}
}

func TestTarget(t *testing.T) {
	for _, tt := range []struct{ base, target, want string }{
		{"http://x", "/", "http://x/"},
		{"http://x/", "/a", "http://x/a"},
		{"http://x/v1", "/a%20b", "http://x/v1/a%20b"},
		{"http://x/v1/", "/a%2Cb", "http://x/v1/a%2Cb"},
		{"http://x/v1?k=1", "/a?q=2", "http://x/v1/a?k=1&q=2"},
		{"http://x/v1?k=1", "/a", "http://x/v1/a?k=1"},
		{"http://user:pw@x/v1#f", "/a", "http://x/v1/a"},
		{"https://x:8443", "?q=a b", "https://x:8443/?q=a%20b"},
	} {
		got, err := Target(request(tt.base, tt.target))
		if err != nil || got.String() != tt.want {
			t.Errorf("%s + %s = %v, %v; want %s", tt.base, tt.target, got, err, tt.want)
		}
	}
	for _, base := range []string{"", "x", "/x", "ftp://x", "http://", "://"} {
		if got, err := Target(request(base, "/")); err == nil {
			t.Errorf("%q gave %s", base, got)
		}
	}
}

// TestPlainTargetsAreThoseOfNetURL: the quick way gives what the other one does.
func TestPlainTargetsAreThoseOfNetURL(t *testing.T) {
	quick := 0
	for _, base := range []string{"http://x", "https://x.example:8443/", "http://x/v1", "http://x/v1//", "http://x/a b", "http://x/a%20b", "http://X", "HTTP://x",
		"http://x?k=1", "http://x/#f", "http://u:p@x", "http://[::1]:80/v1", "http://x:", "http://x:99999", "http://x/^", "ftp://x", "", "http://", "//x", "http://é"} {
		for _, path := range []string{"", "/", "/a", "a", "/a%2Cb", "/é", "/a/./b", "//a"} {
			ex := &exchange.Exchange{Backend: exchange.Backend{BaseURL: base}}
			ex.Request.URL.Path = path
			ex.Request.URL.Query = []exchange.Param{{Name: "q", Value: "a b"}}
			want, err := anyTarget(ex)
			got, ok := plainTarget(ex)
			if !ok {
				continue
			}
			quick++
			if err != nil {
				t.Errorf("%s + %s: %v", base, path, err)
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s + %s: %s", base, path, diff)
			}
		}
	}
	if quick < 10 {
		t.Errorf("%d went the quick way", quick)
	}
}

func TestHeaders(t *testing.T) {
	var got *http.Request
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header()["X-Many"] = []string{"1", "2"}
		w.Header().Set("Keep-Alive", "timeout=5")
		w.Header().Set("Upgrade", "h2c")
	}))
	defer back.Close()
	send := func(change func(*exchange.Exchange)) *exchange.Exchange {
		t.Helper()
		ex := request(back.URL, "/")
		ex.API = &exchange.API{}
		change(ex)
		if err := NewMux(config(), NewClient(config()), nil).Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		return ex
	}
	ex := send(func(ex *exchange.Exchange) {
		h := &ex.Request.Header
		h.Add(WireHost, "gate.example")
		h.Add("connection", "x-hop, close")
		for _, name := range []string{"x-hop", "KEEP-ALIVE", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
			"Stile-Hops", "traceparent"} {
			h.Add(name, "1")
		}
		h.Add("x-twice", "1")
		h.Add("X-Twice", "2")
		ex.Request.Client = netip.MustParseAddr("::ffff:192.0.2.7")
		ex.Trace = exchange.Trace{TraceID: strings.Repeat("ab", 16), SpanID: strings.Repeat("cd", 8)}
		ex.Hops = 3
	})
	want := http.Header{"X-Twice": {"1", "2"}, "X-Forwarded-For": {"192.0.2.7"}, "Stile-Hops": {"4"},
		"Traceparent": {"00-" + strings.Repeat("ab", 16) + "-00000000000000aa-01"}}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Error(diff)
	}
	if got.Host != strings.TrimPrefix(back.URL, "http://") {
		t.Errorf("Host %s", got.Host)
	}
	if ex.Response.Header.Has("Keep-Alive") || ex.Response.Header.Has("Upgrade") {
		t.Error("hop-by-hop fields came back")
	}
	if diff := cmp.Diff([]string{"1", "2"}, ex.Response.Header.Values("x-many")); diff != "" {
		t.Error(diff)
	}
	send(func(ex *exchange.Exchange) { ex.Request.Header.Set("Host", "public.example") })
	if got.Host != "public.example" {
		t.Errorf("a policy's Host was lost: %s", got.Host)
	}
	send(func(ex *exchange.Exchange) {
		ex.API = nil
		ex.Request.Client = netip.MustParseAddr("192.0.2.7")
	})
	if got.Header.Get("X-Forwarded-For") != "" {
		t.Error("a call that no API made names its caller")
	}
}

// TestLazyFieldsStayHere: a field that nothing has read is not made for a backend;
// one that was read is sent.
func TestLazyFieldsStayHere(t *testing.T) {
	var got http.Header
	back := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer back.Close()
	for _, read := range []bool{false, true} {
		made := 0
		ex := request(back.URL, "/")
		ex.Request.Header.SetLazy("Authorization", func() string { made++; return "Bearer t" })
		if read {
			ex.Request.Header.Get("authorization")
		}
		if err := NewClient(config()).Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		if sent := got.Get("Authorization") == "Bearer t"; sent != read || (made == 1) != read || ex.Request.Header.Lazy("Authorization") == read {
			t.Errorf("read %v: made %d, sent %v", read, made, got["Authorization"])
		}
	}
}

func TestBodies(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 {
			w.Header().Set("X-Chunked", "1")
		}
		_, _ = io.Copy(w, r.Body)
	}))
	defer back.Close()
	for name, b := range map[string]*exchange.Body{
		"none": nil, "bytes": exchange.Text("hello"),
		"stream with length": exchange.Stream(io.NopCloser(strings.NewReader("hello")), 5),
		"stream without":     exchange.Stream(io.NopCloser(strings.NewReader("hello")), -1),
	} {
		t.Run(name, func(t *testing.T) {
			ex := request(back.URL, "/")
			ex.Request.Method, ex.Request.Body = "POST", b
			if err := NewClient(config()).Do(t.Context(), ex); err != nil {
				t.Fatal(err)
			}
			got, err := ex.Response.Body.Bytes()
			want := "hello"
			if b == nil {
				want = ""
			}
			if err != nil || string(got) != want || ex.Response.Header.Has("X-Chunked") != (name == "stream without") {
				t.Errorf("%q, %v, header %v", got, err, ex.Response.Header.Names())
			}
		})
	}
}

// TestBodySentAgain: bytes and buffered streams go twice, a stream that is gone
// is an error.
func TestBodySentAgain(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer back.Close()
	stream := func() *exchange.Body { return exchange.Stream(io.NopCloser(strings.NewReader("hello")), -1) }
	read := stream()
	if _, err := read.Bytes(); err != nil {
		t.Fatal(err)
	}
	read.Consume()
	gone := stream()
	gone.Consume()
	for name, tt := range map[string]struct {
		body   *exchange.Body
		buffer bool
		second bool // whether a second sending succeeds
		first  bool
	}{
		"bytes": {exchange.Text("hello"), false, true, true}, "stream": {stream(), false, false, true}, "buffered stream": {stream(), true, true, true},
		"consumed by an expression": {read, false, true, true}, "dropped": {gone, false, false, false},
	} {
		ex := request(back.URL, "/")
		ex.Request.Method, ex.Request.Body = "POST", tt.body
		ex.Backend.Forwarding.BufferRequest = tt.buffer
		for i, want := range []bool{tt.first, tt.second} {
			err := NewClient(config()).Do(t.Context(), ex)
			if (err == nil) != want || err != nil && !errors.Is(err, exchange.ErrBodyConsumed) {
				t.Errorf("%s, sending %d: %v", name, i+1, err)
			}
			if err == nil {
				if got, err := ex.Response.Body.Bytes(); err != nil || string(got) != "hello" {
					t.Errorf("%s, sending %d: %q, %v", name, i+1, got, err)
				}
			}
		}
	}
}

func TestFailures(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // takes connections, never answers
	silent := "http://" + l.Addr().String()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	cancelled, stop := context.WithCancel(t.Context())
	stop()
	for _, tt := range []struct {
		name, base string
		ctx        context.Context
		tainted    bool
		kind       Kind
		is         error
	}{
		{"nobody listens", "http://" + gone.Addr().String(), t.Context(), false, ConnectionFailure, nil},
		{"deadline", silent, expired, false, Timeout, context.DeadlineExceeded},
		{"cancelled", silent, cancelled, false, Cancelled, context.Canceled},
		{"no backend", "", t.Context(), false, BadTarget, nil},
		{"inside, from an expression", silent, t.Context(), true, BadTarget, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ex := request(tt.base, "/secret?key=1")
			ex.Backend.Tainted = tt.tainted
			err := NewMux(config(), NewClient(config()), nil).Do(tt.ctx, ex)
			var e *Error
			if !errors.As(err, &e) || e.Kind != tt.kind || tt.is != nil && !errors.Is(err, tt.is) || e.Timeout() != (tt.kind == Timeout) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "key=") {
				t.Errorf("the error has the URL's path or query: %v", err)
			}
			if len(ex.Calls) != 1 || ex.Calls[0].Error == "" || ex.Calls[0].Status != 0 {
				t.Errorf("calls %+v", ex.Calls)
			}
		})
	}
}

func TestMuxRecordsCalls(t *testing.T) {
	local := exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		ex.Response.StatusCode = 202
		return nil
	})
	m := NewMux(config(), exchange.CallerFunc(func(context.Context, *exchange.Exchange) error { return errors.New("down") }),
		map[string]exchange.Caller{"workflows": local})
	ex := request("stile://workflows/order", "/x?key=secret")
	if err := m.Do(t.Context(), ex); err != nil {
		t.Fatal(err)
	}
	ex.Backend = exchange.Backend{ID: "bank", BaseURL: "http://bank.example/v1"}
	if err := m.Do(t.Context(), ex); err == nil {
		t.Error("no error")
	}
	ex.Backend = exchange.Backend{BaseURL: "stile://nowhere"}
	if err := m.Do(t.Context(), ex); err == nil {
		t.Error("no error")
	}
	want := []exchange.Call{
		{Span: "00000000000000aa", Method: "GET", URL: "stile://workflows/order", Status: 202, Start: start.Add(time.Second), Duration: time.Second},
		{Span: "00000000000000aa", Backend: "bank", Method: "GET", URL: "http://bank.example/v1/x", Error: "down", Start: start.Add(3 * time.Second), Duration: time.Second},
		{Span: "00000000000000aa", Method: "GET", URL: "stile://nowhere", Start: start.Add(5 * time.Second), Duration: time.Second,
			Error: "the backend cannot be called (stile://nowhere): no backend of this process has that name"},
	}
	if diff := cmp.Diff(want, ex.Calls); diff != "" {
		t.Error(diff)
	}
}
