package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/identity"
	"stile/internal/identity/idptest"
)

// of makes the client side of a provider, as stile.yaml would.
func of(p *idptest.Provider) Config {
	return Config{Name: "idp", Kind: p.Kind.Config(), Issuer: p.Issuer, ClientID: p.ClientID, Audiences: []string{p.Audience}, Now: time.Now,
		Secret: func(context.Context) (string, error) { return p.ClientSecret, nil }}
}

// configured leaves the org server's audience out: nobody would name it.
func configured(p *idptest.Provider) Config {
	c := of(p)
	if p.Kind == idptest.OktaOrg {
		c.Audiences = nil
	}
	return c
}

// logIn walks through a login as a browser does.
func logIn(t *testing.T, p *Provider, user string) (identity.Caller, error) {
	t.Helper()
	target, flow, err := p.Begin(t.Context(), "http://127.0.0.1:1/login/callback", "/")
	if err != nil {
		return identity.Caller{}, err
	}
	code, state := approve(t, target, user)
	if state != flow.State {
		t.Fatalf("state came back as %q", state)
	}
	return p.Redeem(t.Context(), flow, code)
}

func approve(t *testing.T, target, user string) (code, state string) {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Get(target + "&login_hint=" + user)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("the provider answered %d", resp.StatusCode)
	}
	return back.Query().Get("code"), back.Query().Get("state")
}

// ada is who logs in, as each kind names her.
func ada(k idptest.Kind) identity.Caller {
	c := identity.Caller{Kind: "user", ID: "00u-ada", Provider: "idp", Name: "ada", Groups: []string{"ops"}, Roles: []string{"Operator"}}
	if k.Entra() {
		c.ID = "aaaaaaaa-0000-4000-8000-00000000ada0"
	}
	return c
}

// TestProviderMatrix is the kinds of providers by what may be wrong with a token,
// for a login and for an API's bearer token: no wrong answer.
func TestProviderMatrix(t *testing.T) {
	cells, wrong := 0, 0
	var left []string
	check := func(name string, want bool, got identity.Caller, err error, who identity.Caller) {
		cells++
		if (err == nil) != want || want && !cmp.Equal(got, who) {
			wrong++
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, kind := range idptest.Kinds() {
		idp := idptest.New(t, kind)
		p := New(configured(idp))
		good := ada(kind)
		c, err := logIn(t, p, "ada")
		check(kind.String()+" login good", true, c, err, good)
		if kind == idptest.OktaOrg {
			// An access token of the org server is for Okta alone; the ID token stands in.
			_, err = p.Bearer(t.Context(), idp.Mint(nil))
			check(kind.String()+" API access token", false, c, err, good)
			left = append(left, "Okta org server × API × access token good: only Okta can validate it; the ID token is presented")
			c, err = p.Bearer(t.Context(), idp.Mint(nil, idptest.ID("")))
			check(kind.String()+" API good ID token", true, c, err, good)
		} else {
			c, err = p.Bearer(t.Context(), idp.Mint(nil))
			if kind == idptest.OktaCustom {
				good.Name = "ada@example.com"
			}
			check(kind.String()+" API good", true, c, err, good)
			c, err = p.Bearer(t.Context(), idp.Mint(nil, idptest.ForApp()))
			app := identity.Caller{Kind: "app", ID: idp.ClientID, Name: idp.ClientID, Provider: "idp"}
			if kind.Entra() {
				app.Roles = []string{"Operator"}
			}
			check(kind.String()+" API program", true, c, err, app)
		}
		for _, f := range append(idptest.Faults(), idptest.TenantMismatch, idptest.NotYet, idptest.AlgNone) {
			if why := kind.Inapplicable(f); why != "" {
				left = append(left, fmt.Sprintf("%s × %s: %s", kind, f, why))
				continue
			}
			idp.Break(f)
			c, err := logIn(t, p, "ada")
			check(fmt.Sprintf("%s login %s", kind, f), false, c, err, good)
			idp.Break()
			forms := [][]idptest.MintOption{{idptest.ID("")}, nil, {idptest.ForApp()}}
			if kind == idptest.OktaOrg {
				forms = forms[:1] // the others would be refused for their key
			}
			for _, o := range forms {
				c, err = p.Bearer(t.Context(), idp.Mint(nil, append(o, idptest.With(f))...))
				check(fmt.Sprintf("%s API %s", kind, f), false, c, err, good)
			}
		}
		idp.Rollover(t)
		idp.Forget()
	}
	t.Logf("provider matrix, login and API: %d cells, wrong answers %d", cells, wrong)
	t.Logf("cells that cannot apply:\n%s", strings.Join(left, "\n"))
	if cells < 140 {
		t.Errorf("%d cells only", cells)
	}
}

// TestRollover: a new key is taken once the keys may be fetched again, an old one
// while it is published.
func TestRollover(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	now := time.Now()
	cfg := configured(idp)
	cfg.Now = func() time.Time { return now }
	p := New(cfg)
	old := idp.Mint(nil)
	if _, err := p.Bearer(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	idp.Rollover(t)
	now = now.Add(2 * time.Minute)
	if _, err := p.Bearer(t.Context(), idp.Mint(nil)); err != nil {
		t.Error(err)
	}
	if _, err := p.Bearer(t.Context(), old); err != nil {
		t.Errorf("the old key is still published: %v", err)
	}
	idp.Forget()
	now = now.Add(2 * time.Hour)
	idp.SetNow(func() time.Time { return now })
	if _, err := p.Bearer(t.Context(), old); err == nil {
		t.Error("a token of a key that is gone was taken")
	}
	// Down: the last good keys serve for a day, then nothing passes.
	fresh := func() string { return idp.Mint(nil) }
	if _, err := p.Bearer(t.Context(), fresh()); err != nil {
		t.Fatal(err)
	}
	idp.Down(true)
	now = now.Add(20 * time.Hour)
	if _, err := p.Bearer(t.Context(), fresh()); err != nil {
		t.Errorf("keys of 20 hours: %v", err)
	}
	now = now.Add(5 * time.Hour)
	if _, err := p.Bearer(t.Context(), fresh()); err == nil {
		t.Error("keys of 25 hours were taken")
	}
	if _, _, err := p.Begin(t.Context(), "http://127.0.0.1:1/", "/"); err == nil {
		t.Error("a login began at a provider that is down")
	}
}

// TestOverage: groups that Entra leaves out are none, told once.
func TestOverage(t *testing.T) {
	idp := idptest.New(t, idptest.EntraV2)
	idp.AddUser(idptest.User{Name: "many", Subject: "s", OID: "cccccccc-0000-4000-8000-000000000001", Groups: []string{"ops"}, Overage: true})
	var told strings.Builder
	cfg := configured(idp)
	cfg.Log = slog.New(slog.NewTextHandler(&told, nil))
	p := New(cfg)
	c, err := logIn(t, p, "many")
	if err != nil || c.Groups != nil {
		t.Errorf("%+v, %v", c, err)
	}
	for _, claims := range []map[string]any{{"hasgroups": true}, {"_claim_names": map[string]string{"groups": "src1"}}, {"_claim_names": "odd"}} {
		if c, err := p.Bearer(t.Context(), idp.Mint(claims)); err != nil || c.Groups != nil {
			t.Errorf("%v: %+v, %v", claims, c, err)
		}
	}
	if c, err := p.Bearer(t.Context(), idp.Mint(map[string]any{"_claim_names": map[string]string{"other": "src1"}})); err != nil || !slices.Equal(c.Groups, []string{"ops"}) {
		t.Errorf("another claim left out: %+v, %v", c, err)
	}
	if n := strings.Count(told.String(), "leaves the groups out"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestSubjects: who a token speaks for, and tokens that speak for nobody.
func TestSubjects(t *testing.T) {
	entra, okta, generic := idptest.New(t, idptest.EntraV2), idptest.New(t, idptest.OktaCustom), idptest.New(t, idptest.Generic)
	for _, tt := range []struct {
		idp    *idptest.Provider
		claims map[string]any
		app    bool
		want   string
	}{
		{entra, map[string]any{"idtyp": "app"}, true, "app:" + entra.ClientID},
		{entra, map[string]any{"idtyp": "user"}, false, "user:aaaaaaaa-0000-4000-8000-00000000ada0"},
		{entra, map[string]any{"idtyp": "device"}, false, ""},
		{entra, map[string]any{"idtyp": "app", "azp": nil}, true, ""},
		{entra, map[string]any{"oid": nil}, false, ""},
		{entra, map[string]any{"tid": nil}, false, ""},
		{entra, map[string]any{"aud": []string{"x", entra.ClientID}}, false, "user:aaaaaaaa-0000-4000-8000-00000000ada0"},
		{okta, map[string]any{"uid": nil}, false, "user:ada@example.com"},
		{okta, nil, true, "app:" + okta.ClientID},
		{generic, map[string]any{"client_id": nil, "azp": generic.ClientID}, true, "app:" + generic.ClientID},
		{generic, map[string]any{"client_id": nil}, true, "user:" + generic.ClientID},
		{generic, map[string]any{"sub": "a\nb"}, false, ""},
		{generic, map[string]any{"sub": strings.Repeat("a", 256)}, false, ""},
		{generic, map[string]any{"sub": []string{"a", "b"}}, false, ""},
		{generic, map[string]any{"exp": nil}, false, ""},
		{generic, map[string]any{"exp": "tomorrow"}, false, ""},
		{generic, map[string]any{"nbf": "tomorrow"}, false, ""},
		{generic, map[string]any{"aud": nil}, false, ""},
		{generic, map[string]any{"iss": nil}, false, ""},
		{generic, map[string]any{"iss": []string{generic.Issuer, "x"}}, false, ""},
	} {
		var o []idptest.MintOption
		if tt.app {
			o = append(o, idptest.ForApp())
		}
		c, err := New(configured(tt.idp)).Bearer(t.Context(), tt.idp.Mint(tt.claims, o...))
		if tt.want == "" && err == nil || tt.want != "" && (err != nil || c.String() != tt.want) {
			t.Errorf("%s %v: %s, %v; want %q", tt.idp.Kind, tt.claims, c, err, tt.want)
		}
	}
	cfg := configured(generic)
	cfg.Subject, cfg.Groups, cfg.Roles = "email", "memberOf", "perms"
	c, err := New(cfg).Bearer(t.Context(), generic.Mint(map[string]any{"email": "a@b", "memberOf": []string{"g"}, "perms": "p"}))
	if want := (identity.Caller{Kind: "user", ID: "a@b", Name: "ada", Provider: "idp", Groups: []string{"g"}, Roles: []string{"p"}}); err != nil || !cmp.Equal(want, c) {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestIDTokenChecks are those of a login alone.
func TestIDTokenChecks(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	p := New(configured(idp))
	for _, tt := range []struct {
		claims map[string]any
		nonce  string
		ok     bool
	}{
		{nil, "n", true},
		{map[string]any{"azp": idp.ClientID}, "n", true},
		{map[string]any{"aud": []string{idp.ClientID, "x"}, "azp": idp.ClientID}, "n", true},
		{map[string]any{"aud": []string{idp.ClientID, "x"}}, "n", false},
		{map[string]any{"azp": "x"}, "n", false},
		{map[string]any{"aud": idp.Audience}, "n", false},
		{map[string]any{"nonce": nil}, "n", false},
		{nil, "other", false},
		{map[string]any{"nonce": ""}, "", false},
		{map[string]any{"iat": nil}, "n", false},
	} {
		if c, err := p.IDToken(t.Context(), idp.Mint(tt.claims, idptest.ID("n")), tt.nonce); (err == nil) != tt.ok {
			t.Errorf("%v, nonce %s: %+v, %v", tt.claims, tt.nonce, c, err)
		}
	}
}

// TestCodeIsBound: to its verifier, its redirect and ten minutes; it serves once.
func TestCodeIsBound(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	now := time.Now()
	cfg := configured(idp)
	cfg.Now = func() time.Time { return now }
	p := New(cfg)
	begin := func() (Flow, string) {
		target, flow, err := p.Begin(t.Context(), "http://127.0.0.1:1/cb", "/")
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(target)
		if q := u.Query(); q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || strings.Contains(target, flow.verifier) {
			t.Fatalf("asked as %s", target)
		}
		code, _ := approve(t, target, "ada")
		return flow, code
	}
	flow, code := begin()
	other, _ := begin()
	if _, err := p.Redeem(t.Context(), other, code); err == nil {
		t.Error("another flow's verifier was taken")
	}
	flow, code = begin()
	if _, err := p.Redeem(t.Context(), flow, code); err != nil {
		t.Error(err)
	}
	if _, err := p.Redeem(t.Context(), flow, code); err == nil {
		t.Error("a code served twice")
	}
	flow, code = begin()
	now = now.Add(FlowLife)
	if _, err := p.Redeem(t.Context(), flow, code); err == nil {
		t.Error("a flow of ten minutes was redeemed")
	}
	flows := NewFlows(func() time.Time { return now })
	flow.Until = now.Add(time.Second)
	if !flows.Use(flow) {
		t.Error("the flow is lost")
	}
	if flows.Use(flow) {
		t.Error("a flow was taken twice")
	}
	flow.State += "x"
	now = now.Add(time.Second)
	if flows.Use(flow) {
		t.Error("a flow was taken after its end")
	}
}

// TestGrants are those of the command line.
func TestGrants(t *testing.T) {
	for _, kind := range idptest.Kinds() {
		idp := idptest.New(t, kind)
		p := New(configured(idp))
		d, err := p.BeginDevice(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.PollDevice(t.Context(), &d); !errors.Is(err, ErrPending) {
			t.Errorf("%s: before the code was typed: %v", kind, err)
		}
		idp.ApproveDevice(d.UserCode, "ada")
		got, err := p.PollDevice(t.Context(), &d)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.PollDevice(t.Context(), &d); err == nil {
			t.Errorf("%s: a device code served twice", kind)
		}
		for range 2 {
			token, expires := p.Presentable(got)
			if c, err := p.Bearer(t.Context(), token); err != nil || c.ID != ada(kind).ID || expires.Before(time.Now()) {
				t.Errorf("%s: %+v, %v, %v", kind, c, expires, err)
			}
			if got, err = p.Refresh(t.Context(), got.Refresh); err != nil {
				t.Fatal(err)
			}
		}
		if s := fmt.Sprintf("%v %+v %#v", got, got, got); s != "*** *** ***" {
			t.Errorf("tokens print as %s", s)
		}
		got, err = p.ClientCredentials(t.Context())
		if kind == idptest.OktaOrg {
			if err == nil {
				t.Error("the org server grants no client credentials by secret")
			}
			continue
		}
		token, _ := p.Presentable(got)
		if c, err2 := p.Bearer(t.Context(), token); err != nil || err2 != nil || c.String() != "app:"+idp.ClientID {
			t.Errorf("%s: %s, %v %v", kind, c, err, err2)
		}
		d, _ = p.BeginDevice(t.Context())
		idp.ApproveDevice(d.UserCode, "")
		var refused *GrantError
		if _, err := p.PollDevice(t.Context(), &d); !errors.As(err, &refused) || refused.Code != "access_denied" {
			t.Errorf("%s: denied: %v", kind, err)
		}
	}
}
