package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestABodyThatDoesNotComeIsCut: also where nobody reads it.
func TestABodyThatDoesNotComeIsCut(t *testing.T) {
	const limit = 50 * time.Millisecond
	for name, stall := range map[string]bool{"in all": false, "between pieces": true} {
		for what, handler := range map[string]http.HandlerFunc{
			"read": func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err == nil {
					t.Error("the body is whole")
				}
			},
			"not read": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		} {
			srv := httptest.NewServer(timedBodies(handler, limit, stall))
			c := must(net.Dial("tcp", srv.Listener.Addr().String()))
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
			_ = c.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.ReadAll(c); err != nil {
				t.Errorf("%s, %s: the connection is held: %v", name, what, err)
			}
			c.Close()
			srv.Close()
		}
	}
}

// TestTheTimeIsTheBodys: an answer that takes longer is not cut, and the connection
// serves on.
func TestTheTimeIsTheBodys(t *testing.T) {
	const limit = 50 * time.Millisecond
	gone := make(chan bool, 2)
	srv := httptest.NewServer(timedBodies(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			gone <- true
		case <-time.After(4 * limit):
			gone <- false
		}
	}), limit, false))
	defer srv.Close()
	c := must(net.Dial("tcp", srv.Listener.Addr().String()))
	defer c.Close()
	answers := bufio.NewReader(c)
	for range 2 {
		fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
		resp, err := http.ReadResponse(answers, nil)
		if err != nil || resp.StatusCode != 200 || <-gone {
			t.Fatalf("%v, %v", resp, err)
		}
	}
}
