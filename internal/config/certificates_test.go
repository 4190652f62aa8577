package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCertificatesAndManagedIdentity(t *testing.T) {
	cfg, faults := Parse("stile.yaml", `name: x
certificates:
  - id: orders
    secret: {secret: "kv://acme/orders-pem"}
managed-identity: {source: azure}
`)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if d := cmp.Diff([]Certificate{{ID: "orders", Secret: SecretRef{Text: "kv://acme/orders-pem", Line: 4, Column: 22}, Line: 3, Column: 5}}, cfg.Certificates); d != "" {
		t.Error(d)
	}
	if cfg.ManagedIdentity != AzureIdentity {
		t.Errorf("managed identity %q", cfg.ManagedIdentity)
	}
	for text, want := range map[string]string{
		"certificates: [{id: a}]":                                                                    "secret",
		"certificates: [{id: 'a b', secret: {secret: 'env://A'}}]":                                   "id",
		"certificates: [{id: a, secret: hush}]":                                                      "secret",
		"certificates: [{id: a, secret: {secret: 'env://A'}}, {id: a, secret: {secret: 'env://B'}}]": "another certificate",
		"managed-identity: {source: aws}":                                                            "aws",
		"managed-identity: azure":                                                                    "managed-identity",
	} {
		_, faults := Parse("stile.yaml", text)
		if !faults.HasErrors() || !strings.Contains(faults.Error(), want) || strings.Contains(faults.Error(), "hush") {
			t.Errorf("%s gives %v", text, faults)
		}
	}
}
