package connection_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/identity/idptest"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/internal/task/connection"
	"stile/jsonval"
	"stile/policy/exchange"
)

// world is a project's one connection, the clock, and the target that it calls.
type world struct {
	t      *testing.T
	mu     sync.Mutex
	now    time.Time
	secret string // the file that holds the connection's secret
	d      *connection.Definition
	keeper *connection.Keeper
	runner *task.Runner

	accept func(w *world, ex *exchange.Exchange) bool // the target's own rule
	seen   []request
}

// request is what the target got.
type request struct {
	authorization, key, query, body string
	status                          int
}

func newWorld(t *testing.T, transport http.RoundTripper, d *connection.Definition, text string) *world {
	t.Helper()
	w := &world{t: t, now: time.Now(), secret: filepath.Join(t.TempDir(), "secret"), d: d}
	w.rotate(text)
	ref, err := secret.Parse("file://" + w.secret)
	if err != nil {
		t.Fatal(err)
	}
	d.Name, d.Secret = "partner", ref
	w.keeper = connection.New(connection.Config{Secrets: secret.NewStore(secret.Config{Now: w.clock}), Transport: transport, Now: w.clock})
	w.runner, err = task.New(task.Config{
		Map: func(string) (task.Target, bool) { return task.Target{}, false },
		Egress: func(string, string) (task.Exit, bool) {
			return task.Exit{Entry: "api.example.com", Reason: "test"}, true
		},
		Upstream: exchange.CallerFunc(w.target), Now: w.clock, NewGUID: func() string { return "guid" },
		Connection: func(string) (task.Connection, bool) {
			return task.Connection{Name: d.Name, Authorize: func(ctx context.Context) (task.Credentials, error) { return w.keeper.Authorize(ctx, d) }}, true
		},
	}, task.Table())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) rotate(text string) {
	if err := os.WriteFile(w.secret, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) target(_ context.Context, ex *exchange.Exchange) error {
	body, _ := ex.Request.Body.Bytes()
	status := http.StatusUnauthorized
	if w.accept(w, ex) {
		status = http.StatusOK
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, request{ex.Request.Header.Get("Authorization"), ex.Request.Header.Get("Idempotency-Key"),
		ex.Request.URL.QueryString(), string(body), status})
	ex.Response = exchange.Response{StatusCode: status, Body: exchange.Text(`{"ok":true}`)}
	ex.Calls = append(ex.Calls, exchange.Call{Status: status})
	return nil
}

// run makes one call of a Task.
func (w *world) run() sfn.TaskResult {
	out := make(chan sfn.TaskResult, 1)
	w.runner.Start(w.t.Context(), sfn.TaskCall{Resource: "arn:aws:states:::http:invoke", IdempotencyKey: "idem", ExecutionARN: "arn", Command: 1,
		RoleARN: "arn:aws:iam::111111111111:role/order-role",
		Parameters: jsonval.MustParse(`{"ApiEndpoint":"https://api.example.com/orders","Method":"POST","RequestBody":{"a":1},
			"Authentication":{"ConnectionArn":"arn:aws:events:us-east-1:111111111111:connection/partner/1"}}`)},
		func(r sfn.TaskResult) { out <- r })
	return <-out
}

// bearer is a target that takes the provider's tokens by the clock, but the revoked.
func bearer(revoked map[string]bool) func(*world, *exchange.Exchange) bool {
	return func(w *world, ex *exchange.Exchange) bool {
		token, ok := strings.CutPrefix(ex.Request.Header.Get("Authorization"), "Bearer ")
		parts := strings.Split(token, ".")
		if !ok || len(parts) != 3 || revoked[token] {
			return false
		}
		var claims struct{ Exp int64 }
		text, err := base64.RawURLEncoding.DecodeString(parts[1])
		return err == nil && json.Unmarshal(text, &claims) == nil && w.clock().Before(time.Unix(claims.Exp, 0))
	}
}

const unusable = "Events.ConnectionResource.InvalidConnectionState"

// TestConnectionMatrix holds the client credentials of every kind of provider
// against everything that a token endpoint and a target do.
func TestConnectionMatrix(t *testing.T) {
	const orgServer = "Okta's org server grants client credentials for private_key_jwt alone"
	cells := []struct {
		name  string
		token bool // the cell needs a token that is granted
		judge func(p *idptest.Provider, w *world, revoked map[string]bool) string
	}{
		{"good", true, func(p *idptest.Provider, w *world, _ map[string]bool) string {
			first, second := w.run(), w.run()
			return wrong(first.Error == "" && second.Error == "" && len(w.seen) == 2 && p.Asked("token") == 1, first, second)
		}},
		{"401 then good", true, func(p *idptest.Provider, w *world, revoked map[string]bool) string {
			first := w.run()
			revoked[strings.TrimPrefix(w.seen[0].authorization, "Bearer ")] = true
			w.pass(time.Minute) // a token of another second is another
			second := w.run()
			ok := first.Error == "" && second.Error == "" && len(w.seen) == 3 && w.seen[1].status == 401 && w.seen[2].status == 200 &&
				w.seen[1].key == w.seen[2].key && w.seen[1].body == w.seen[2].body && w.seen[1].authorization != w.seen[2].authorization && p.Asked("token") == 2
			return wrong(ok, first, second)
		}},
		{"expired cache", true, func(p *idptest.Provider, w *world, _ map[string]bool) string {
			first := w.run()
			w.pass(59*time.Minute + 30*time.Second) // within the margin
			second := w.run()
			w.pass(2 * time.Hour)
			third := w.run()
			ok := first.Error == "" && second.Error == "" && third.Error == "" && len(w.seen) == 3 && p.Asked("token") == 3
			return wrong(ok, first, second, third)
		}},
		{"token endpoint down", false, func(p *idptest.Provider, w *world, _ map[string]bool) string {
			p.Down(true)
			res := w.run()
			p.Down(false)
			ok := res.Error == unusable && strings.Contains(res.Cause, "it answered 503") && len(w.seen) == 0 && p.Asked("token") == 1
			return wrong(ok && (p.Kind == idptest.OktaOrg || w.run().Error == ""), res)
		}},
		{"wrong content type", true, func(p *idptest.Provider, w *world, _ map[string]bool) string {
			p.TokenAnswers(idptest.TokenWrongType)
			res := w.run()
			return wrong(res.Error == unusable && strings.Contains(res.Cause, "application/json") && len(w.seen) == 0 && p.Asked("token") == 1, res)
		}},
		{"redirect", false, func(p *idptest.Provider, w *world, _ map[string]bool) string {
			p.TokenAnswers(idptest.TokenRedirected)
			res := w.run()
			return wrong(res.Error == unusable && strings.Contains(res.Cause, "redirects (307)") && len(w.seen) == 0 && p.Asked("token") == 1, res)
		}},
	}
	count, bad := 0, 0
	for _, kind := range idptest.Kinds() {
		for _, cell := range cells {
			t.Run(kind.String()+"/"+cell.name, func(t *testing.T) {
				p := idptest.New(t, kind)
				revoked := map[string]bool{}
				w := newWorld(t, p.Transport(), &connection.Definition{Kind: connection.OAuth, User: p.ClientID, Endpoint: p.TokenURL(), Method: "POST"}, p.ClientSecret)
				p.SetNow(w.clock)
				w.accept = bearer(revoked)
				if kind == idptest.OktaOrg && cell.token {
					if res := w.run(); res.Error != unusable || !strings.Contains(res.Cause, "unauthorized_client") || len(w.seen) != 0 {
						t.Errorf("%+v", res)
					}
					t.Log("does not apply: " + orgServer)
					return
				}
				count++
				if problem := cell.judge(p, w, revoked); problem != "" {
					bad++
					t.Errorf("%s\nthe target saw %+v, the token endpoint was asked %d times", problem, w.seen, p.Asked("token"))
				}
			})
		}
	}
	t.Logf("connections: %d cells, wrong answers %d", count, bad)
	if count != 26 {
		t.Errorf("%d cells, want 26", count)
	}
}

func wrong(ok bool, results ...sfn.TaskResult) string {
	if ok {
		return ""
	}
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s: %s %s\n", r.Error, r.Cause, r.Output.Text())
	}
	return b.String()
}
