package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// many is a control API with executions e0, e1 … that failed, two on a page.
type many struct {
	mu     sync.Mutex
	status map[string]string
	names  []string
	asked  []string
	// put is how often the redrive of e1 is put off; tokens are the client tokens of it.
	put    int
	tokens []string
	hook   func(name string)
}

func newMany(n int) *many {
	m := &many{status: map[string]string{}}
	for i := range n {
		m.names = append(m.names, fmt.Sprint("e", i))
		m.status[m.names[i]] = "FAILED"
	}
	return m
}

func (m *many) execution(name string) string {
	return fmt.Sprintf(`{"id":%q,"arn":"arn:aws:states:r:1:execution:order:%s","stateMachine":"order","status":%q,"start":"2026-03-04T12:00:00Z","error":"E%s","cause":"the cause of %s"}`,
		name, name, m.status[name], name[1:], name)
}

func (m *many) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/-/v1/executions")
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"code":%q,"message":"refused"}}`, code)
	}
	if path == "" {
		m.asked = append(m.asked, r.URL.RawQuery)
		var list []string
		start := 0
		fmt.Sscan(r.URL.Query().Get("token"), &start)
		next := ""
		for i, name := range m.names {
			if m.status[name] != r.URL.Query().Get("status") || i < start {
				continue
			}
			if len(list) == 2 {
				next = fmt.Sprint(i)
				break
			}
			list = append(list, m.execution(name))
		}
		fmt.Fprintf(w, `{"executions":[%s],"next":%q}`, strings.Join(list, ","), next)
		return
	}
	name, action, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name = name[strings.LastIndexByte(name, ':')+1:]
	switch now, known := m.status[name]; {
	case !known:
		refuse(404, "ExecutionDoesNotExist")
	case r.Method == "DELETE":
		delete(m.status, name)
		fmt.Fprint(w, `{}`)
	case action == "redrive":
		var in struct{ ClientToken string }
		json.NewDecoder(r.Body).Decode(&in)
		if m.hook != nil {
			m.mu.Unlock()
			m.hook(name)
			m.mu.Lock()
		}
		if name == "e1" {
			m.tokens = append(m.tokens, in.ClientToken)
		}
		switch {
		case name == "e1" && m.put > 0:
			m.put--
			w.Header().Set("Retry-After", "0")
			refuse(503, "ServiceUnavailable")
		case name == "e3":
			refuse(400, "ExecutionNotRedrivable")
		case name == "e2":
			m.status[name] = "RUNNING" // somebody else was there first
			refuse(400, "ExecutionNotRedrivable")
		case now != "FAILED":
			refuse(409, "ConflictException")
		default:
			m.status[name] = "RUNNING"
			fmt.Fprint(w, `{"redriveCount":1}`)
		}
	default:
		fmt.Fprint(w, m.execution(name))
	}
}

func TestBulkRedrives(t *testing.T) {
	m := newMany(6)
	m.put = 2
	failed := filepath.Join(t.TempDir(), "failed")
	got := run(t, App{}, m, "", "exec", "bulk", "redrive", "--state-machine", "order", "--yes", "--failed-to", failed, "--wide", "3")
	want := result{7, "redrive: done 4  failed 1  skipped 1\n", "e3 failed: refused [ExecutionNotRedrivable]\nstile: 1 execution failed\n"}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(result{})); d != "" {
		t.Error(d)
	}
	if text, _ := os.ReadFile(failed); string(text) != "arn:aws:states:r:1:execution:order:e3\n" {
		t.Errorf("--failed-to: %q", text)
	}
	if len(m.tokens) != 3 || m.tokens[0] == "" || m.tokens[1] != m.tokens[0] || m.tokens[2] != m.tokens[0] {
		t.Errorf("a redrive that is sent again has another token: %q", m.tokens)
	}
	if m.asked[0] != "max=200&stateMachine=order&status=FAILED" || !strings.HasSuffix(m.asked[len(m.asked)-1], "status=TIMED_OUT") {
		t.Errorf("asked %q", m.asked)
	}
	// The same again goes on with what is left.
	got = run(t, App{}, m, "", "exec", "bulk", "redrive", "--state-machine", "order", "--yes", "-o", "json")
	want = result{7, `{"id":"e3","arn":"arn:aws:states:r:1:execution:order:e3","stateMachine":"order","result":"failed","error":"refused [ExecutionNotRedrivable]"}` + "\n", "stile: 1 execution failed\n"}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(result{})); d != "" {
		t.Error(d)
	}
}

func TestBulkPlansWithoutYes(t *testing.T) {
	for _, extra := range [][]string{nil, {"--yes", "--dry-run"}} {
		m := newMany(12)
		got := run(t, App{}, m, "", append([]string{"exec", "bulk", "delete", "--status", "failed"}, extra...)...)
		if got.code != 0 || !strings.HasPrefix(got.out, "would delete 12 executions\nID  STATE MACHINE  STATUS  START\ne0  order") ||
			!strings.HasSuffix(got.out, "and 2 more\n") || got.err != "add --yes to do it\n" || len(m.status) != 12 {
			t.Errorf("%q: %+v", extra, got)
		}
	}
	got := run(t, App{}, newMany(4), "", "exec", "bulk", "redrive", "--error", "E2", "--cause-contains", "of e2", "-o", "json")
	want := `{"id":"e2","arn":"arn:aws:states:r:1:execution:order:e2","stateMachine":"order","result":"planned"}` + "\n"
	if got.code != 0 || got.out != want {
		t.Errorf("%+v", got)
	}
}

func TestBulkOfAFile(t *testing.T) {
	m := newMany(3)
	m.status["e1"] = "RUNNING"
	got := run(t, App{}, m, "e0\n\n# e2\nnobody\narn:aws:states:r:1:execution:order:e1\n", "exec", "bulk", "delete", "--yes", "--from-file", "-", "-o", "json", "--wide", "1")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	slices.Sort(lines)
	want := []string{
		`{"id":"e0","arn":"arn:aws:states:r:1:execution:order:e0","stateMachine":"order","result":"done"}`,
		`{"id":"e1","arn":"arn:aws:states:r:1:execution:order:e1","stateMachine":"order","result":"skipped","error":"it is RUNNING"}`,
		`{"id":"nobody","result":"skipped","error":"refused [ExecutionDoesNotExist]"}`,
	}
	if d := cmp.Diff(want, lines); d != "" || got.code != 0 || len(m.status) != 2 {
		t.Errorf("%+v\n%s", got, d)
	}
}

// TestBulkFinishesWhatIsUnderWay: an interruption begins nothing more, and what was
// sent is answered and counted.
func TestBulkFinishesWhatIsUnderWay(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := newMany(50)
	m.hook = func(string) { cancel() }
	s := httptest.NewServer(m)
	defer s.Close()
	var out, errs bytes.Buffer
	code := Main(ctx, App{}, []string{"exec", "bulk", "redrive", "--yes", "--wide", "1"}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs,
		Env: func(name string) string { return map[string]string{"STILE_SERVER": s.URL}[name] }})
	if code != 130 || out.String() != "redrive: done 1  failed 0  skipped 0\n" || !strings.Contains(errs.String(), "interrupted after done 1") || m.status["e0"] != "RUNNING" {
		t.Errorf("%d %s %s", code, out.String(), errs.String())
	}
}

func TestBulkStopsWhereNobodyIsLoggedIn(t *testing.T) {
	var deleted int
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/v1/executions", newMany(40).ServeHTTP)
	mux.HandleFunc("DELETE /-/v1/executions/{id}", func(w http.ResponseWriter, _ *http.Request) {
		deleted++
		refusing(401, "Unauthorized", "who are you").ServeHTTP(w, nil)
	})
	got := run(t, App{}, mux, "", "exec", "bulk", "delete", "--status", "FAILED", "--yes", "--wide", "1")
	if got.code != 4 || deleted > 3 || !strings.Contains(got.err, "the same command goes on from here") {
		t.Errorf("%d deletions, %+v", deleted, got)
	}
}

func TestBulkUsage(t *testing.T) {
	for _, args := range [][]string{{"burn"}, {}, {"stop", "--status", "FAILED"}, {"redrive", "--wide", "0"}, {"redrive", "--cause", "x"},
		{"delete", "--yes"}, {"delete", "--from-file", "x", "--from", "2h"}, {"delete", "--from-file", "no-such-file"}, {"redrive", "--field", "x"}} {
		got := run(t, App{}, newMany(1), "", append([]string{"exec", "bulk"}, args...)...)
		if got.code != 64 || got.out != "" || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
