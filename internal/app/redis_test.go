package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stile/internal/redis/redistest"
)

// serveAs starts Serve; it ends with the test.
func serveAs(t *testing.T, o Options, log chan string) Ready {
	t.Helper()
	o.Log = slog.New(lines{log})
	ready, ended := make(chan Ready, 1), make(chan error, 1)
	o.Ready = func(r Ready) { ready <- r }
	ctx, stop := context.WithCancel(t.Context())
	go func() { ended <- Serve(ctx, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case r := <-ready:
		return r
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("the server does not start")
	}
	return Ready{}
}

// TestServersShare: two servers over one Redis let through a limit, a quota and the
// making of a cached value once, together; without it they go on by themselves, and
// say so once.
func TestServersShare(t *testing.T) {
	const password = "hunter2-of-redis"
	server := redistest.Start(t, "--requirepass", password)
	secrets := t.TempDir()
	if err := os.WriteFile(filepath.Join(secrets, "redis"), []byte("redis://:"+password+"@"+server.Address), 0o600); err != nil {
		t.Fatal(err)
	}
	var made atomic.Int64
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, made.Add(1))
	}))
	defer backend.Close()
	dir := folder(t, backend.URL, invoke,
		"stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\nredis:\n  url: {secret: \"file://"+filepath.Join(secrets, "redis")+"\"}\n  timeout: 1s\n",
		"apim/apis/shop/policy.xml", shopPolicy(`<choose><when condition="@(context.Request.Headers.GetValueOrDefault(&quot;Do&quot;) == &quot;quota&quot;)"><quota-by-key calls="30" renewal-period="2592000" counter-key="q" /></when>
			<when condition="@(context.Request.Headers.GetValueOrDefault(&quot;Do&quot;) == &quot;hard&quot;)"><rate-limit-by-key calls="25" renewal-period="300" counter-key="h" /></when>
			<when condition="@(context.Request.Headers.GetValueOrDefault(&quot;Do&quot;) == &quot;value&quot;)">
			<cache-value key="v" variable-name="v" expires-after="300"><value><send-request mode="new" response-variable-name="r"><set-url>`+backend.URL+`</set-url></send-request>
			<set-variable name="v" value="@(((IResponse)context.Variables[&quot;r&quot;]).Body.As&lt;string&gt;())" /></value></cache-value>
			<return-response><set-body>@((string)context.Variables["v"])</set-body></return-response></when></choose>`))
	logs := []chan string{make(chan string, 1000), make(chan string, 1000)}
	gateways := make([]string, 2)
	controls := make([]string, 2)
	for i := range gateways {
		r := serveAs(t, devOptions(dir, t.TempDir()), logs[i])
		gateways[i], controls[i] = r.Gateway, r.Console
	}
	// through counts the answers of calls on both servers at once.
	through := func(do string, calls int) (ok int64, bodies map[string]bool) {
		var n atomic.Int64
		var mu sync.Mutex
		bodies = map[string]bool{}
		var wg sync.WaitGroup
		for _, gateway := range gateways {
			for range 4 {
				wg.Go(func() {
					for range calls {
						status, body := send(t, "POST", gateway+"/shop/reserve", "{}", "Do", do)
						if status == 200 {
							n.Add(1)
							mu.Lock()
							bodies[body] = true
							mu.Unlock()
						} else if status != 429 && status != 403 {
							t.Errorf("%s: %d %s", do, status, body)
						}
					}
				})
			}
		}
		wg.Wait()
		return n.Load(), bodies
	}
	if _, bodies := through("value", 2); made.Load() != 1 || len(bodies) != 1 {
		t.Errorf("the value was made %d times, %v", made.Load(), bodies)
	}
	if n, _ := through("hard", 8); n != 25 {
		t.Errorf("a limit of 25 let %d through", n)
	}
	if n, _ := through("quota", 8); n != 30 {
		t.Errorf("a quota of 30 let %d through", n)
	}
	for _, at := range controls {
		if status, body := send(t, "GET", at+"/readyz", ""); status != 200 || body != "ready\n" {
			t.Errorf("%d %s", status, body)
		}
	}
	server.Kill()
	if n, _ := through("hard", 8); n > 25 { // 25 for each of them, of which 25 are gone
		t.Errorf("without Redis %d more were let through", n)
	}
	for i, at := range controls {
		if status, body := send(t, "GET", at+"/readyz", ""); status != 200 || !strings.HasPrefix(body, "ready, but redis is away since ") {
			t.Errorf("%d %s", status, body)
		}
		told := 0
		for len(logs[i]) > 0 {
			line := <-logs[i]
			if strings.Contains(line, password) {
				t.Errorf("the password is told: %s", line)
			}
			if strings.Contains(line, "redis is away") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("it was told %d times", told)
		}
	}
}

// TestRedisOfTheProject: a server that is away keeps nothing from starting, a
// reference that is none does.
func TestRedisOfTheProject(t *testing.T) {
	p := dev(t, folder(t, "http://127.0.0.1:9", invoke, "stile.yaml",
		"name: shop\nmap:\n  shop.example: {gateway: self}\nredis: {url: \"redis://127.0.0.1:1\", connect-timeout: 50ms}\n"), t.TempDir())
	if status, body := send(t, "GET", p.Console+"/readyz", ""); status != 200 || !strings.Contains(body, "redis is away") {
		t.Errorf("%d %s", status, body)
	}
	if _, body := send(t, "GET", p.Console+"/metrics", ""); !strings.Contains(body, "stile_redis_up 0") {
		t.Error("no gauge says that it is away")
	}
	err := Dev(t.Context(), devOptions(folder(t, "http://127.0.0.1:9", invoke, "stile.yaml",
		"name: shop\nredis: {url: {secret: \"nowhere://x\"}}\n"), t.TempDir()))
	if err == nil || !strings.Contains(err.Error(), "stile.yaml:2") {
		t.Error(err)
	}
}
