package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// chat is a service with a WebSocket API in front of a backend that echoes.
func chat(t *testing.T, handshake string) (svc *apim.Service, asked <-chan *http.Request) {
	t.Helper()
	seen := make(chan *http.Request, 8)
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Clone(context.Background())
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"v2"}})
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, text, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, append([]byte("echo "), text...)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(back.Close)
	a := newAPI("chat", "chat", "ws"+strings.TrimPrefix(back.URL, "http")+"/base", "onHandshake", "GET", "/*")
	a.WebSocket = true
	if handshake != "" {
		a.Operations[0].Policy = source(policy.Operation, "apis/chat/operations/onHandshake/policy.xml", handshake)
	}
	return &apim.Service{Policy: source(policy.Global, "policy.xml", forwarding), APIs: []*apim.API{a},
		Subscriptions: []*apim.Subscription{newSubscription("all", "", "all-key")}}, seen
}

func dial(t *testing.T, url, key string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	o := &websocket.DialOptions{Subprotocols: []string{"v2"}, HTTPHeader: http.Header{}}
	if key != "" {
		o.HTTPHeader.Set(DefaultKeyHeader, key)
	}
	return websocket.Dial(t.Context(), url, o)
}

// TestWebSocket: policies run on the handshake, then frames pass both ways.
func TestWebSocket(t *testing.T) {
	svc, asked := chat(t, doc(`<stamp name="X-Inbound" value="1" />`, `<stamp name="X-Outbound" value="1" />`, ""))
	_, url := network(t, svc)
	c, resp, err := dial(t, url+"/chat/room/7?x=1", "all-key")
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	r := <-asked
	if r.URL.String() != "/base/room/7?x=1" || r.Header.Get("X-Inbound") != "1" || r.Header.Get(DefaultKeyHeader) != "" {
		t.Errorf("the backend was asked for %s with %v", r.URL, r.Header)
	}
	if resp.Header.Get("X-Outbound") != "1" || c.Subprotocol() != "v2" {
		t.Errorf("the client got %v, subprotocol %q", resp.Header, c.Subprotocol())
	}
	long := strings.Repeat("x", 30_000)
	for _, text := range []string{"one", long, "three"} {
		if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(t.Context()); err != nil || string(got) != "echo "+text {
			t.Fatalf("%.40q %v", got, err)
		}
	}
}

// TestWebSocketDrain: a client is sent away with code 1001, and CloseTunnels returns.
func TestWebSocketDrain(t *testing.T) {
	svc, _ := chat(t, "")
	h, url := network(t, svc)
	c, _, err := dial(t, url+"/chat/x", "all-key")
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Drain()
	_, _, err = c.Read(t.Context())
	if code := websocket.CloseStatus(err); code != websocket.StatusGoingAway {
		t.Errorf("code %d, %v", code, err)
	}
	h.CloseTunnels(t.Context())
	if _, resp, err := dial(t, url+"/chat/x", "all-key"); err == nil || resp.StatusCode != 503 {
		t.Errorf("a handshake after the drain: %v", err)
	}
}

func TestWebSocketRefusals(t *testing.T) {
	svc, asked := chat(t, "")
	plain := newAPI("plain", "plain", "http://x.invalid", "get", "GET", "/*")
	plain.SubscriptionRequired = false
	plain.Policy = source(policy.API, "apis/plain/policy.xml", doc(`<deny status="418" />`, "", ""))
	svc.APIs = append(svc.APIs, plain)
	_, url := network(t, svc)
	if _, resp, err := dial(t, url+"/chat/x", ""); err == nil || resp.StatusCode != 401 {
		t.Errorf("without a key: %v", err)
	}
	if _, resp, err := dial(t, url+"/plain/x", ""); err == nil || resp.StatusCode != 418 {
		t.Errorf("a plain API: %v", err)
	}
	for _, head := range []string{
		"GET /chat/x HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: all-key\r\n\r\n",
		"GET /chat/x HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOcp-Apim-Subscription-Key: all-key\r\n\r\n",
		"GET /chat/x HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nOcp-Apim-Subscription-Key: all-key\r\n\r\n",
	} {
		if got := raw(t, url, head); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("%q: %q", head, got)
		}
	}
	select {
	case r := <-asked:
		t.Errorf("the backend was asked: %s", r.URL)
	default:
	}
}

// raw sends a head and gives the status line.
func raw(t *testing.T, url, head string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	n, err := io.ReadAtLeast(conn, b, 12)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// closing tells when it is closed.
type tellsClose struct {
	io.ReadWriteCloser
	closed chan struct{}
}

func (c tellsClose) Close() error { close(c.closed); return nil }

// TestChangedHandshake: a policy that answers in the backend's place leaves no
// connection open.
func TestChangedHandshake(t *testing.T) {
	svc, _ := chat(t, doc("", `<deny status="403" />`, ""))
	closed := make(chan struct{})
	h := newHost(t, svc, exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		if ex.Request.Upgrade != "websocket" {
			t.Errorf("the backend is asked to go on with %q", ex.Request.Upgrade)
		}
		ex.Response = exchange.Response{StatusCode: 101, Tunnel: tellsClose{closed: closed}}
		return nil
	}))
	s := httptest.NewServer(h.Handler())
	defer s.Close()
	if _, resp, err := dial(t, s.URL+"/chat/x", "all-key"); err == nil || resp.StatusCode != 403 {
		t.Errorf("%v", err)
	}
	<-closed
	// In this process nobody can take the connection.
	ex := h.call(t, "GET", gate+"/chat/x", "all-key")
	if ex.Response.StatusCode != 400 {
		t.Errorf("in process: %d", ex.Response.StatusCode)
	}
}

// ends is both ends of a tunnel under test.
func ends() (client, clientSide, backend, backendSide net.Conn) {
	client, clientSide = net.Pipe()
	backend, backendSide = net.Pipe()
	return
}

func TestTunnelIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, clientSide, back, backSide := ends()
		var ts tunnels
		over := make(chan struct{})
		go func() { ts.run(clientSide, backSide, clientSide, time.Minute); close(over) }()
		start := time.Now()
		for range 3 { // each message begins the time anew
			time.Sleep(50 * time.Second)
			if _, err := client.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(back, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		<-over
		if took := time.Since(start); took != 210*time.Second {
			t.Errorf("ended after %v", took)
		}
		if _, err := client.Read(make([]byte, 1)); err == nil {
			t.Error("the client's side is open")
		}
	})
}

// TestTunnelDrain: the close frame stands between two frames, whatever is under way.
func TestTunnelDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, clientSide, back, backSide := ends()
		var ts tunnels
		over := make(chan struct{})
		go func() { ts.run(clientSide, backSide, clientSide, time.Hour); close(over) }()
		got := make(chan []byte)
		go func() { b, _ := io.ReadAll(client); got <- b }()
		whole := append([]byte{0x82, 126, 1, 0}, make([]byte, 256)...) // 256 bytes
		if _, err := back.Write(whole[:100]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ts.drain()
		synctest.Wait()
		select {
		case <-over:
			t.Fatal("a frame was cut")
		default:
		}
		// What comes after the frame is not passed on.
		if _, err := back.Write(append(whole[100:len(whole):len(whole)], 0x81, 1, 'x')); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Fatal(err)
		}
		<-over
		if b := <-got; string(b) != string(whole)+string(closing) {
			t.Errorf("the client got %d bytes, the last are %x", len(b), b[max(0, len(b)-8):])
		}
	})
}

func TestFramed(t *testing.T) {
	frames := [][]byte{{0x81, 0}, {0x81, 3, 'a', 'b', 'c'}, {0x89, 0x82, 1, 2, 3, 4, 'x', 'y'},
		append([]byte{0x82, 126, 0, 200}, make([]byte, 200)...), append([]byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}, make([]byte, 65536)...)}
	var all []byte
	ends := map[int]bool{0: true}
	for _, f := range frames {
		all = append(all, f...)
		ends[len(all)] = true
	}
	f := framed{to: io.Discard}
	for i, b := range all {
		if _, err := f.Write([]byte{b}); err != nil || f.within() == ends[i+1] {
			t.Fatalf("after %d bytes: within a frame %v, %v", i+1, f.within(), err)
		}
	}
	if !f.end() {
		t.Error("the end waits for a frame that is none")
	}
	if _, err := f.Write([]byte{0x81}); !errors.Is(err, errGoneAway) {
		t.Error("writing goes on after the end")
	}
}
