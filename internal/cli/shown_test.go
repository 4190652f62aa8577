package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"stile/internal/why"
)

// TestNothingCommandsTheTerminal: what an execution failed with is somebody else's text.
// It is shown without escapes, stays below its own name, and is whole under -o json.
func TestNothingCommandsTheTerminal(t *testing.T) {
	const x = `{"id":"x","arn":"a","stateMachine":"m","status":"FAILED","error":"E\u001b[31m","cause":"a\u001b]0;b\u0007\u009b2J\u202ec\r\nStatus         SUCCEEDED"}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/calls"):
			_, _ = w.Write([]byte(`{"calls":[]}`))
		case strings.HasSuffix(r.URL.Path, "/callbacks"):
			_, _ = w.Write([]byte(`{"callbacks":[]}`))
		case strings.HasSuffix(r.URL.Path, "/why"):
			_, _ = w.Write([]byte(`{"paragraph":"it failed: a\u001b[2J","commands":["stile \u009bx"]}`))
		default:
			_, _ = w.Write([]byte(x))
		}
	}))
	defer srv.Close()
	run := func(args ...string) string {
		var out, told bytes.Buffer
		Main(t.Context(), App{}, append(args, "--server", srv.URL), Streams{Out: &out, Err: &told, Env: func(string) string { return "" }})
		return out.String() + told.String()
	}
	for _, args := range [][]string{{"exec", "show", "x"}, {"exec", "why", "x"}} {
		text := run(args...)
		if strings.ContainsAny(text, "\x1b\a\r\u009b\u202e") || strings.Contains(text, "\nStatus         SUCCEEDED") || !strings.Contains(text, "a\ufffd") {
			t.Errorf("%v: %q", args, text)
		}
	}
	if text := (&failure{exitFailed, "x FAILED: \x1b[31m\u009b"}).text; oneLine(text) != "x FAILED: \ufffd[31m\ufffd" {
		t.Errorf("an error: %q", oneLine(text))
	}
	if text := run("exec", "show", "x", "-o", "json"); !strings.Contains(text, `a\u001b]0;b\u0007`) {
		t.Errorf("json: %s", text)
	}
	var held bytes.Buffer
	c := &command{Streams: Streams{Out: &held, Err: &held}}
	c.heldText(why.Summary{Groups: []why.Group{{What: "a\x1b[2J"}}})
	if strings.Contains(held.String(), "\x1b") {
		t.Errorf("held: %q", held.String())
	}
}
