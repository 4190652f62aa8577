package eventhub

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Unix(1_800_000_000, 0)

// sent is one request that an Event Hub got.
type sent struct{ Path, Auth, Broker, Kind, Body string }

func newHub(t *testing.T, status func(n int) int) (*httptest.Server, chan sent) {
	got := make(chan sent, 100)
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- sent{r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("BrokerProperties"), r.Header.Get("Content-Type"), string(body)}
		w.WriteHeader(status(int(n.Add(1))))
	}))
	t.Cleanup(s.Close)
	return s, got
}

func always(status int) func(int) int { return func(int) int { return status } }

func TestSend(t *testing.T) {
	s, got := newHub(t, always(201))
	hubs := New(Config{Now: func() time.Time { return epoch }, Wait: time.Hour,
		Token: func(_ context.Context, resource, client string) (string, error) { return resource + client, nil }})
	hubs.Set([]Logger{{ID: "keyed", Endpoint: s.URL, Hub: "events", KeyName: "send", Key: NewKey("c2VjcmV0")},
		{ID: "identity", Endpoint: s.URL, Hub: "other hub", ClientID: "id-1"}})
	ctx := context.Background()
	for i, part := range []string{"", "", "3", ""} {
		if !hubs.Log(ctx, "keyed", part, map[int]string{3: "k\"1"}[i], []byte(fmt.Sprintf("<é%d>", i))) {
			t.Fatal("no logger")
		}
	}
	if hubs.Log(ctx, "none", "", "", nil) {
		t.Error("a logger that is not there")
	}
	hubs.Log(ctx, "identity", "", "", []byte("x"))
	hubs.Close(ctx)
	close(got)
	var all []sent
	for x := range got {
		if key := strings.HasPrefix(x.Auth, "SharedAccessSignature "); key {
			checkSignature(t, s.URL+"/events", x.Auth)
			x.Auth = "signed"
		}
		if x.Path[:7] == "/other%" || x.Auth != "signed" {
			if x.Auth != "Bearer "+resource+"id-1" || !strings.HasPrefix(x.Path, "/other%20hub/messages?") {
				t.Errorf("identity: %+v", x)
			}
			continue
		}
		all = append(all, x)
	}
	const query, kind = "/messages?timeout=60&api-version=2014-01", "application/vnd.microsoft.servicebus.json"
	want := []sent{
		{"/events" + query, "signed", "", kind, "[{\"Body\":\"<é0>\"},{\"Body\":\"<é1>\"}]\n"},
		{"/events/partitions/3" + query, "signed", "", kind, "[{\"Body\":\"<é2>\"}]\n"},
		{"/events" + query, "signed", `{"PartitionKey":"k\"1"}`, kind, "[{\"Body\":\"<é3>\"}]\n"},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	if n := hubs.Dropped(); n != 0 {
		t.Errorf("%d dropped", n)
	}
}

func checkSignature(t *testing.T, resource, auth string) {
	t.Helper()
	v, err := url.ParseQuery(strings.TrimPrefix(auth, "SharedAccessSignature "))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("c2VjcmV0"))
	mac.Write([]byte(url.QueryEscape(resource) + "\n" + v.Get("se")))
	if v.Get("sr") != resource || v.Get("skn") != "send" || v.Get("se") != "1800000300" || v.Get("sig") != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		t.Errorf("signature: %v", v)
	}
}

// TestNeverWaits: a hub that hangs holds up no Log, what finds no room is counted,
// and another logger goes on.
func TestNeverWaits(t *testing.T) {
	release, came := make(chan struct{}), make(chan struct{}, 10)
	hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- struct{}{}; <-release }))
	t.Cleanup(func() { hang.Close() })
	t.Cleanup(func() { close(release) })
	s, got := newHub(t, always(201))
	hubs := New(Config{Now: func() time.Time { return epoch }, Wait: time.Nanosecond})
	hubs.Set([]Logger{{ID: "hangs", Endpoint: hang.URL, Hub: "h", KeyName: "k", Key: NewKey("k")}, {ID: "works", Endpoint: s.URL, Hub: "h", KeyName: "k", Key: NewKey("k")}})
	ctx := context.Background()
	hubs.Log(ctx, "hangs", "", "", []byte("first"))
	<-came
	for range maxQueued + 7 {
		hubs.Log(ctx, "hangs", "", "", []byte("x"))
	}
	if n := hubs.Dropped(); n != 7 {
		t.Errorf("%d dropped, want 7", n)
	}
	hubs.Log(ctx, "works", "", "", []byte("x"))
	<-got
}

// TestWaitingIsBoundedInBytes: long messages for a hub that hangs are dropped before they
// fill the memory.
func TestWaitingIsBoundedInBytes(t *testing.T) {
	release, came := make(chan struct{}), make(chan struct{}, 10)
	hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- struct{}{}; <-release }))
	t.Cleanup(func() { hang.Close() })
	t.Cleanup(func() { close(release) })
	hubs := New(Config{Now: func() time.Time { return epoch }, Wait: time.Nanosecond})
	hubs.Set([]Logger{{ID: "hangs", Endpoint: hang.URL, Hub: "h", KeyName: "k", Key: NewKey("k")}})
	hubs.Log(t.Context(), "hangs", "", "", []byte("first"))
	<-came
	long := make([]byte, 1<<20)
	for range maxWaiting>>20 + 3 {
		hubs.Log(t.Context(), "hangs", "", "", long)
	}
	if n := hubs.Dropped(); n != 3 {
		t.Errorf("%d dropped, want 3", n)
	}
}

// TestRefused: what the hub never takes is dropped and counted; a logger that went
// away keeps its count.
func TestRefused(t *testing.T) {
	s, got := newHub(t, always(400))
	hubs := New(Config{Now: func() time.Time { return epoch }, Wait: time.Hour})
	hubs.Set([]Logger{{ID: "l", Endpoint: s.URL, Hub: "h", KeyName: "k", Key: NewKey("k")}})
	hubs.Log(context.Background(), "l", "", "", []byte("x"))
	hubs.Set(nil)
	<-got
	hubs.Close(context.Background())
	if n := hubs.Dropped(); n != 1 {
		t.Errorf("%d dropped", n)
	}
}

// TestBatches: a request stays below what the service takes, in order.
func TestBatches(t *testing.T) {
	big := strings.Repeat("x", 200<<10)
	rest := []event{{"", "", big + "1"}, {"", "k", "a"}, {"", "", big + "2"}, {"", "", big + "3"}, {"", "", "4"}, {"", "k", "b"}}
	var got []string
	for len(rest) > 0 {
		var group []event
		group, rest = next(rest)
		line := ""
		for _, e := range group {
			line += e.body[len(e.body)-1:]
		}
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"12", "ab", "34"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestConnections(t *testing.T) {
	l, err := ParseConnection("Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=abc=;EntityPath=events")
	if err != nil || l.Endpoint != "https://shop.servicebus.windows.net" || l.KeyName != "send" || l.Key.text != "abc=" || l.Hub != "events" {
		t.Errorf("%+v %v", l, err)
	}
	if text, _ := json.Marshal(l); strings.Contains(fmt.Sprintf("%v %+v %#v %s", l, l, l, text), "abc") {
		t.Error("the key prints")
	}
	for _, text := range []string{"", "Endpoint=sb://x/", "Endpoint=http://shop.example;SharedAccessKeyName=a;SharedAccessKey=topsecret", "Endpoint=sb://u:p@x/;SharedAccessKeyName=a;SharedAccessKey=topsecret", "Endpoint=sb://x/,SharedAccessKeyName=a,SharedAccessKey=topsecret", "Endpoint=sb://x/y;SharedAccessKeyName=a;SharedAccessKey=topsecret"} {
		if _, err := ParseConnection(text); err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
