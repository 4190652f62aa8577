package cli

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// auditAPI answers with two records, and with a chain that holds or not.
func auditAPI(t *testing.T, query string, holds bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/v1/audit", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != query {
			t.Errorf("asked %s, want %s", r.URL.RawQuery, query)
		}
		_, _ = w.Write([]byte(`{"records":[{"seq":7,"time":"x","actor":"user:ada","via":"page","action":"states:StopExecution","resource":"arn","decision":"allowed","role":"","verdict":null},` +
			`{"seq":null,"time":"y","actor":"state:e/S","via":"engine","action":"apim:Invoke","resource":"api/a/operation/b","decision":"denied","role":"","verdict":{"reason":"RateLimitExceeded"}}],"next":9}`))
	})
	mux.HandleFunc("GET /-/v1/audit/verify", func(w http.ResponseWriter, _ *http.Request) {
		if holds {
			_, _ = w.Write([]byte(`{"records":7,"holds":true,"hash":"abc"}`))
			return
		}
		_, _ = w.Write([]byte(`{"records":3,"holds":false,"fault":"the audit record is broken at 4: it is not readable"}`))
	})
	return mux
}

func TestAudit(t *testing.T) {
	const table = "SEQ  TIME  ACTOR      VIA     ACTION                RESOURCE           DECISION  DECIDED BY\n" +
		"7    x     user:ada   page    states:StopExecution  arn                allowed\n" +
		"-    y     state:e/S  engine  apim:Invoke           api/a/operation/b  denied    RateLimitExceeded\n"
	for _, c := range []struct {
		args  []string
		query string
		holds bool
		want  result
	}{
		{[]string{"audit"}, "max=50", true, result{0, table, "more: --from 9\n"}},
		{[]string{"audit", "--from", "3", "--max", "2", "--actor", "user:*", "--action", "states:StopExecution"},
			"action=states%3AStopExecution&actor=user%3A%2A&from=3&max=2", true, result{0, table, "more: --from 9\n"}},
		{[]string{"audit", "--execution", "e1", "-o", "jsonl"}, "execution=e1&max=50", true, result{0,
			`{"seq":7,"time":"x","actor":"user:ada","via":"page","action":"states:StopExecution","resource":"arn","decision":"allowed","role":"","verdict":null}` + "\n" +
				`{"seq":null,"time":"y","actor":"state:e/S","via":"engine","action":"apim:Invoke","resource":"api/a/operation/b","decision":"denied","role":"","verdict":{"reason":"RateLimitExceeded"}}` + "\n", ""}},
		{[]string{"audit", "verify"}, "", true, result{0, "7 records hold, the last hash is abc\n", ""}},
		{[]string{"audit", "verify"}, "", false, result{1, "", "stile: the audit record is broken at 4: it is not readable\n"}},
		{[]string{"audit", "nonsense"}, "", true, result{64, "", ""}},
	} {
		got := run(t, App{}, auditAPI(t, c.query, c.holds), "", c.args...)
		if c.want.code == 64 {
			got.out, got.err = "", ""
		}
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(result{})); d != "" {
			t.Errorf("%q:\n%s", c.args, d)
		}
	}
}
