package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/apim"
	"stile/internal/backend"
	"stile/policy"
)

// network makes a gateway that listens on loopback, over the real client.
func network(t *testing.T, svc *apim.Service) (*host, string) {
	t.Helper()
	cfg := backend.Config{Now: func() time.Time { return noon }, Span: func() string { return "00000000000000aa" }}
	h := newHost(t, svc, backend.NewMux(cfg, backend.NewClient(cfg), nil), func(c *Config) { c.Observe = nil })
	s := httptest.NewUnstartedServer(h.Handler())
	s.Config = NewServer(h.Handler())
	s.Start()
	t.Cleanup(s.Close)
	return h, s.URL
}

func service(target string) *apim.Service {
	a := newAPI("a", "a", target, "get", "GET", "/*", "post", "POST", "/*", "head", "HEAD", "/*")
	a.SubscriptionRequired = false
	return &apim.Service{Policy: source(policy.Global, "policy.xml", forwarding), APIs: []*apim.API{a}}
}

func TestForwardedRequest(t *testing.T) {
	var got *http.Request
	var sent []byte
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		sent, _ = io.ReadAll(r.Body)
		w.Header().Set("X-Answer", "1")
		w.Header().Set("Connection", "X-Private")
		w.Header().Set("X-Private", "1")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "short and stout")
	}))
	defer back.Close()
	_, url := network(t, service(back.URL+"/base/"))
	req, err := http.NewRequest("POST", url+"/a/x%20y/z?q=1&q=2", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"X-Kept": "kept", "Connection": "X-Dropped", "X-Dropped": "1", "Upgrade": "h2c", "Te": "trailers",
		"X-Forwarded-For": "203.0.113.9", "traceparent": "00-0123456789abcdef0123456789abcdef-00f067aa0ba902b7-01"} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusTeapot || string(answer) != "short and stout" {
		t.Errorf("answer %d %q, %v", resp.StatusCode, answer, err)
	}
	if resp.Header.Get("X-Answer") != "1" || resp.Header.Get("X-Private") != "" {
		t.Errorf("answer's header %v", resp.Header)
	}
	if got.RequestURI != "/base/x%20y/z?q=1&q=2" || got.Method != "POST" || string(sent) != "body" || got.ContentLength != 4 {
		t.Errorf("backend got %s %s %q of %d", got.Method, got.RequestURI, sent, got.ContentLength)
	}
	if want := strings.TrimPrefix(back.URL, "http://"); got.Host != want {
		t.Errorf("Host %s, want %s", got.Host, want)
	}
	want := http.Header{"X-Kept": {"kept"}, "X-Forwarded-For": {"203.0.113.9, 127.0.0.1"}, "Stile-Hops": {"1"}, "Content-Length": {"4"},
		"Traceparent": {"00-0123456789abcdef0123456789abcdef-00000000000000aa-01"}, "User-Agent": {"Go-http-client/1.1"}, "Accept-Encoding": {"gzip"}}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Error(diff)
	}
}

// TestStreaming: each piece arrives, both ways, before the next one is sent.
func TestStreaming(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		in := bufio.NewScanner(r.Body)
		for in.Scan() {
			fmt.Fprintln(w, "echo "+in.Text())
			_ = rc.Flush()
		}
	}))
	defer back.Close()
	_, url := network(t, service(back.URL))
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /a/x HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n")
	send := func(line string) { fmt.Fprintf(conn, "%x\r\n%s\n\r\n", len(line)+1, line) }
	send("one")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(resp.Body)
	for _, line := range []string{"one", "two", "three"} {
		if line != "one" {
			send(line)
		}
		got, err := in.ReadString('\n')
		if err != nil || got != "echo "+line+"\n" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	fmt.Fprint(conn, "0\r\n\r\n")
	if rest, err := io.ReadAll(in); err != nil || len(rest) != 0 {
		t.Errorf("rest %q, %v", rest, err)
	}
}

// TestCutAnswerNeverLooksWhole: a backend that breaks off, with and without a
// length, gives the client an error and not a short body.
func TestCutAnswerNeverLooksWhole(t *testing.T) {
	for name, head := range map[string]string{"length": "Content-Length: 100\r\n", "chunked": "Transfer-Encoding: chunked\r\n"} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					fmt.Fprint(c, "HTTP/1.1 200 OK\r\n"+head+"\r\n5\r\nhello\r\n")
				}
			}()
			_, url := network(t, service("http://"+l.Addr().String()))
			resp, err := http.Get(url + "/a/x")
			if err == nil {
				defer resp.Body.Close()
				_, err = io.ReadAll(resp.Body)
			}
			if err == nil {
				t.Error("the cut answer looked whole")
			}
		})
	}
}

func TestBackendFailures(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	for name, target := range map[string]string{"nobody listens": "http://" + l.Addr().String(), "no backend": "", "unknown room": "stile://nowhere"} {
		t.Run(name, func(t *testing.T) {
			_, url := network(t, service(target))
			resp, err := http.Get(url + "/a/x")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != 500 || string(answer) != `{ "statusCode": 500, "message": "Internal server error" }` {
				t.Errorf("%d %s", resp.StatusCode, answer)
			}
		})
	}
}

// TestWireIsStrict sends what a gateway must refuse, as bytes.
func TestWireIsStrict(t *testing.T) {
	var reached atomic.Int64
	back := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer back.Close()
	_, url := network(t, service(back.URL))
	const rest = "Host: gate\r\nConnection: close\r\n\r\n"
	for request, want := range map[string]int{
		"GET /a/x HTTP/1.1\r\n" + rest:                                      200,
		"GET http://gate/a/x HTTP/1.1\r\n" + rest:                           200,
		"GET /a/../a/x HTTP/1.1\r\n" + rest:                                 400,
		"GET /a/%2e%2e/a/x HTTP/1.1\r\n" + rest:                             400,
		"GET /a/%2fx HTTP/1.1\r\n" + rest:                                   400,
		"GET /a/x#y HTTP/1.1\r\n" + rest:                                    400,
		"GET * HTTP/1.1\r\n" + rest:                                         400,
		"OPTIONS * HTTP/1.1\r\n" + rest:                                     400,
		"PRI * HTTP/2.0\r\n" + rest:                                         505,
		"CONNECT gate:443 HTTP/1.1\r\n" + rest:                              405,
		"TRACE /a/x HTTP/1.1\r\n" + rest:                                    405,
		"GET /a/x HTTP/1.1\r\nExpect: tea\r\n" + rest:                       417,
		"GET /a/x HTTP/1.1\r\nHost: a b\r\n\r\n":                            400,
		"GET /a/x HTTP/1.1\r\nHost: user@gate\r\nConnection: close\r\n\r\n": 400,
		"GET /a/x HTTP/1.1\r\nStile-Hops: 99\r\n" + rest:                    508,
		"GET /a/x HTTP/1.1\r\nStile-Hops: -1\r\n" + rest:                    508,
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		before := reached.Load()
		fmt.Fprint(conn, request)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%q: %v", request, err)
			continue
		}
		if resp.StatusCode != want {
			t.Errorf("%q: status %d, want %d", request, resp.StatusCode, want)
		}
		if through := reached.Load() - before; (through == 1) != (want == 200) {
			t.Errorf("%q: the backend saw %d requests", request, through)
		}
		conn.Close()
	}
}

func TestHeadAndEmptyAnswers(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "hello")
	}))
	defer back.Close()
	_, url := network(t, service(back.URL))
	resp, err := http.Head(url + "/a/x")
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/plain" || resp.ContentLength != 5 {
		t.Errorf("HEAD: %v %+v", err, resp)
	}
	resp, err = http.Get(url + "/a/none")
	if err != nil || resp.StatusCode != 204 || resp.Header.Get("Content-Length") != "" {
		t.Errorf("204: %v %+v", err, resp)
	}
}

func TestBodyOfTheGatewaysOwnAnswersIsOneShape(t *testing.T) {
	_, url := network(t, service("http://127.0.0.1:1"))
	resp, err := http.Get(url + "/nothing")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, _ = b.ReadFrom(resp.Body)
	if resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "application/json" || b.String() != `{ "statusCode": 404, "message": "Resource not found" }` {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, b.String())
	}
}
