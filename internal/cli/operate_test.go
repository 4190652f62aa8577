package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestForkSendsWhatChanges(t *testing.T) {
	var body string
	mux := http.NewServeMux()
	mux.HandleFunc("POST /-/v1/executions/e1/fork", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		w.WriteHeader(201)
		fmt.Fprint(w, `{"id":"f1","arn":"arn:f1","startDate":"2026-03-04T12:00:00.000Z"}`)
	})
	for _, tt := range []struct {
		args []string
		want result
		body string
	}{
		{[]string{"--at", "Charge", "--set", "amount=1", "--set", "note=two words", "--set", "a.b.c=null", "--set", "a.b.d=[1]", "--name", "n"},
			result{0, "f1\n", ""}, `{"name":"n","at":"Charge","set":{"amount":1,"note":"two words"},"merge":{"a":{"b":{"c":null,"d":[1]}}}}`},
		{[]string{"--input", `{"x":1}`, "-o", "json"}, result{0, "{\n  \"id\": \"f1\",\n  \"arn\": \"arn:f1\",\n  \"startDate\": \"2026-03-04T12:00:00.000Z\"\n}\n", ""}, `{"input":{"x":1}}`},
		{[]string{"--at", "S", "--state-input", `[1]`}, result{0, "f1\n", ""}, `{"at":"S","stateInput":[1]}`},
		{[]string{"--set", "a=1"}, result{64, "", "stile: --state-input and --set change the input of a state: name it with --at\n"}, ""},
		{[]string{"--at", "S", "--set", "a"}, result{64, "", "stile: --set: write NAME=VALUE or NAME.MEMBER=VALUE, such as amount=1\n"}, ""},
		{[]string{"--at", "S", "--set", "a..b=1"}, result{64, "", "stile: --set: write NAME=VALUE or NAME.MEMBER=VALUE, such as amount=1\n"}, ""},
		{[]string{"--at", "S", "--set", "a=1", "--set", "a=2"}, result{64, "", "stile: --set: a is set twice\n"}, ""},
		{[]string{"--at", "S", "--set", "a.b=1", "--set", "a.b.c=2"}, result{64, "", "stile: --set: a.b.c is set, and a member of it too\n"}, ""},
	} {
		body = ""
		got := run(t, App{}, mux, "", append([]string{"exec", "fork", "e1"}, tt.args...)...)
		if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(result{})); d != "" || body != tt.body {
			t.Errorf("%q: sent %s\n%s", tt.args, body, d)
		}
	}
}

const diffText = `{"a":{"id":"a","stateMachine":"order","status":"FAILED"},"b":{"id":"b","stateMachine":"order","status":"SUCCEEDED","forkedFrom":"arn:aws:states:r:1:execution:order:a","forkedAt":"Charge"},
	"definitions":"different","callsHidden":true,"first":{},"differences":[
	{"kind":"data","state":"Charge","visit":2,"what":"input","pointer":"/amount","old":"1","new":1,"events":[7,8]},
	{"kind":"path","thread":"Each/item 3","state":"Charge","visit":1,"what":"next","old":["Refund","Fail"],"new":[],"events":[9,0]},
	{"kind":"data","what":"output","pointer":"/x","new":null,"events":[0,0]}],"more":4,"carried":2}`

func TestDiffIsText(t *testing.T) {
	mux := http.NewServeMux()
	asked := ""
	mux.HandleFunc("GET /-/v1/executions/a/diff", func(w http.ResponseWriter, r *http.Request) {
		if asked = r.URL.RawQuery; r.URL.Query().Get("with") == "same" {
			fmt.Fprint(w, `{"a":{"id":"a"},"b":{"id":"same"},"definitions":"same","first":null,"differences":[]}`)
			return
		}
		fmt.Fprint(w, diffText)
	})
	got := run(t, App{}, mux, "", "exec", "diff", "a", "b", "--exact", "--exit-code")
	want := result{2, `--- a  order  FAILED
+++ b  order  SUCCEEDED  forked from a at Charge
They took different definitions.

First difference
Charge (time 2): input /amount  (events 7 and 8)
- "1"
+ 1

Behind it
Each/item 3: Charge: path behind it  (events 9 and none)
- Refund → Fail
+ (no more)
output /x
+ null

and 4 more

left out: 2 values that only passed on what is told above
`, "calls are not compared: apim:Trace is wanted on both\n"}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(result{})); d != "" || asked != "exact=true&with=b" {
		t.Errorf("asked %s\n%s", asked, d)
	}
	if got := run(t, App{}, mux, "", "exec", "diff", "a", "b", "--color", "always"); got.code != 0 || !strings.Contains(got.out, "\x1b[31m- \"1\"\x1b[0m\n\x1b[32m+ 1\x1b[0m\n") {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, mux, "", "exec", "diff", "a", "same", "--exit-code"); got.code != 0 || !strings.HasSuffix(got.out, "no difference\n") {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, mux, "", "exec", "diff", "a", "b", "-o", "json"); got.code != 0 || !strings.Contains(got.out, `"pointer": "/amount"`) {
		t.Errorf("%+v", got)
	}
}

// paged is an execution with five events, of which the first answer holds two.
func paged(t *testing.T, asked *[]string) http.Handler {
	mux := http.NewServeMux()
	event := func(id int) string {
		return fmt.Sprintf(`{"id":%d,"previousEventId":%d,"timestamp":0,"type":"PassStateEntered"}`, id, id-1)
	}
	mux.HandleFunc("GET /-/v1/executions/e1/history", func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RawQuery)
		if r.URL.Query().Get("token") == "" {
			fmt.Fprintf(w, `{"events":[%s,%s],"next":"t"}`, event(1), event(2))
			return
		}
		fmt.Fprintf(w, `{"events":[%s,%s,%s]}`, event(3), event(4), event(5))
	})
	streams := 0
	mux.HandleFunc("GET /-/v1/executions/e1/events", func(w http.ResponseWriter, r *http.Request) {
		if streams++; streams == 1 {
			fmt.Fprintf(w, "id: 1\nevent: history\ndata: %s\n\nid: 2\nevent: history\ndata: %s\n\n", event(1), event(2))
			return
		}
		if r.URL.Query().Get("after") != "2" {
			t.Errorf("the stream goes on with %s", r.URL.RawQuery)
		}
		fmt.Fprintf(w, "event: status\ndata: {\"status\":\"RUNNING\"}\n\nid: 3\nevent: history\ndata: %s\n\nevent: status\ndata: {\"status\":\"FAILED\"}\n\n", event(3))
	})
	return mux
}

func TestHistoryIsReadByPages(t *testing.T) {
	var asked []string
	got := run(t, App{}, paged(t, &asked), "", "exec", "history", "e1", "--reverse")
	if strings.Count(got.out, "\n") != 6 || got.err != "" || strings.Join(asked, " ") != "max=1000&reverse=true max=1000&reverse=true&token=t" {
		t.Errorf("%q %+v", asked, got)
	}
	if rows := strings.Split(got.out, "\n"); strings.Index(rows[0], "TYPE") != strings.Index(rows[5], "PassStateEntered") {
		t.Errorf("columns shift between pages:\n%s", got.out)
	}
	asked = nil
	got = run(t, App{}, paged(t, &asked), "", "exec", "history", "e1", "--max", "2")
	if strings.Count(got.out, "\n") != 3 || got.err != "more: --token t\n" || strings.Join(asked, " ") != "max=2" {
		t.Errorf("%q %+v", asked, got)
	}
	got = run(t, App{}, paged(t, &asked), "", "exec", "history", "e1", "-o", "json")
	if strings.Count(got.out, `"id"`) != 5 || strings.Contains(got.out, "next") {
		t.Errorf("%+v", got)
	}
}

func TestHistoryFollows(t *testing.T) {
	var asked []string
	got := run(t, App{}, paged(t, &asked), "", "exec", "history", "e1", "--follow", "-o", "json")
	if got.code != 0 || strings.Count(got.out, "\n") != 3 || !strings.HasPrefix(got.out, `{"id":1,`) || !strings.Contains(got.out, "\n{\"id\":3,") {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, paged(t, &asked), "", "exec", "history", "e1", "-f"); strings.Count(got.out, "\n") != 4 || !strings.HasPrefix(got.out, "ID ") {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, nil, "", "exec", "history", "e1", "--follow", "--max", "3"); got.code != 64 {
		t.Errorf("%+v", got)
	}
	if got := run(t, App{}, refusing(403, "AccessDeniedException", "no"), "", "exec", "history", "e1", "--follow"); got.code != 4 {
		t.Errorf("who may not read events is told: %+v", got)
	}
}

func TestWatchSeveral(t *testing.T) {
	mux := http.NewServeMux()
	for id, status := range map[string]string{"a": "SUCCEEDED", "b": "FAILED"} {
		arn := "arn:" + id
		mux.HandleFunc("GET /-/v1/executions/"+arn+"/events", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "event: state\ndata: {\"state\":\"S\",\"class\":\"running\"}\n\nevent: status\ndata: {\"status\":%q,\"state\":null}\n\n", status)
		})
		for _, name := range []string{id, arn} {
			mux.HandleFunc("GET /-/v1/executions/"+name, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"id":%q,"arn":%q,"stateMachine":"order","status":%q}`, id, arn, status)
			})
		}
	}
	asked := ""
	mux.HandleFunc("GET /-/v1/executions", func(w http.ResponseWriter, r *http.Request) {
		if asked = r.URL.RawQuery; r.URL.Query().Get("health") != "" {
			fmt.Fprint(w, `{"executions":[]}`)
			return
		}
		fmt.Fprint(w, `{"executions":[{"id":"b","arn":"arn:b","stateMachine":"order","status":"RUNNING"}]}`)
	})
	got := run(t, App{}, mux, "", "exec", "watch", "a", "b")
	for _, line := range []string{"a                    S                    running\n", "b                    FAILED\n", "a                    SUCCEEDED\n"} {
		if !strings.Contains(got.out, line) {
			t.Errorf("no %q in\n%s", line, got.out)
		}
	}
	if got.code != 1 || got.err != "stile: 1 of 2 executions did not succeed\n" {
		t.Errorf("%+v", got)
	}
	got = run(t, App{}, mux, "", "exec", "watch", "--state-machine", "order", "-o", "json")
	want := `{"id":"b","event":"state","data":{"state":"S","class":"running"}}` + "\n" +
		`{"id":"b","event":"execution","data":{"id":"b","arn":"arn:b","stateMachine":"order","status":"FAILED"}}` + "\n"
	if got.code != 1 || got.out != want || asked != "max=65&stateMachine=order&status=RUNNING" {
		t.Errorf("%s %+v", asked, got)
	}
	if got := run(t, App{}, mux, "", "exec", "watch", "--health", "stuck"); got.code != 0 || got.err != "nothing runs that matches\n" {
		t.Errorf("%+v", got)
	}
	for _, args := range [][]string{{"a", "--state-machine", "order"}, {"--status", "FAILED"}} {
		if got := run(t, App{}, mux, "", append([]string{"exec", "watch"}, args...)...); got.code != 64 {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

// TestLiveTable: each change draws the table over the one before, no line wider than
// the terminal.
func TestLiveTable(t *testing.T) {
	var out strings.Builder
	c := &command{Streams: Streams{Out: &out}}
	table := &liveTable{c: c, columns: 40, rows: []execution{{ID: "a", StateMachine: "order", Status: "RUNNING"}, {ID: "b", StateMachine: "order", Status: "RUNNING"}}}
	table.draw()
	out.Reset()
	e := "Oops"
	table.take(news{row: 1, over: true, e: execution{Status: "FAILED", Error: &e}})
	want := "\x1b[3A\r\x1b[KID  STATE MACHINE  STATUS   STATE  STA…\n\r\x1b[Ka   order          RUNNING\n\r\x1b[Kb   order          FAILED   Oops\n"
	if out.String() != want {
		t.Errorf("%q", out.String())
	}
	if got := fitted("123456", 5); got != "1234…" {
		t.Error(got)
	}
}

func TestProgressTellsEverySecondAndNotUnderJSON(t *testing.T) {
	now := time.Unix(0, 0)
	for _, output := range []string{"text", "json"} {
		var errs strings.Builder
		p := &progress{c: &command{output: output, Streams: Streams{Err: &errs}}, silent: output == "json", now: func() time.Time { return now }, told: now}
		for i := range 25 {
			now = now.Add(100 * time.Millisecond)
			p.tell(func() string { return fmt.Sprint(i) })
		}
		if want := map[string]string{"text": "9\n19\n", "json": ""}[output]; errs.String() != want {
			t.Errorf("%s: %q", output, errs.String())
		}
	}
	if got := bar(5, 20); got != "█████░░░░░░░░░░░░░░░ 5/20" {
		t.Error(got)
	}
}
