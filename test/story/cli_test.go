package story

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	code, out, errs := s.stile("start", "order", "--input", smallBody, "--wait", "--timeout", "30s")
	if code != 0 || !strings.HasPrefix(out, "SUCCEEDED {") || !strings.Contains(errs, "Charge") {
		t.Fatalf("stile start --wait: %d %q %q", code, out, errs)
	}
	code, out, _ = s.stile("exec", "list", "-o", "json")
	var page struct{ Executions []execution }
	if code != 0 || json.Unmarshal([]byte(out), &page) != nil || len(page.Executions) != 1 {
		t.Fatalf("stile exec list: %d %s", code, out)
	}
	id := page.Executions[0].ID
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"exec", "list"}, id},
		{[]string{"exec", "show", id}, "payments/charge"},
		{[]string{"exec", "show", page.Executions[0].ARN}, "SUCCEEDED"},
		{[]string{"exec", "history", id}, "ExecutionSucceeded"},
		{[]string{"exec", "watch", id}, "SUCCEEDED"},
		{[]string{"shellenv"}, "export AWS_ENDPOINT_URL_SFN='" + s.control + "'"},
		{[]string{"version"}, "stile "},
	} {
		if code, out, errs := s.stile(c.args...); code != 0 || !strings.Contains(out, c.says) {
			t.Errorf("stile %q: %d %q %q, want %q", c.args, code, out, errs, c.says)
		}
	}
	s.codes(id)
}

// codes checks the exit codes that scripts rely on.
func (s *server) codes(id string) {
	s.t.Helper()
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"exec", "show", "no-such-execution"}, 3},
		{[]string{"start", "no-such-machine"}, 3},
		{[]string{"start", "order", "--name", id, "--input", `{"other":1}`}, 6},
		{[]string{"start", "order", "--input", "{}", "--wait"}, 1},
		{[]string{"start", "order", "--input", largeBody, "--wait", "--timeout", "1s"}, 124},
		{[]string{"start"}, 64},
	} {
		code, _, errs := s.stile(c.args...)
		if code != c.code || strings.Contains(errs, "goroutine ") {
			s.t.Errorf("stile %q: exit code %d %q, want %d", c.args, code, errs, c.code)
		}
	}
}

func TestStopByCommand(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id, _ := s.askApproval()
	if code, out, errs := s.stile("exec", "stop", id, "--error", "Enough"); code != 0 {
		t.Fatalf("stile exec stop: %d %q %q", code, out, errs)
	}
	if o := s.ends(id); o.Status != "ABORTED" {
		t.Errorf("status %s, want ABORTED", o.Status)
	}
}

// says waits until the server has written a text.
func (s *server) says(text string) {
	s.t.Helper()
	eventually(s.t, 10*time.Second, "the server says "+text, func() (bool, string) {
		log := s.logged()
		return strings.Contains(log, text), log
	})
}

func TestTheBannerSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	for _, want := range []string{s.control + "/", s.gateway, s.data, "kept", "Three things to try", "roles/order-role.json"} {
		s.says(want)
	}
}

func TestAnEphemeralFolderIsGoneAfterwards(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.data = ""
	s := p.start()
	s.says("lost at the end")
	s.endsAs(s.place(smallBody), "SUCCEEDED")
	var v struct{ Data string }
	s.ask("/version", &v)
	if _, err := os.Stat(v.Data); err != nil {
		t.Fatalf("the data folder %q: %v", v.Data, err)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(v.Data); !os.IsNotExist(err) {
		t.Errorf("the data folder is still there: %v", err)
	}
}
