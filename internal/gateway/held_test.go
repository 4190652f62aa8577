package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

func secretRef(t *testing.T, text string) secret.Ref {
	t.Helper()
	r, err := secret.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sealed is a source of secrets as Compile asks it: what is not in the map has no
// value.
type sealed map[string]string

func (m sealed) value(r secret.Ref) (secret.Value, error) {
	if text, ok := m[r.String()]; ok {
		return secret.NewValue(text), nil
	}
	return secret.Value{}, &secret.Missing{Ref: r, Reason: "Key Vault cannot be reached"}
}

// guarded is a service with one operation that needs a secret, by a fragment, and
// one that does not.
func guarded(t *testing.T) *apim.Service {
	svc := service("http://x")
	svc.NamedValues = []*apim.NamedValue{{DisplayName: "token", Ref: secretRef(t, "kv://acme/token"), Place: apim.Place{File: "token.json", Line: 1}}}
	svc.Fragments = []*apim.Fragment{{ID: "f", Source: *source(0, "f.xml", "<fragment>\n  <stamp name=\"T\" value=\"{{token}}\" />\n</fragment>")}}
	svc.APIs[0].Operations[0].Policy = source(policy.Operation, "one.xml", doc(`<include-fragment fragment-id="f" />`, "", ""))
	svc.Policy = source(policy.Global, "policy.xml", "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error><stamp name=\"On-Error\" value=\"ran\" /></on-error></policies>")
	return svc
}

// TestAMissingSecretHoldsWhatNeedsIt: the project loads with a warning; what needs
// the secret answers 503 with a verdict until it comes; the rest works.
func TestAMissingSecretHoldsWhatNeedsIt(t *testing.T) {
	svc, have := guarded(t), sealed{}
	s, faults := Compile(svc, table(t), CompileOptions{Revision: "r", Secrets: have.value})
	if s == nil || faults.Errors() != 0 || len(faults) == 0 {
		t.Fatal(faults)
	}
	warned := slices.ContainsFunc(faults, func(d diag.Diagnostic) bool {
		return d.Code == CodeSecret && d.File == "token.json" && d.Message == "secret kv://acme/token: Key Vault cannot be reached"
	})
	if !warned {
		t.Errorf("no warning: %v", faults)
	}
	h := newHost(t, service("http://x"), nil)
	h.Swap(s)
	ops := svc.APIs[0].Operations
	held, free := gate+"/a"+ops[0].URLTemplate, gate+"/a"+ops[1].URLTemplate
	ex := h.call(t, ops[0].Method, held, "")
	if ex.Response.StatusCode != http.StatusServiceUnavailable || ex.Response.Header.Get("Retry-After") != "10" ||
		ex.Response.Header.Get("On-Error") != "ran" || strings.Contains(body(t, ex), "kv://") {
		t.Errorf("%d %s", ex.Response.StatusCode, body(t, ex))
	}
	if v := ex.Verdict; v == nil || v.File != "f.xml" || v.Line != 2 || v.Reason != ReasonSecret || v.Status != 503 ||
		v.Message != "named value token: secret kv://acme/token: Key Vault cannot be reached" || v.RetryAfter != heldRetry {
		t.Errorf("verdict %+v", v)
	}
	if got := h.call(t, ops[1].Method, free, "").Response.StatusCode; got != 200 {
		t.Errorf("what needs no secret: %d", got)
	}
	have["kv://acme/token"] = "s3cret"
	h.Swap(compile(t, svc, CompileOptions{Previous: s, Secrets: have.value}))
	if ex := h.call(t, ops[0].Method, held, ""); ex.Response.StatusCode != 200 || ex.Request.Header.Get("T") != "s3cret" {
		t.Errorf("after it came: %d", ex.Response.StatusCode)
	}
	// It is gone again, as when the last good value became too old.
	delete(have, "kv://acme/token")
	s, _ = Compile(svc, table(t), CompileOptions{Previous: h.Snapshot(), Secrets: have.value})
	h.Swap(s)
	if got := h.call(t, ops[0].Method, held, "").Response.StatusCode; got != 503 {
		t.Errorf("after it went: %d", got)
	}
}

// TestEveryScopeHolds puts the secret into each scope in turn.
func TestEveryScopeHolds(t *testing.T) {
	needs := `<stamp name="T" value="{{token}}" />`
	for _, scope := range []policy.Scope{policy.Global, policy.API, policy.Product, policy.Operation} {
		svc := shop()
		svc.NamedValues = []*apim.NamedValue{{DisplayName: "token", Ref: secretRef(t, "kv://acme/token")}}
		d := source(scope, "held.xml", doc(needs, "", ""))
		switch scope {
		case policy.Global:
			svc.Policy = d
		case policy.API:
			svc.APIs[0].Policy = d
		case policy.Product:
			svc.Products[0].Policy = d
		default:
			for _, o := range svc.APIs[0].Operations {
				o.Policy = d
			}
		}
		h := newHost(t, shop(), nil)
		s, faults := Compile(svc, table(t), CompileOptions{Secrets: sealed{}.value})
		if s == nil {
			t.Fatal(faults)
		}
		h.Swap(s)
		if got := h.call(t, "GET", gate+"/orders/7", "demo-key").Response.StatusCode; got != 503 {
			t.Errorf("%s: %d", scope, got)
		}
		if got := h.call(t, "GET", gate+"/orders/7", "wrong").Response.StatusCode; got != 401 {
			t.Errorf("%s without a key: %d", scope, got)
		}
	}
}

// TestAKeyThatCannotBeReadIsNoRefusal: while a subscription's key has no value, an
// unknown key may be right, and is not called wrong; never is it let in.
func TestAKeyThatCannotBeReadIsNoRefusal(t *testing.T) {
	svc := shop()
	for _, s := range svc.Subscriptions {
		if slices.ContainsFunc(s.Keys, func(k apim.Key) bool { return k == apim.NewKey("demo-key") }) {
			s.Keys[1] = apim.Key{Ref: secretRef(t, "kv://acme/key")}
		}
	}
	status := func(have sealed, key string) int {
		h := newHost(t, shop(), nil)
		h.Swap(compile(t, svc, CompileOptions{Secrets: have.value}))
		return h.call(t, "GET", gate+"/orders/7", key).Response.StatusCode
	}
	come := sealed{"kv://acme/key": "second"}
	got := []int{status(sealed{}, "demo-key"), status(sealed{}, "second"), status(come, "second"), status(come, "third"), status(come, "demo-key")}
	if diff := cmp.Diff([]int{200, 503, 200, 401, 200}, got); diff != "" {
		t.Error(diff)
	}
}

// TestChecksReadNoSecret: faults that only come of a value that is not there are
// not told; the document's own are.
func TestChecksReadNoSecret(t *testing.T) {
	svc := guarded(t)
	if _, faults := Compile(svc, table(t), CompileOptions{}); faults.HasErrors() || slices.ContainsFunc(faults, func(d diag.Diagnostic) bool { return d.Code == CodeSecret }) {
		t.Error(faults)
	}
	svc.APIs[0].Operations[0].Policy.Text = "<policies><inbound><stamp name=\"{{token}}\" /><nope /></inbound></policies>"
	_, faults := Compile(svc, table(t), CompileOptions{Secrets: func(secret.Ref) (secret.Value, error) { return secret.Value{}, errors.New("down") }})
	if n := faults.Errors(); n != 2 {
		t.Errorf("%d faults, want the missing attribute and the unknown policy: %v", n, faults)
	}
	if got := CheckDocument(svc, table(t), *svc.APIs[0].Operations[0].Policy).Errors(); got != 2 {
		t.Errorf("CheckDocument: %d", got)
	}
}

// TestARefusalByTheBackendIsTold: its 401 names the secrets of the operation's
// documents; a policy's 401, and that of an operation without secrets, do not.
func TestARefusalByTheBackendIsTold(t *testing.T) {
	var told [][]secret.Ref
	h := newHost(t, service("http://x"), exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		ex.Response.StatusCode = http.StatusUnauthorized
		return nil
	}), func(c *Config) { c.Refused = func(refs []secret.Ref) { told = append(told, refs) } })
	svc, have := guarded(t), sealed{"kv://acme/token": "s3cret"}
	svc.APIs[0].Operations[2].Policy = source(policy.Operation, "two.xml", doc(`<stamp name="T" value="{{token}}" /><deny status="401" />`, "", ""))
	h.Swap(compile(t, svc, CompileOptions{Secrets: have.value}))
	for _, o := range svc.APIs[0].Operations {
		if got := h.call(t, o.Method, gate+"/a/x", "").Response.StatusCode; got != 401 {
			t.Errorf("%s: %d", o.ID, got)
		}
	}
	if len(told) != 1 || len(told[0]) != 1 || told[0][0].String() != "kv://acme/token" {
		t.Errorf("told %v", told)
	}
}
