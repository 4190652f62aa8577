package cli

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"stile/internal/sfn"
	"stile/internal/why"
)

// TestCommandsOfAnswersAreThere holds every command line that exec why names
// against the commands that there are: words, flags and arguments.
func TestCommandsOfAnswersAreThere(t *testing.T) {
	if len(why.Templates()) < 5 {
		t.Fatal("there is no table")
	}
	for _, line := range append(why.Templates(), "stile exec freeze ID", "stile exec show", "stile exec stop ID --now") {
		words := strings.Fields(line)
		c := &command{Streams: Streams{Env: func(string) string { return "" }}}
		root := c.root()
		cmd, rest, err := root.Find(words[1:])
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil && cmd.Args != nil {
			err = cmd.Args(cmd, cmd.Flags().Args())
		}
		ours := line != "stile exec freeze ID" && line != "stile exec show" && line != "stile exec stop ID --now"
		if ours != (err == nil) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func answering(v any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) })
}

func TestWhyFitsAHundredColumns(t *testing.T) {
	long := strings.Repeat("The policy that refused is no longer there. ", 20)
	got := run(t, App{}, answering(why.Answer{Execution: "x", Paragraph: strings.TrimSpace(long), Commands: []string{
		"edit apim/apis/shop/policy.xml:4: " + long, "stile exec show x"}}), "", "exec", "why", "x")
	if got.code != 0 || !strings.Contains(got.out, "\n\n  edit apim/apis/shop/policy.xml:4") || !strings.HasSuffix(got.out, "\n  stile exec show x\n") {
		t.Errorf("%+v", got)
	}
	fits(t, got.out)
	now := time.Now()
	s := why.Summarize([]why.Answer{{Execution: strings.Repeat("order-", 20), State: "Charge", Health: sfn.Throttled, Cause: why.Limit, Since: &now,
		Policy: &why.PolicyPart{Name: "rate-limit"}, Place: &why.Place{File: "apim/policy.xml", Line: 4}}})
	got = run(t, App{}, answering(s), "", "exec", "why")
	if got.code != 0 || !strings.HasPrefix(got.out, "throttled by limit: rate-limit (apim/policy.xml:4), 1\n  order-") || got.err != "1 open, 1 held\n" {
		t.Errorf("%+v", got)
	}
	fits(t, got.out)
	if got := run(t, App{}, nil, "", "exec", "why", "a", "b"); got.code != 64 {
		t.Errorf("%+v", got)
	}
}

func fits(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
