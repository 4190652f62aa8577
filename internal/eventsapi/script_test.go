package eventsapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"stile/internal/connections"
	"stile/internal/identity"
	"stile/internal/secret/datakey"
)

// canary stands in every secret value that the tests send.
const canary = "canary"

// kept is a store in memory.
type kept map[string][]byte

func (k kept) Put(name string, value []byte) error { k[name] = value; return nil }
func (k kept) Delete(name string) error            { delete(k, name); return nil }
func (k kept) Each(f func(string, []byte) bool) error {
	for _, name := range slices.Sorted(maps.Keys(k)) {
		f(name, k[name])
	}
	return nil
}

// may lets an action on a resource pass where it says so.
type may struct {
	allows func(action string, resources []string) bool
	told   *[]string
}

func (m may) Permit(_ context.Context, action string, resources ...string) identity.Decision {
	return identity.Decision{Allowed: m.allows(action, resources)}
}
func (m may) Anywhere(_ context.Context, action string) identity.Decision {
	return identity.Decision{Allowed: m.allows(action, nil)}
}
func (may) User(context.Context) string { return "user:ada" }
func (m may) Refused(_ context.Context, action, resource string, _ identity.Decision) {
	*m.told = append(*m.told, action+" "+resource)
}

var everybody = may{allows: func(string, []string) bool { return true }}

func newBook(t *testing.T, store connections.Store) *connections.Book {
	t.Helper()
	n := 0
	b, err := connections.Open(connections.Config{Store: store, Key: datakey.New(datakey.Config{}),
		Check: connections.Checks{Header: func(string) string { return "" }, Endpoint: func(string) string { return "" }},
		Declared: func() []connections.Connection {
			return []connections.Connection{{Name: "file", Type: connections.APIKey, Auth: connections.Auth{APIKey: &connections.APIKeyAuth{Name: "X-Key"}}}}
		},
		Region: "us-east-1", Account: "111111111111", Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
		NewID: func() string { n++; return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func handler(c Connections, m may, log *bytes.Buffer) http.Handler {
	return New(Config{Connections: c, Permissions: m, Account: "111111111111", Region: "us-east-1", NewID: func() string { return "request-1" },
		Log: slog.New(slog.NewTextHandler(log, nil))})
}

func call(h http.Handler, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func indented(t *testing.T, text []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(text), "", "  "); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out.String()
}

// TestScripts runs testdata/*.txtar: files named for an action hold its body, the
// "answer STATUS" after each the JSON that must come back. No answer and nothing
// that is kept has a secret value.
func TestScripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			store, log := kept{}, &bytes.Buffer{}
			h := handler(newBook(t, store), everybody, log)
			var w *httptest.ResponseRecorder
			for i, part := range a.Files {
				words := strings.Fields(part.Name)
				if words[0] != "answer" {
					w = call(h, Prefix+words[0], strings.TrimSpace(string(part.Data)))
					continue
				}
				if strings.Contains(w.Body.String(), canary) {
					t.Errorf("answer %d has a secret: %s", i, w.Body)
				}
				if got := fmt.Sprint(w.Code); got != words[1] || w.Header().Get("Content-Type") != contentType || w.Header().Get("x-amzn-RequestId") == "" {
					t.Errorf("%s: status %s, headers %v", a.Files[i-1].Name, got, w.Header())
				}
				if d := cmp.Diff(indented(t, part.Data), indented(t, w.Body.Bytes())); d != "" {
					t.Errorf("%s (-want +got):\n%s", a.Files[i-1].Name, d)
				}
			}
			for name, value := range store {
				if bytes.Contains(value, []byte(canary)) {
					t.Errorf("%s is kept with a secret", name)
				}
			}
			if strings.Contains(log.String(), canary) {
				t.Errorf("logged: %s", log)
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	var told []string
	only := may{told: &told, allows: func(action string, resources []string) bool {
		return resources == nil && action == actionList || slices.Contains(resources, "connection/a") || slices.Contains(resources, "connection/z")
	}}
	book := newBook(t, kept{})
	h := handler(book, everybody, &bytes.Buffer{})
	for i := range 210 { // two pages lie between those that may be seen
		name := fmt.Sprintf("m-%03d", i)
		if i < 2 {
			name = []string{"a", "z"}[i]
		}
		body := `{"Name":"` + name + `","AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"X","ApiKeyValue":"canary"}}}`
		if w := call(h, Prefix+"CreateConnection", body); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	h = handler(book, only, &bytes.Buffer{})
	for action := range actionTable() {
		if action == "ListConnections" {
			continue
		}
		rest := ""
		if action == "CreateConnection" {
			rest = `,"AuthorizationType":"BASIC","AuthParameters":{}`
		}
		w := call(h, Prefix+action, `{"Name":"m-100"`+rest+`}`)
		want := `"AccessDeniedException","message":"User: user:ada is not authorized to perform: events:` + action + ` on resource: arn:aws:events:us-east-1:111111111111:connection/m-100 `
		if w.Code != 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", action, w.Code, w.Body)
		}
		if w := call(h, Prefix+action, `{"Name":"a"`+rest+`}`); strings.Contains(w.Body.String(), "AccessDenied") {
			t.Errorf("%s: %s", action, w.Body)
		}
		if action == "DeleteConnection" {
			call(handler(book, everybody, &bytes.Buffer{}), Prefix+"CreateConnection",
				`{"Name":"a","AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"X","ApiKeyValue":"canary"}}}`)
		}
	}
	if len(told) != len(actionTable())-1 {
		t.Errorf("%d refusals were told of", len(told))
	}
	var seen []string
	pages := 0
	for token := ""; ; {
		var page struct {
			Connections []struct{ Name string }
			NextToken   string
		}
		body := `{"Limit":1}`
		if token != "" {
			body = `{"Limit":1,"NextToken":"` + token + `"}`
		}
		pages++
		if err := json.Unmarshal(call(h, Prefix+"ListConnections", body).Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Connections {
			seen = append(seen, c.Name)
		}
		if token = page.NextToken; token == "" {
			break
		}
		if at, _ := base64.RawURLEncoding.DecodeString(token); strings.Contains(string(at), "m-") {
			t.Errorf("a token tells of another's: %s", at)
		}
	}
	if got := strings.Join(seen, " "); got != "a z" || pages != 2 {
		t.Errorf("seen: %s, on %d pages", got, pages)
	}
	nobody := may{told: &told, allows: func(string, []string) bool { return false }}
	if w := call(handler(book, nobody, &bytes.Buffer{}), Prefix+"ListConnections", "{}"); !strings.Contains(w.Body.String(), "connection/* because") {
		t.Errorf("a list without a permission: %s", w.Body)
	}
}

// broken fails with what no client may see.
type broken struct{ Connections }

func (broken) DescribeConnection(context.Context, string) (connections.Connection, error) {
	return connections.Connection{}, fmt.Errorf("the disk")
}

func TestProtocol(t *testing.T) {
	var log bytes.Buffer
	h := handler(broken{newBook(t, kept{})}, everybody, &log)
	for _, tt := range []struct {
		target, body string
		status       int
		want         string
	}{
		{"AWSEvents.PutEvents", "{}", 400, "UnknownOperationException"},
		{"AWSStepFunctions.ListConnections", "{}", 400, "UnknownOperationException"},
		{Prefix + "ListConnections", `{"canary`, 400, "SerializationException"},
		{Prefix + "ListConnections", `[]`, 400, "SerializationException"},
		{Prefix + "ListConnections", ``, 200, `"Connections":[{`},
		{Prefix + "ListConnections", `{"Limit":"1"}`, 400, "SerializationException"},
		{Prefix + "ListConnections", `{"Limit":101}`, 400, "'limit' failed to satisfy constraint: Member must have value less than or equal to 100"},
		{Prefix + "ListConnections", `{"x":"` + strings.Repeat("canary ", MaxBody/7+1) + `"}`, 413, "RequestEntityTooLargeException"},
		{Prefix + "DescribeConnection", `{"Name":"x"}`, 500, `"__type":"InternalException","message":"The request failed because of an internal error, request request-1"`},
	} {
		w := call(h, tt.target, tt.body)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), canary) {
			t.Errorf("%s %.40s: %d %s", tt.target, tt.body, w.Code, w.Body)
		}
	}
	if !strings.Contains(log.String(), "the disk") || strings.Contains(log.String(), canary) {
		t.Errorf("logged: %s", &log)
	}
}
