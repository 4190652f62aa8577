package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// callbackAPI notes what is posted and answers each verb.
func callbackAPI(posted *[]string, answers map[string]string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /-/v1/callbacks/{verb}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*posted = append(*posted, r.PathValue("verb")+" "+string(body))
		answer := answers[r.PathValue("verb")]
		if code, text, ok := strings.Cut(answer, " "); ok && code == "410" {
			w.WriteHeader(http.StatusGone)
			answer = text
		}
		io.WriteString(w, answer)
	})
	mux.HandleFunc("GET /-/v1/callbacks", func(w http.ResponseWriter, r *http.Request) {
		*posted = append(*posted, "list "+r.URL.RawQuery)
		io.WriteString(w, `{"callbacks":[
			{"id":"order:e1:3:1","url":"http://g/callbacks/T","execution":"e1","stateMachine":"order","state":"Approve","expires":"later","revoked":false},
			{"id":"order:e2:3:1","url":"http://g/callbacks/U","execution":"e2","stateMachine":"order","state":"Approve","expires":"later","revoked":true}]}`)
	})
	return mux
}

func TestCallbackVerbs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "output.json")
	if err := os.WriteFile(file, []byte(`{"from":"file"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{
		"complete": `{"callback":"order:e1:3:1","status":"accepted"}`,
		"fail":     `410 {"error":{"code":"CallbackGone","message":"The task no longer waits for this callback."}}`,
		"revoke":   `{"callback":"order:e1:3:1","status":"revoked"}`,
		"resend":   `{"callback":"order:e1:3:1","status":"sent","send":2,"newUrl":true,"error":null,"cause":null}`,
	}
	for _, c := range []struct {
		args []string
		want result
		sent string
	}{
		{[]string{"callback", "complete", "e1/Approve", "--output", `{"ok":true}`}, result{0, "order:e1:3:1 accepted\n", ""},
			`complete {"callback":"e1/Approve","output":{"ok":true}}`},
		{[]string{"callback", "complete", "order:e1:3:1", "--output", file}, result{0, "order:e1:3:1 accepted\n", ""},
			`complete {"callback":"order:e1:3:1","output":{"from":"file"}}`},
		{[]string{"callback", "complete", "http://g/callbacks/T", "--output", "-"}, result{0, "order:e1:3:1 accepted\n", ""},
			`complete {"callback":"http://g/callbacks/T","output":"stdin"}`},
		{[]string{"callback", "complete", "e1/Approve"}, result{0, "order:e1:3:1 accepted\n", ""}, `complete {"callback":"e1/Approve","output":{}}`},
		{[]string{"callback", "fail", "e1/Approve", "--error", "No", "--cause", "too dear"},
			result{6, "", "stile: The task no longer waits for this callback. [CallbackGone]\n"}, `fail {"callback":"e1/Approve","cause":"too dear","error":"No"}`},
		{[]string{"callback", "revoke", "e1/Approve"}, result{0, "order:e1:3:1 revoked\n", ""}, `revoke {"callback":"e1/Approve"}`},
		{[]string{"callback", "resend", "e1/Approve"}, result{0, "order:e1:3:1 sent, send 2, with a new URL\n", ""}, `resend {"callback":"e1/Approve"}`},
		{[]string{"callback", "list", "-o", "url", "--execution", "e1"}, result{0, "http://g/callbacks/T\n", ""}, "list execution=e1"},
		{[]string{"callback", "list"}, result{0, "order  e1  Approve  until later\n  order:e1:3:1\n  http://g/callbacks/T\n" +
			"order  e2  Approve  revoked\n  order:e2:3:1\n", ""}, "list "},
	} {
		var posted []string
		got := run(t, App{}, callbackAPI(&posted, answers), `"stdin"`, c.args...)
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(result{})); d != "" {
			t.Errorf("%q:\n%s", c.args, d)
		}
		if d := cmp.Diff([]string{c.sent}, posted); d != "" {
			t.Errorf("%q sent:\n%s", c.args, d)
		}
	}
}

func TestResendThatTheReceiverRefused(t *testing.T) {
	var posted []string
	api := callbackAPI(&posted, map[string]string{"resend": `{"callback":"order:e1:3:1","status":"failed","send":2,"newUrl":false,"error":"Http.503","cause":"busy"}`})
	got := run(t, App{}, api, "", "callback", "resend", "e1/Approve")
	if got.code != 1 || got.out != "" || got.err != "stile: the receiver did not take the request, the state waits on: Http.503 busy\n" {
		t.Errorf("%+v", got)
	}
	got = run(t, App{}, api, "", "callback", "resend", "e1/Approve", "-o", "json")
	var v map[string]any
	if err := json.Unmarshal([]byte(got.out), &v); got.code != 1 || err != nil || v["error"] != "Http.503" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestCallbackUsage(t *testing.T) {
	for _, args := range [][]string{{"callback", "complete"}, {"callback", "revoke"}, {"callback", "complete", "x", "--output", "{"}, {"callback", "list", "-o", "xml"}, {"callback", "fail", "a", "b"}} {
		if got := run(t, App{}, nil, "", args...); got.code != 64 || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

func TestShowPrintsDeliveries(t *testing.T) {
	got := run(t, App{}, controlAPI("FAILED"), "", "exec", "show", "e1")
	for _, want := range []string{"Callbacks\n  2 earlier deliveries are not kept\n",
		"  Approve  t  complete  refused 403 by ip-filter (apim/apis/callbacks/policy.xml:3): CallerIpNotAllowed  via url  192.0.2.7\n",
		"  Approve  t  revoke  done  via api  user:u\n", "  Approve  open until later  order:e1:3:1\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
}
