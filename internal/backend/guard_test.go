package backend

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"stile/internal/reach"
	"stile/policy/exchange"
)

// TestAddressesFromData: what data or an expression made reaches nothing inside,
// under any name of it, unless the configuration names that origin.
func TestAddressesFromData(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer back.Close()
	port := back.URL[strings.LastIndexByte(back.URL, ':'):]
	for _, tt := range []struct {
		base    string
		tainted bool
		trusted string
		refused bool
	}{
		{back.URL, false, "", false},
		{back.URL, true, "", true},
		{"http://localhost" + port, true, "", true},
		{"http://[::ffff:127.0.0.1]" + port, true, "", true},
		{"http://127.1" + port, true, "", true},
		{back.URL, true, back.URL, false},
		{"http://localhost" + port, true, back.URL, true}, // another origin, whatever it resolves to
		{"http://169.254.169.254", false, "http://169.254.169.254", true},
		{"http://169.254.169.254", true, "http://169.254.169.254", true},
		{"http://[fd00:ec2::254]", false, "", true},
		{"http://168.63.129.16", false, "", true},
		{"http://100.100.100.200", false, "", true},
		{"http://192.0.0.192", false, "", true},
		{"http://[64:ff9b::a9fe:a9fe]", false, "", true},
	} {
		cfg := config()
		cfg.Trusted = func(origin string) bool { return origin == tt.trusted }
		ex := request(tt.base, "/")
		ex.Backend.Tainted = tt.tainted
		err := NewClient(cfg).Do(t.Context(), ex)
		var refused *reach.Refused
		var e *Error
		if (err != nil) != tt.refused {
			t.Errorf("%s, tainted %v: %v", tt.base, tt.tainted, err)
		}
		// 127.1 does not resolve everywhere: no answer is right too.
		if err != nil && !strings.Contains(tt.base, "127.1:") && (!errors.As(err, &refused) || !errors.As(err, &e) || e.Kind != BadTarget) {
			t.Errorf("%s: %v", tt.base, err)
		}
	}
}

// TestNoConnectionIsShared: a connection that the configuration opened does not
// serve an address from data.
func TestNoConnectionIsShared(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer back.Close()
	c := NewClient(config())
	if err := c.Do(t.Context(), request(back.URL, "/")); err != nil {
		t.Fatal(err)
	}
	ex := request(back.URL, "/")
	ex.Backend.Tainted = true
	if err := c.Do(t.Context(), ex); err == nil {
		t.Error("the idle connection was used")
	}
}

// hops answers for hosts of redirects without a network and keeps what it was sent.
type hops struct {
	to   map[string]string // Location by URL
	seen []*http.Request
}

func (h *hops) RoundTrip(r *http.Request) (*http.Response, error) {
	h.seen = append(h.seen, r)
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}
	if to, ok := h.to[r.URL.String()]; ok {
		resp.StatusCode = http.StatusFound
		resp.Header.Set("Location", to)
	}
	return resp, nil
}

func TestRedirects(t *testing.T) {
	h := &hops{to: map[string]string{
		"https://a.example/once": "/end", "https://a.example/away": "https://b.example/x?sig=1", "https://a.example/loop": "/loop",
		"https://a.example/down": "http://a.example/plain", "https://a.example/port": "https://a.example:8443/x", "https://a.example/same": "https://A.example:443/end",
		"https://a.example/user": "https://u:p@b.example/x", "https://b.example/x?sig=1": "https://a.example/back", "https://a.example/odd": "ftp://b.example/",
	}}
	for _, tt := range []struct {
		path, method, body string
		follow             bool
		status             int
		urls               string // that were asked, the last of them with credentials or not
		carried            bool
	}{
		{"/once", "GET", "", false, 302, "https://a.example/once", true},
		{"/once", "GET", "", true, 200, "https://a.example/once https://a.example/end", true},
		{"/once", "POST", "x", true, 302, "https://a.example/once", true},
		{"/same", "GET", "", true, 200, "https://a.example/same https://A.example:443/end", true},
		{"/away", "GET", "", true, 200, "https://a.example/away https://b.example/x?sig=1 https://a.example/back", false},
		{"/away", "DELETE", "", true, 302, "https://a.example/away", true},
		{"/port", "GET", "", true, 200, "https://a.example/port https://a.example:8443/x", false},
		{"/user", "HEAD", "", true, 200, "https://a.example/user https://b.example/x", false},
		{"/down", "GET", "", true, 302, "https://a.example/down", true},
		{"/odd", "GET", "", true, 302, "https://a.example/odd", true},
		{"/loop", "GET", "", true, 0, "https://a.example/loop" + strings.Repeat(" https://a.example/loop", maxRedirects), true},
	} {
		h.seen = nil
		cfg := config()
		cfg.Transport = h
		ex := request("https://a.example", tt.path)
		ex.Request.Method, ex.Backend.Forwarding.FollowRedirects = tt.method, tt.follow
		for _, name := range []string{"Authorization", "Cookie", "Ocp-Apim-Subscription-Key", "X-Api-Key", "X-Secret"} {
			ex.Request.Header.Set(name, "canary")
		}
		ex.Request.Header.Set("Accept", "text/plain")
		if tt.body != "" {
			ex.Request.Body = exchange.Text(tt.body)
		}
		err := NewClient(cfg).Do(t.Context(), ex)
		if (err != nil) != (tt.status == 0) || ex.Response.StatusCode != tt.status {
			t.Errorf("%s %s: %d, %v", tt.method, tt.path, ex.Response.StatusCode, err)
		}
		var urls []string
		for _, r := range h.seen {
			urls = append(urls, r.URL.String())
		}
		if got := strings.Join(urls, " "); got != tt.urls {
			t.Errorf("%s %s: asked %s", tt.method, tt.path, got)
		}
		last := h.seen[len(h.seen)-1]
		leak := slices.ContainsFunc([]string{"Authorization", "Cookie", "Ocp-Apim-Subscription-Key", "X-Api-Key", "X-Secret"}, func(n string) bool { return last.Header.Get(n) != "" })
		if leak != tt.carried || last.Header.Get("Accept") != "text/plain" || last.Header.Get(HopsHeader) == "" || last.URL.User != nil {
			t.Errorf("%s %s: the last request has %v", tt.method, tt.path, last.Header)
		}
	}
}

// TestRedirectsLeadNowhereInside: a backend that the configuration names, and that
// may be inside itself, cannot send the gateway to its neighbours; one that the
// configuration names too is reached, without credentials.
func TestRedirectsLeadNowhereInside(t *testing.T) {
	var got http.Header
	neighbour := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer neighbour.Close()
	back := httptest.NewServer(http.RedirectHandler(neighbour.URL+"/admin", http.StatusFound))
	defer back.Close()
	for _, known := range []bool{false, true} {
		got = nil
		cfg := config()
		cfg.Trusted = func(origin string) bool { return known && origin == neighbour.URL }
		ex := request(back.URL, "/")
		ex.Backend.Forwarding.FollowRedirects = true
		ex.Request.Header.Set("Authorization", "canary")
		err := NewClient(cfg).Do(t.Context(), ex)
		if (err == nil) != known || (got != nil) != known || got.Get("Authorization") != "" {
			t.Errorf("known %v: %v, sent %v", known, err, got)
		}
	}
}
