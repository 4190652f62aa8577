package expr

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/policy/exchange"
	"stile/policy/expr/clr"
)

// fixture is the exchange that the scripts of testdata see.
func fixture(t testing.TB) *exchange.Exchange {
	t.Helper()
	url, err := exchange.ParseURL("https://api.example.com/orders/7?x=1&y=b%20c&x=2")
	if err != nil {
		t.Fatal(err)
	}
	token := "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJtZSIsInN1YiI6InlvdSIsImV4cCI6MTcwMDAwMDAwMCwicm9sZXMiOlsiYSIsImIiXSwiYWRtaW4iOnRydWV9.c2ln"
	ex := &exchange.Exchange{
		ID:           "11112222-3333-4444-5555-666677778888",
		Started:      time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC),
		API:          &exchange.API{ID: "orders", Name: "Orders", Path: "orders", Revision: "1", ServiceURL: "https://backend.example.com:8443/v1"},
		Operation:    &exchange.Operation{ID: "get", Name: "Get", Method: "GET", URLTemplate: "/orders/{id}"},
		Subscription: &exchange.Subscription{ID: "demo", Name: "Demo", Key: exchange.Redact("demo-key")},
		LastError:    &exchange.LastError{Source: "validate-jwt", Reason: "TokenNotPresent", Message: "JWT not present."},
		Variables: map[string]any{
			"text": "hello", "number": int32(5), "flag": true, "token": token, "list": []string{"a", "b"},
			"answer": &exchange.Response{StatusCode: 201, Reason: "Created", Body: exchange.Text(`{"id":7}`)},
		},
	}
	orders, ec := storedCertificate(t, "orders"), storedCertificate(t, "ec")
	ex.Deployment = &exchange.Deployment{Region: "West Europe", ServiceName: "gate", Certificates: []exchange.Certificate{ec, orders},
		Trusts: func(chain [][]byte, _ time.Time) bool { return bytes.Equal(chain[0], orders.Chain[0]) }}
	ex.User = &exchange.User{ID: "ada", Email: "ada@example.com", FirstName: "Ada", LastName: "L", Groups: []exchange.Group{{ID: "developers", Name: "Developers"}},
		Identities: []exchange.UserIdentity{{ID: "ada@example.com", Provider: "Basic"}}, RegistrationDate: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)}
	ex.Workspace = &exchange.Workspace{ID: "sales", Name: "Sales"}
	ex.Product = &exchange.Product{ID: "gold", Name: "Gold", State: "Published", SubscriptionsLimit: 3, Groups: ex.User.Groups}
	ex.Backend = exchange.Backend{ID: "pool", Pool: true, Region: "westeurope"}
	ex.Subscription.Created, ex.Subscription.End = time.Date(2023, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)
	ex.Variables["authorization"] = &exchange.Authorization{AccessToken: exchange.Redact("at"), Claims: []exchange.Claim{{Name: "a", Value: "b"}}}
	r := &ex.Request
	r.ClientCertificate, r.Foundry = ec.Chain, "gpt"
	r.PrivateEndpoint = &exchange.PrivateEndpoint{Name: "pe", GroupID: "gateway", MemberName: "m"}
	r.Method, r.URL, r.OriginalURL, r.Client = "POST", url, url, netip.MustParseAddr("10.1.2.3")
	r.Header.Add("X-A", "1")
	r.Header.Add("x-a", "2")
	r.Header.Add("Authorization", "Basic dXNlcjpwYXNzOndvcmQ=")
	r.Matched = []exchange.Param{{Name: "id", Value: "7"}}
	r.Body = exchange.Text(`{"sku":"sku-1","quantity":2,"amount":120.5,"tags":["a","b"],"when":"2024-01-02T03:04:05Z","nil":null,"deep":{"items":[{"n":1,"k":"x"},{"n":2,"k":"y"}]}}`)
	return ex
}

// storedCertificate reads testdata/certificates: a certificate, and its key where it
// has one there.
func storedCertificate(t testing.TB, id string) exchange.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "certificates", id+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	c := exchange.Certificate{ID: id}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			c.Chain = append(c.Chain, block.Bytes)
		} else if c.Key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func scriptEnv(t testing.TB) *Env {
	return &Env{
		Exchange: fixture(t),
		Now:      func() time.Time { return time.Date(2024, 5, 6, 7, 8, 9, 123_456_700, time.UTC) },
		Zone:     time.LoadLocation,
		NewGUID:  func() string { return "00112233-4455-6677-8899-aabbccddeeff" },
		Rand:     func() uint64 { return 42 },
		Elapsed:  func() time.Duration { return 1500 * time.Millisecond },
	}
}

// outcome runs one wrapped expression and gives the line that a script expects:
// "= type text", "! fault" or "? code: message".
func outcome(t *testing.T, wrapped string) string {
	text, block := wrapped[2:len(wrapped)-1], strings.HasPrefix(wrapped, "@{")
	p, list := Compile(diag.NewSource("policy.xml", text), 0, text, block)
	if p == nil {
		return "? " + list[0].Code + " " + list[0].Message
	}
	v, err := p.Run(scriptEnv(t))
	if err != nil {
		var f *Fault
		if !errors.As(err, &f) {
			t.Fatalf("%s: error is %T", wrapped, err)
		}
		return "! " + strings.ReplaceAll(f.Message, "\n", `\n`)
	}
	kind := "null"
	if typ := clr.TypeOf(v); typ != nil {
		kind = typ.String()
	}
	return strings.TrimRight("= "+kind+" "+strings.ReplaceAll(ToText(v), "\n", `\n`), " ")
}

// TestScripts runs testdata/*.txt: expressions, each followed by its outcome.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			var pending []string
			for _, line := range strings.Split(string(data), "\n") {
				switch {
				case len(pending) == 0 && (line == "" || strings.HasPrefix(line, "#")):
					got = append(got, line)
				case len(pending) > 0 && (strings.HasPrefix(line, "= ") || strings.HasPrefix(line, "! ") || strings.HasPrefix(line, "? ")):
					got = append(got, append(pending, outcome(t, strings.Join(pending, "\n")))...)
					pending = nil
				default:
					pending = append(pending, line)
				}
			}
			if len(pending) > 0 {
				t.Fatalf("the script ends without an outcome after %q", pending)
			}
			if text := strings.Join(got, "\n"); text != string(data) {
				if os.Getenv("EXPR_UPDATE") != "" {
					if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				t.Errorf("(-want +got)\n%s", cmp.Diff(strings.Split(string(data), "\n"), got))
			}
		})
	}
}
