package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/internal/app"
)

// result is what one command line did.
type result struct {
	code     int
	out, err string
}

// run runs one command line against a control API, or none where api is nil.
func run(t *testing.T, product App, api http.Handler, in string, args ...string) result {
	t.Helper()
	env := map[string]string{}
	if api != nil {
		s := httptest.NewServer(api)
		t.Cleanup(s.Close)
		env["STILE_SERVER"] = s.URL
	}
	var out, errs bytes.Buffer
	code := Main(t.Context(), product, args, Streams{
		In: strings.NewReader(in), Out: &out, Err: &errs, Env: func(name string) string { return env[name] },
	})
	return result{code, out.String(), errs.String()}
}

func TestUsageIsOneLineAnd64(t *testing.T) {
	for _, args := range [][]string{
		{"exce"},
		{"exec", "lst"},
		{"start"},
		{"start", "order", "--input", "no-such-file"},
		{"start", "order", "--input", "{"},
		{"check", "-o", "xml"},
		{"--color", "pink", "version"},
		{"dev", "--account", "12"},
		{"dev", "a", "b"},
		{"dev", "--ephemeral", "--data", "x"},
		{"exec", "show"},
		{"token"},
		{"exec", "list", "--server", "ftp://x"},
		{"version", "--nope"},
	} {
		got := run(t, App{}, nil, "", args...)
		if got.code != 64 || got.out != "" || strings.Count(got.err, "\n") != 1 {
			t.Errorf("%q: %+v, want code 64 and one line on stderr", args, got)
		}
	}
}

func TestNearestCommandIsNamed(t *testing.T) {
	if got := run(t, App{}, nil, "", "callbak"); !strings.Contains(got.err, `did you mean "callback"?`) {
		t.Errorf("%+v", got)
	}
}

func TestUnreachableServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close()
	for _, args := range [][]string{{"exec", "list"}, {"callback", "list"}, {"start", "order"}, {"exec", "watch", "x"}, {"shellenv"}} {
		got := run(t, App{}, nil, "", append(args, "--server", free)...)
		if got.code != 5 || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, free) {
			t.Errorf("%q: %+v, want code 5 and one line that names the server", args, got)
		}
	}
}

// refusing answers every request with one error.
func refusing(status int, code, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": message}})
	})
}

func TestRefusalsKeepTheServersWords(t *testing.T) {
	for status, want := range map[int]int{404: 3, 403: 4, 401: 4, 409: 6, 400: 1, 500: 1} {
		got := run(t, App{}, refusing(status, "Code", "what it\nsaid"), "", "exec", "show", "x")
		if got.code != want || got.err != "stile: what it said [Code]\n" {
			t.Errorf("status %d: %+v, want code %d", status, got, want)
		}
	}
}

func faults() diag.List {
	src := diag.NewSource("order.asl.json", "{\n  \"Next\": \"Chrage\"\n}\n")
	d := src.At(12, diag.Diagnostic{Code: "MISSING_TRANSITION_TARGET", Message: "no state 'Chrage'", Hint: "did you mean Charge?", Width: 8})
	w := diag.Diagnostic{Code: "STL-C010", Severity: diag.Warning, File: "x.json", Line: 1, Column: 1, Message: "not used"}
	return diag.List{d, w}
}

func TestCheckText(t *testing.T) {
	var asked []string
	product := App{Check: func(paths []string) (diag.List, error) { asked = paths; return faults(), nil }}
	got := run(t, product, nil, "", "check", "a", "b")
	want := result{1, `error[MISSING_TRANSITION_TARGET]: no state 'Chrage'
  --> order.asl.json:2:11
  |
2 |   "Next": "Chrage"
  |           ^^^^^^^^
  = help: did you mean Charge?

warning[STL-C010]: not used
  --> x.json:1:1
`, "1 error, 1 warning\n"}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(result{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a", "b"}, asked); d != "" {
		t.Error(d)
	}
}

func TestCheckMachineForms(t *testing.T) {
	product := App{Check: func([]string) (diag.List, error) { return faults(), nil }}
	lines := strings.Split(strings.TrimSpace(run(t, product, nil, "", "check", "-o", "jsonl").out), "\n")
	if len(lines) != 2 {
		t.Fatalf("jsonl gave %d lines, want 2: %q", len(lines), lines)
	}
	var first diag.Diagnostic
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first.Code != "MISSING_TRANSITION_TARGET" || first.Line != 2 {
		t.Errorf("first line %q: %+v, %v", lines[0], first, err)
	}
	var whole struct {
		Diagnostics      []diag.Diagnostic
		Errors, Warnings int
	}
	if err := json.Unmarshal([]byte(run(t, product, nil, "", "check", "-o", "json").out), &whole); err != nil {
		t.Fatal(err)
	}
	if len(whole.Diagnostics) != 2 || whole.Errors != 1 || whole.Warnings != 1 {
		t.Errorf("json: %+v", whole)
	}
}

func TestCheckOfWarningsAndOfNothing(t *testing.T) {
	warned := App{Check: func([]string) (diag.List, error) { return faults()[1:], nil }}
	if got := run(t, warned, nil, "", "check"); got.code != 0 {
		t.Errorf("warnings alone: %+v, want code 0", got)
	}
	clean := App{Check: func([]string) (diag.List, error) { return nil, nil }}
	if got := run(t, clean, nil, "", "check", "-o", "json"); got.code != 0 || !strings.Contains(got.out, `"diagnostics": []`) {
		t.Errorf("nothing: %+v", got)
	}
	broken := App{Check: func([]string) (diag.List, error) { return nil, errors.New("open x:\npermission denied") }}
	if got := run(t, broken, nil, "", "check"); got.code != 1 || got.err != "stile: open x: permission denied\n" {
		t.Errorf("unreadable: %+v", got)
	}
}

func TestColorIsAskedFor(t *testing.T) {
	product := App{Check: func([]string) (diag.List, error) { return faults(), nil }}
	if got := run(t, product, nil, "", "check"); strings.Contains(got.out, "\x1b[") {
		t.Errorf("colour without a terminal: %q", got.out)
	}
	if got := run(t, product, nil, "", "check", "--color", "always"); !strings.Contains(got.out, "\x1b[31merror") {
		t.Errorf("no colour although asked: %q", got.out)
	}
}

func TestDevHandsItsFlagsOn(t *testing.T) {
	var got app.Options
	product := App{Dev: func(_ context.Context, o app.Options) error {
		got = o
		o.Ready(app.Ready{Version: "1", Project: "orders", Console: "http://c", Gateway: "http://g", Data: "d", APIs: 5, Operations: 7,
			StateMachines: 1, Samples: []string{"inventory", "payments", "shipping", "approvals"}})
		return nil
	}}
	res := run(t, product, nil, "", "dev", "a", "--gateway", "127.0.0.1:1", "--ready-file", "r", "--region", "eu-west-1")
	if res.code != 0 || got.Gateway != "127.0.0.1:1" || got.ReadyFile != "r" || got.Region != "eu-west-1" || got.Control != "127.0.0.1:7400" {
		t.Errorf("%+v, options %+v", res, got)
	}
	if d := cmp.Diff([]string{"a"}, got.Dirs); d != "" {
		t.Error(d)
	}
	for _, want := range []string{"http://c/", "lost at the end", "Three things to try", "http://g/orders", "a/roles/order-role.json"} {
		if !strings.Contains(res.out, want) {
			t.Errorf("the banner does not say %q:\n%s", want, res.out)
		}
	}
}

func TestServerErrorsAreOneLine(t *testing.T) {
	product := App{Serve: func(context.Context, app.Options) error {
		return errors.New("address 127.0.0.1:7480 is in use; --gateway moves it")
	}}
	got := run(t, product, nil, "", "serve")
	if got.code != 1 || got.err != "stile: address 127.0.0.1:7480 is in use; --gateway moves it\n" {
		t.Errorf("%+v", got)
	}
	product.Serve = func(context.Context, app.Options) error {
		return diag.List{{Code: "STL-C007", Severity: diag.Error, File: "nowhere", Message: "it is not a folder"}}
	}
	if got := run(t, product, nil, "", "serve"); got.code != 1 || got.err != "stile: nowhere: it is not a folder [STL-C007]\n" {
		t.Errorf("a folder that is not there: %+v", got)
	}
	product.Serve = func(context.Context, app.Options) error { return faults() }
	if got := run(t, product, nil, "", "serve"); got.code != 1 || !strings.Contains(got.err, "order.asl.json:2:11") {
		t.Errorf("diagnostics of a start: %+v", got)
	}
}

func TestStartTakesInputFromAllThreePlaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "in.json")
	if err := os.WriteFile(file, []byte(`{"from": "file"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{`{"from": "flag"}`: "flag", file: "file", "-": "stdin"} {
		var body struct {
			StateMachine string
			Input        struct{ From string }
		}
		api := http.NewServeMux()
		api.HandleFunc("POST /-/v1/executions", func(w http.ResponseWriter, r *http.Request) {
			json.NewDecoder(r.Body).Decode(&body)
			w.WriteHeader(201)
			w.Write([]byte(`{"id": "e1", "arn": "a", "start": "s"}`))
		})
		got := run(t, App{}, api, `{"from": "stdin"}`, "start", "order", "--input", flag)
		if got.code != 0 || got.out != "e1\n" || body.Input.From != want || body.StateMachine != "order" {
			t.Errorf("--input %s: %+v, body %+v", flag, got, body)
		}
	}
}
