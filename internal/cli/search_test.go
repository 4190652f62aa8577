package cli

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSearchQuery(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	q := url.Values{}
	if err := searchQuery(q, []string{"sku=sku-1", `total="17"`}, "7d", "2026-03-04T13:00:00.5+02:00", now); err != nil {
		t.Fatal(err)
	}
	want := url.Values{"field": {"sku=sku-1", `total="17"`}, "from": {"2026-02-25T12:00:00Z"}, "to": {"2026-03-04T11:00:00.5Z"}}
	if d := cmp.Diff(want, q); d != "" {
		t.Error(d)
	}
	for _, c := range []struct {
		fields   []string
		from, to string
		want     string
	}{
		{nil, "yesterday", "", `--from: "yesterday" is neither a time such as 2026-03-04T12:00:00Z nor an age such as 2h or 7d`},
		{nil, "", "-2h", `--to: "-2h" is neither a time such as 2026-03-04T12:00:00Z nor an age such as 2h or 7d`},
		{[]string{"sku"}, "", "", "--field: write NAME=VALUE, such as sku=sku-1"},
		{[]string{"=1"}, "", "", "--field: write NAME=VALUE, such as sku=sku-1"},
	} {
		if err := searchQuery(url.Values{}, c.fields, c.from, c.to, now); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestListAndDelete(t *testing.T) {
	var asked string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/v1/executions", func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RawQuery
		_, _ = w.Write([]byte(`{"executions":[],"next":""}`))
	})
	mux.HandleFunc("DELETE /-/v1/executions/e1", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"deleted":"arn:1"}`)) })
	mux.HandleFunc("DELETE /-/v1/executions/e2", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"error":{"code":"ConflictException","message":"Execution e2 is RUNNING: stop it before it is deleted"}}`))
	})
	for _, c := range []struct {
		args  []string
		want  result
		query string
	}{
		{[]string{"exec", "list", "--state-machine", "order", "--field", "sku=a,b", "--field", "n=1", "--from", "2026-03-04T12:00:00Z", "-o", "json"},
			result{0, "{\n  \"executions\": [],\n  \"next\": \"\"\n}\n", ""}, "field=sku%3Da%2Cb&field=n%3D1&from=2026-03-04T12%3A00%3A00Z&max=20&stateMachine=order"},
		{[]string{"exec", "list", "--to", "soon"}, result{64, "", "stile: --to: \"soon\" is neither a time such as 2026-03-04T12:00:00Z nor an age such as 2h or 7d\n"}, ""},
		{[]string{"exec", "delete", "e1"}, result{0, "e1 DELETED\n", ""}, ""},
		{[]string{"exec", "delete", "e1", "-o", "json"}, result{0, "{\n  \"id\": \"e1\",\n  \"status\": \"DELETED\"\n}\n", ""}, ""},
		{[]string{"exec", "delete", "e2"}, result{6, "", "stile: Execution e2 is RUNNING: stop it before it is deleted [ConflictException]\n"}, ""},
	} {
		asked = ""
		got := run(t, App{}, mux, "", c.args...)
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(result{})); d != "" || asked != c.query {
			t.Errorf("%q: asked %s\n%s", c.args, asked, d)
		}
	}
}

func TestAuditVerifyBehindRetention(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/v1/audit/verify", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"records":7,"first":31,"holds":true,"hash":"abc"}`))
	})
	want := result{0, "7 records hold, from number 31 on, the last hash is abc\n", ""}
	if d := cmp.Diff(want, run(t, App{}, mux, "", "audit", "verify"), cmp.AllowUnexported(result{})); d != "" {
		t.Error(d)
	}
}
