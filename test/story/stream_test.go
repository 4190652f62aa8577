package story

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// message is one server-sent event.
type message struct {
	event string
	data  struct{ State, Class, Status, ID string }
}

// listen reads the events of a path of the control API until the test ends; the
// channel is closed when the stream ends.
func (s *server) listen(path string) <-chan message {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	s.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", s.control+"/-/v1"+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || !strings.HasPrefix(got, "text/event-stream") {
		s.t.Fatalf("%s: %d %s", path, resp.StatusCode, got)
	}
	out := make(chan message, 1000)
	go func() {
		defer resp.Body.Close()
		defer close(out)
		lines := bufio.NewScanner(resp.Body)
		var m message
		for lines.Scan() {
			line := lines.Text()
			switch {
			case line == "" && m.event != "":
				out <- m
				m = message{}
			case strings.HasPrefix(line, "event: "):
				m.event = strings.TrimPrefix(line, "event: ")
			case strings.HasPrefix(line, "data: "):
				json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &m.data)
			}
		}
	}()
	return out
}

// classes follows one state's class until it is one of last, and gives all of them.
func classes(t *testing.T, stream <-chan message, state string, last ...string) (seen []string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case m, open := <-stream:
			if !open {
				t.Fatalf("the stream ended; %s was %v", state, seen)
			}
			if m.event != "state" || m.data.State != state {
				continue
			}
			if len(seen) == 0 || seen[len(seen)-1] != m.data.Class {
				seen = append(seen, m.data.Class)
			}
			for _, class := range last {
				if m.data.Class == class {
					return seen
				}
			}
		case <-deadline:
			t.Fatalf("%s was %v, never one of %v", state, seen, last)
		}
	}
}

// inOrder reports whether want stands in seen in this order, others between them.
func inOrder(seen []string, want ...string) bool {
	for _, s := range seen {
		if len(want) > 0 && s == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

func TestTheStreamShowsAFault(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	s.fault("payments", `{"status":503,"count":1,"delayMs":300}`)
	id := s.place(smallBody)
	stream := s.listen("/executions/" + url.PathEscape(id) + "/events")
	if seen := classes(t, stream, "Charge", "succeeded", "failed", "caught"); !inOrder(seen, "running", "retrying", "succeeded") {
		t.Errorf("Charge was %v, want running, retrying, succeeded", seen)
	}
	if seen := classes(t, stream, "Ship", "succeeded", "failed"); !inOrder(seen, "running", "succeeded") {
		t.Errorf("Ship was %v, want running, succeeded", seen)
	}
	s.endsAs(id, "SUCCEEDED")
}

func TestTheStreamShowsWhatIsCaught(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	s.fault("payments", `{"status":402,"count":1,"delayMs":300}`)
	id := s.place(smallBody)
	stream := s.listen("/executions/" + url.PathEscape(id) + "/events")
	if seen := classes(t, stream, "Charge", "caught", "succeeded"); !inOrder(seen, "running", "caught") {
		t.Errorf("Charge was %v, want running, caught", seen)
	}
	s.endsAs(id, "FAILED")
	// A page that is opened afterwards is told the same.
	late := s.listen("/executions/" + url.PathEscape(id) + "/events")
	if seen := classes(t, late, "Charge", "caught", "succeeded"); !inOrder(seen, "caught") {
		t.Errorf("afterwards Charge is %v, want caught", seen)
	}
}

func TestTheStreamOfAllExecutions(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	stream := s.listen("/events")
	id := s.place(smallBody)
	deadline := time.After(30 * time.Second)
	for {
		select {
		case m, open := <-stream:
			if !open {
				t.Fatal("the stream ended")
			}
			if m.event == "execution" && m.data.ID == id && m.data.Status == "SUCCEEDED" {
				return
			}
		case <-deadline:
			t.Fatal("the end of the order was not told")
		}
	}
}

func TestThePageShowsTheOrder(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id := s.place(smallBody)
	s.endsAs(id, "SUCCEEDED")
	home := send(t, "GET", s.control+"/", "")
	if home.status != 200 || !strings.HasPrefix(home.header.Get("Content-Type"), "text/html") || !strings.Contains(home.body, id) {
		t.Errorf("the list: %d %s, has the order: %v", home.status, home.header.Get("Content-Type"), strings.Contains(home.body, id))
	}
	graph := send(t, "GET", s.control+"/-/v1/executions/"+url.PathEscape(id)+"/graph", "")
	if graph.status != 200 || !strings.Contains(graph.body, "<svg") || !strings.Contains(graph.body, "Charge") {
		t.Errorf("the graph: %d %.200s", graph.status, graph.body)
	}
	// Another site's page must not read the console through a name of its own.
	if a := send(t, "POST", s.control+"/-/v1/executions", `{"stateMachine":"order","input":{}}`, "Origin: http://evil.example"); a.status != 403 {
		t.Errorf("a request from a foreign origin: %d %s, want 403", a.status, a.body)
	}
}
