package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"stile/policy"
)

// TestEventsComeAsTheyAreSent: the backend sends an event when the client has read the
// one before, so that any buffer on the way would keep both waiting for ever.
func TestEventsComeAsTheyAreSent(t *testing.T) {
	next := make(chan struct{})
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		rc := http.NewResponseController(w)
		_ = rc.Flush() // the head alone comes first
		for i := range 3 {
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = rc.Flush()
		}
	}))
	defer back.Close()
	svc := service(back.URL)
	mark := `<stamp name="X" value="1" />`
	svc.APIs[0].Policy = source(policy.API, "apis/a/policy.xml", doc(mark, mark, ""))
	_, url := network(t, svc)
	resp, err := http.Get(url + "/a/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("X") != "1" {
		t.Error("outbound did not run before the first event")
	}
	in := bufio.NewReader(resp.Body)
	for i := range 3 {
		next <- struct{}{}
		line, err := in.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("%q %v", line, err)
		}
		if _, err := in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) != 0 {
		t.Errorf("%q %v", rest, err)
	}
}

// TestAClientThatLeavesEndsTheStream: the backend is told.
func TestAClientThatLeavesEndsTheStream(t *testing.T) {
	left := make(chan struct{})
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(left)
	}))
	defer back.Close()
	_, url := network(t, service(back.URL))
	resp, err := http.Get(url + "/a/events")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	<-left
}
