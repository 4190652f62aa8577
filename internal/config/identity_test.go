package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIdentity(t *testing.T) {
	got := parse(t, `identity:
  url: https://control.example.com/
  providers:
    - name: entra
      kind: entra
      issuer: https://login.microsoftonline.com/8f0b1c9a-6d0e-4b67-9d55-0c3a8b7d2e11/v2.0/
      client-id: c0ffee
      client-secret: { secret: "env://ENTRA_SECRET" }
      audiences: [api://c0ffee]
      scopes: [api://c0ffee/.default]
      claims: { subject: sub, groups: g, roles: r }
    - { name: here, issuer: "http://127.0.0.1:9000/x", client-id: c }
    - { name: inside, kind: okta, issuer: "https://10.1.2.3", client-id: c, audiences: one }
`).Identity
	want := Identity{URL: "https://control.example.com", Providers: []Provider{
		{Name: "entra", Kind: KindEntra, Issuer: "https://login.microsoftonline.com/8f0b1c9a-6d0e-4b67-9d55-0c3a8b7d2e11/v2.0", ClientID: "c0ffee",
			ClientSecret: SecretRef{Text: "env://ENTRA_SECRET", Line: 8, Column: 32}, Audiences: []string{"api://c0ffee"},
			Scopes: []string{"api://c0ffee/.default"}, Claims: ProviderClaims{"sub", "g", "r"}, Line: 4, Column: 7},
		{Name: "here", Kind: KindGeneric, Issuer: "http://127.0.0.1:9000/x", ClientID: "c", Line: 12, Column: 7},
		{Name: "inside", Kind: KindOkta, Issuer: "https://10.1.2.3", ClientID: "c", Audiences: []string{"one"}, Line: 13, Column: 7},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFaultyIdentity(t *testing.T) {
	_, faults := Parse("stile.yaml", `identity:
  url: http://control.example.com
  login: x
  providers:
    - { name: A b, issuer: "http://id.example.com", client-id: c }
    - { name: a, issuer: "https://169.254.169.254/x", client-id: c, client-secret: plain }
    - { name: a, issuer: "https://[fd00:ec2::254]", client-id: "", kind: entr }
    - { name: c, issuer: "https://login.microsoftonline.com/common/v2.0", kind: entra, client-id: c }
    - { name: d, issuer: "https://168.63.129.16", client-id: c, scopes: ["a b"] }
    - { name: e, issuer: "https://100.100.100.200?x=1", client-id: c, claims: {email: x} }
    - { name: f, issuer: "https://[::ffff:169.254.169.254]/", client-id: c }
    - {}
`)
	want := `stile.yaml:2:8: identity.url must be https, or http on a loopback address: a session's cookie goes there [STL-C003]
stile.yaml:3:3: unknown key "login" in identity [STL-C002]
stile.yaml:5:15: a provider's name has 1 to 63 small letters, digits and - [STL-C003]
stile.yaml:5:28: issuer must be https, or http on a loopback address: its keys decide who is who [STL-C003]
stile.yaml:6:26: issuer cannot be used: the address 169.254.169.254 may not be called: it is a metadata service (AWS, Azure, Google) [STL-C003]
stile.yaml:6:84: a client secret is a secret and must not be written out here [STL-C013]
stile.yaml:7:7: another provider has the name a [STL-C005]
stile.yaml:7:26: issuer cannot be used: the address fd00:ec2::254 may not be called: it is a metadata service (AWS) [STL-C003]
stile.yaml:7:64: this must not be empty [STL-C003]
stile.yaml:7:74: "entr" is not allowed here [STL-C003]
stile.yaml:8:26: an issuer of kind entra names one tenant by its GUID and ends in /v2.0 [STL-C003]
stile.yaml:9:26: issuer cannot be used: the address 168.63.129.16 may not be called: it is the host of an Azure machine [STL-C003]
stile.yaml:9:73: a scope is one word, not empty, without spaces or quotes [STL-C003]
stile.yaml:10:26: issuer must not have a query or fragment [STL-C003]
stile.yaml:10:80: unknown key "email" in claims [STL-C002]
stile.yaml:11:26: issuer cannot be used: the address 169.254.169.254 may not be called: it is a metadata service (AWS, Azure, Google) [STL-C003]
stile.yaml:12:7: a provider has no "client-id" [STL-C004]
stile.yaml:12:7: a provider has no "issuer" [STL-C004]
stile.yaml:12:7: a provider has no "name" [STL-C004]`
	if diff := cmp.Diff(want, faults.Error()); diff != "" {
		t.Error(diff)
	}
}
