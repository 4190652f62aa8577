package redis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"stile/internal/redis"
	"stile/internal/redis/redistest"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]redis.Endpoint{
		"redis://h":                      {Address: "h:6379"},
		" rediss://u:p%40@[::1]:6380/3 ": {Address: "[::1]:6380", TLS: true, Username: "u", Password: "p@", Database: 3},
		"acme.redis.cache.windows.net:6380,password=a=b=,ssl=True,abortConnect=False": {Address: "acme.redis.cache.windows.net:6380", TLS: true, Password: "a=b="},
		"h:1,user=u,password=p,defaultDatabase=2":                                     {Address: "h:1", Username: "u", Password: "p", Database: 2},
	} {
		got, err := redis.ParseEndpoint(text)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%q: %s, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "h", ":1", "http://h:1", "redis://", "redis://:hunter2@h/x", "redis://h/-1", "redis://:hunter2@h?x=1",
		"redis://:hunter2@h:port", "h:1,password=hunter2,tunnel=x", "h:1,password=hunter2,defaultDatabase=x"} {
		if _, err := redis.ParseEndpoint(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

var echo = redis.NewScript(`return {ARGV[1], KEYS[1]}`)

// TestAwayFromTheStart: a server that is not there keeps nobody waiting, and is told of
// once; when it comes it is used.
func TestAwayFromTheStart(t *testing.T) {
	mini := miniredis.RunT(t)
	address := mini.Addr()
	mini.Close()
	seen := make(chan redis.State, 100)
	cfg := redistest.Config(address)
	cfg.Changed = func(s redis.State) { seen <- s }
	link := redistest.Open(t, cfg)
	for range 100 {
		if _, err := link.Run(t.Context(), echo, []string{"k"}, "v"); !errors.Is(err, redis.ErrAway) {
			t.Fatal(err)
		}
	}
	if s := link.State(); s.Up || s.Reason == "" || s.Failures != 100 || link.Steady(0) {
		t.Errorf("%+v", s)
	}
	if err := mini.StartAddr(address); err != nil {
		t.Fatal(err)
	}
	if s := <-seen; s.Up {
		t.Errorf("told %+v", s)
	}
	if s := <-seen; !s.Up {
		t.Errorf("told %+v", s)
	}
	out, err := link.Run(t.Context(), echo, []string{"k"}, "v")
	if err != nil || len(out) != 2 || out[0] != "v" || len(seen) > 0 {
		t.Errorf("%v, %v, %d more changes", out, err, len(seen))
	}
}

// TestPassword: it is sent, the one that counts now, and told nobody; a wrong one is a
// server that is away.
func TestPassword(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "first-hunter2")
	password := make(chan string, 1)
	password <- "wrong-hunter2"
	seen := make(chan redis.State, 100)
	cfg := redistest.Config(server.Address)
	cfg.Changed = func(s redis.State) { seen <- s }
	cfg.Endpoint = func(context.Context) (redis.Endpoint, error) {
		p := <-password
		password <- p
		return redis.Endpoint{Address: server.Address, Password: p, Database: 3}, nil
	}
	link := redistest.Open(t, cfg)
	if s := <-seen; s.Up || !strings.Contains(s.Reason, "WRONGPASS") || strings.Contains(s.Reason, "hunter2") {
		t.Errorf("told %+v", s)
	}
	<-password
	password <- "first-hunter2"
	if s := <-seen; !s.Up {
		t.Errorf("told %+v", s)
	}
	if _, err := link.Run(t.Context(), redis.NewScript(`redis.call('SET', KEYS[1], '1') return {1}`), []string{"k"}); err != nil {
		t.Fatal(err)
	}
	other := redistest.Config(server.Address)
	other.Endpoint = func(context.Context) (redis.Endpoint, error) {
		return redis.Endpoint{Address: server.Address, Password: "first-hunter2"}, nil
	}
	out, err := redistest.Open(t, other).Run(t.Context(), redis.NewScript(`return {redis.call('EXISTS', KEYS[1])}`), []string{"k"})
	if err != nil || out[0] != int64(0) {
		t.Errorf("another database has the key: %v, %v", out, err)
	}
}

// TestReadOnly: a server that takes no writes is of no use.
func TestReadOnly(t *testing.T) {
	primary := redistest.Start(t)
	host, port, _ := strings.Cut(primary.Address, ":")
	replica := redistest.Start(t, "--replicaof", host+" "+port)
	if s := replica.Link().State(); s.Up {
		t.Errorf("%+v", s)
	}
}

// TestClosed: no call waits, nothing is asked on.
func TestClosed(t *testing.T) {
	_, link := redistest.Mini(t)
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := link.Run(t.Context(), echo, []string{"k"}, "v"); err == nil {
		t.Error("a closed link answers")
	}
	if !link.State().Up || link.State().Since.After(time.Now()) {
		t.Errorf("%+v", link.State())
	}
}
