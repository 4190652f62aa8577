package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"stile/internal/identity"
	"stile/internal/identity/idptest"
	"stile/policy/exchange"
)

// reasons are the refusals of the matrix, in API Management's spelling.
var reasons = map[idptest.Fault]string{idptest.WrongAudience: badAudience, idptest.WrongTenant: badIssuer, idptest.TenantMismatch: badIssuer,
	idptest.WrongIssuer: badIssuer, idptest.Expired: expired, idptest.NotYet: badToken, idptest.UnknownKid: "TokenSignatureKeyNotFound",
	idptest.AlgConfusion: "TokenSignatureKeyNotFound", idptest.AlgNone: badToken}

// played is a provider with its vendor's own URLs, at the time of the tests, and a
// verifier that reaches it.
func played(t *testing.T, kind idptest.Kind) (*idptest.Provider, *verifier) {
	t.Helper()
	p := idptest.New(t, kind, idptest.Public())
	p.SetNow(func() time.Time { return epoch })
	return p, &verifier{v: identity.NewVerifier(issuer(), identity.HTTPGet(p.Transport()), func() time.Time { return epoch })}
}

// holders are whose tokens each provider makes.
func holders() map[string][]idptest.MintOption {
	return map[string][]idptest.MintOption{
		"roles and groups": nil,
		"group overage": {idptest.For(idptest.User{Name: "eve", Subject: "00u-eve", OID: "eeeeeeee-0000-4000-8000-000000000e0e",
			Groups: []string{"a", "b"}, Roles: []string{"Operator"}, Overage: true})},
		"application": {idptest.ForApp()},
	}
}

// bearer sends a token to a policy and gives what it said.
func bearer(t *testing.T, element, token string, v *verifier) string {
	t.Helper()
	ex := &exchange.Exchange{}
	ex.Request.Header.Set("Authorization", "Bearer "+token)
	return validate(t, element, ex, v)
}

// TestProviders: each kind of provider × each holder × good and every fault, by
// validate-jwt and by validate-azure-ad-token.
func TestProviders(t *testing.T) {
	cells, wrong := 0, 0
	var left []string
	ask := func(what, element, token, want string, v *verifier) {
		cells++
		if got := bearer(t, element, token, v); !strings.HasPrefix(got, want) {
			wrong++
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	faults := append(idptest.Faults(), idptest.TenantMismatch, idptest.NotYet, idptest.AlgNone)
	entra, entraKeys := played(t, idptest.EntraV2)
	for _, kind := range idptest.Kinds() {
		p, keys := played(t, kind)
		for _, who := range slices.Sorted(maps.Keys(holders())) {
			options, audience := holders()[who], p.Audience
			if kind == idptest.OktaOrg {
				if who == "application" {
					left = append(left, "Okta org server, application: Okta does not let others validate its access tokens, and an application has no ID token")
					continue
				}
				options, audience = append(options, idptest.ID("")), p.ClientID
			}
			jwt := fmt.Sprintf(`<validate-jwt header-name="Authorization"><openid-config url="%s" /><audiences><audience>%s</audience></audiences></validate-jwt>`, p.Config, audience)
			azure := func(tenant string) string {
				return fmt.Sprintf(`<validate-azure-ad-token tenant-id="%s"><audiences><audience>%s</audience></audiences></validate-azure-ad-token>`, tenant, audience)
			}
			ask(fmt.Sprint(kind, ", ", who, ", validate-jwt, good"), jwt, p.Mint(nil, options...), "200", keys)
			if kind.Entra() {
				for _, tenant := range []string{idptest.Tenant, strings.ToUpper(idptest.Tenant)} {
					ask(fmt.Sprint(kind, ", ", who, ", validate-azure-ad-token, good"), azure(tenant), p.Mint(nil, options...), "200", keys)
				}
				ask(fmt.Sprint(kind, ", ", who, ", validate-azure-ad-token of another tenant"), azure(idptest.OtherTenant), p.Mint(nil, options...), "401", keys)
			} else {
				// A good token of theirs at a policy that knows Entra's keys, and one that says
				// that it is Entra's and is signed by them.
				ask(fmt.Sprint(kind, ", ", who, ", validate-azure-ad-token"), azure(idptest.Tenant), p.Mint(nil, options...), "401 ", entraKeys)
				ask(fmt.Sprint(kind, ", ", who, ", validate-azure-ad-token, Entra's issuer"), azure(idptest.Tenant),
					p.Mint(map[string]any{"iss": entra.TokenIssuer, "tid": idptest.Tenant}, options...), "401 ", entraKeys)
			}
			for _, fault := range faults {
				if why := kind.Inapplicable(fault); why != "" {
					left = append(left, fmt.Sprint(kind, ", ", fault, ": ", why))
					continue
				}
				if fault == idptest.NotYet && kind.Config() == "okta" {
					left = append(left, fmt.Sprint(kind, ", ", fault, ": Okta's tokens have no nbf"))
					continue
				}
				token := p.Mint(nil, append(slices.Clone(options), idptest.With(fault))...)
				switch {
				case fault == idptest.TenantMismatch:
					left = append(left, fmt.Sprint(kind, ", ", fault, ", validate-jwt: it compares no tid"))
				default:
					ask(fmt.Sprint(kind, ", ", who, ", validate-jwt, ", fault), jwt, token, "401 "+reasons[fault]+" |", keys)
				}
				want := "401 "
				if kind.Entra() {
					want += reasons[fault] + " |"
				}
				ask(fmt.Sprint(kind, ", ", who, ", validate-azure-ad-token, ", fault), azure(idptest.Tenant), token, want, map[bool]*verifier{true: keys, false: entraKeys}[kind.Entra()])
			}
		}
	}
	slices.Sort(left)
	for _, why := range slices.Compact(left) {
		t.Log("not a cell: " + why)
	}
	t.Logf("%d cells, %d wrong answers", cells, wrong)
}

// TestProviderRollsItsKeys: a new key is found without a restart, the old one goes on
// while it is published, and ends with it.
func TestProviderRollsItsKeys(t *testing.T) {
	for _, kind := range idptest.Kinds() {
		p := idptest.New(t, kind, idptest.Public())
		p.SetNow(func() time.Time { return epoch })
		now := epoch
		v := &verifier{v: identity.NewVerifier(issuer(), identity.HTTPGet(p.Transport()), func() time.Time { return now })}
		element := `<validate-jwt header-name="Authorization"><openid-config url="` + p.Config + `" /></validate-jwt>`
		mint := func() string { return p.Mint(nil, idptest.ID("")) }
		if kind == idptest.EntraV1 {
			mint = func() string { return p.Mint(nil) } // its ID tokens are of version 2
		}
		old := mint()
		check := func(when, token, want string) {
			if got := bearer(t, element, token, v); !strings.HasPrefix(got, want) {
				t.Errorf("%s, %s: got %s, want %s", kind, when, got, want)
			}
		}
		check("before", old, "200")
		p.Rollover(t)
		check("at once after the last fetch", mint(), "401 TokenSignatureKeyNotFound")
		now = now.Add(2 * time.Minute)
		check("a new key", mint(), "200")
		check("the old key, still published", old, "200")
		p.Forget()
		now = now.Add(2 * time.Hour)
		check("the old key, gone", old, "401 TokenSignatureKeyNotFound")
		check("the new key, still", mint(), "200")
	}
}
