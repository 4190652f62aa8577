package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, faults := Parse("p/stile.yaml", text)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return c
}

func TestParse(t *testing.T) {
	got := parse(t, `
name: orders
gateway: { path: gate }
workflows: { path: flows }
samples:
  - { name: inventory, address: 127.0.0.1:7491 }
  - { name: payments, address: "[::1]:7492" }
subscriptions:
  - { id: demo, product: starter, dev-keys: [demo-key, demo-key-2] }
  - { id: one, name: One, scope: apis/x }
public-url: https://gate.example/base/
map:
  https://acme.azure-api.net: { gateway: self }
  arn:aws:s3:::bucket: { folder: data/in }
engine: { address: 10.0.0.7 }
`)
	want := &Config{File: "p/stile.yaml", Name: "orders", Gateway: GatewayPath{"gate"}, Workflows: WorkflowsPath{"flows"},
		Samples: []Sample{{"inventory", "127.0.0.1:7491", 6}, {"payments", "[::1]:7492", 7}},
		Subscriptions: []Subscription{{ID: "demo", Name: "demo", Scope: "product/starter", DevKeys: []string{"demo-key", "demo-key-2"}, Line: 9},
			{ID: "one", Name: "One", Scope: "api/x", Line: 10}},
		PublicURL: "https://gate.example/base",
		Map:       []MapEntry{{Key: "https://acme.azure-api.net", GatewaySelf: true, Line: 13}, {Key: "arn:aws:s3:::bucket", Folder: "data/in", Line: 14}},
		Engine:    EngineConfig{Address: netip.MustParseAddr("10.0.0.7")},
		Telemetry: Telemetry{Prometheus: true, Traces: true}, Retention: Retention{Executions: defaultExecutions}}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Error(diff)
	}
	faults := got.DevKeys()
	if len(faults) != 1 || faults[0].Line != 9 || !strings.Contains(faults[0].Message, "demo has dev-keys") {
		t.Errorf("DevKeys: %v", faults)
	}
}

func TestDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "name: p\n"} {
		got := parse(t, text)
		if got.Name != "p" || got.Gateway.Path != "apim" || got.Workflows.Path != "workflows" || !got.Engine.Address.IsLoopback() {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestLaterAndUnknownKeys(t *testing.T) {
	c, faults := Parse("stile.yaml", "environments: {}\ncache: []\nsubscription: []\nfoo: 1\n")
	want := `stile.yaml:1:1: the key "environments" of stile.yaml is not in this version [STL-C002]
stile.yaml:2:1: the key "cache" of stile.yaml is not in this version [STL-C002]
stile.yaml:3:1: unknown key "subscription" in stile.yaml [STL-C002]
stile.yaml:4:1: unknown key "foo" in stile.yaml [STL-C002]`
	if diff := cmp.Diff(want, faults.Error()); diff != "" || c == nil {
		t.Error(diff)
	}
	if faults[2].Hint != `did you mean "subscriptions"?` || !strings.Contains(faults[3].Hint, "known keys: name,") || faults[2].Excerpt != "subscription: []" {
		t.Errorf("hints: %q, %q", faults[2].Hint, faults[3].Hint)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if _, faults := Load(path); len(faults) != 1 || faults[0].Code != CodeUnreadable {
		t.Errorf("no file: %v", faults)
	}
	if err := os.WriteFile(path, []byte("name: x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if c, faults := Load(path); len(faults) > 0 || c.Name != "x" || c.File != path {
		t.Errorf("%+v, %v", c, faults)
	}
}

func TestResolve(t *testing.T) {
	c := parse(t, `
map:
  acme.example: { connection: host }
  https://acme.example: { gateway: self }
  http://local.example:8080: { http: "http://127.0.0.1:1" }
  bare.example:81: { http: "http://127.0.0.1:2" }
  arn:aws:lambda:*:*:function:Notify*: { http: "http://127.0.0.1:3" }
  arn:aws:lambda:us-east-1:111111111111:function:NotifyAll: { http: "http://127.0.0.1:4" }
  arn:aws:lambda:us-east-1:*:function:*: { http: "http://127.0.0.1:5" }
`)
	for target, want := range map[string]string{
		"https://acme.example/orders?x=1": "https://acme.example",
		"HTTPS://ACME.example:443/orders": "https://acme.example",
		"http://acme.example/x":           "acme.example",
		"acme.example":                    "acme.example",
		"ACME.example/x":                  "acme.example",
		"https://acme.example:8443/x":     "acme.example",
		"http://local.example:8080/x":     "http://local.example:8080",
		"http://local.example/x":          "",
		"bare.example:81":                 "bare.example:81",
		"bare.example":                    "",
		"https://acme.example.evil/x":     "",
		"https://evil/acme.example":       "",
		"https://acme.example@evil/x":     "",
		"://":                             "",
		"":                                "",
		"arn:aws:lambda:eu-west-1:1:function:NotifyMe":             "arn:aws:lambda:*:*:function:Notify*",
		"arn:aws:lambda:us-east-1:111111111111:function:NotifyAll": "arn:aws:lambda:us-east-1:111111111111:function:NotifyAll",
		"arn:aws:lambda:us-east-1:1:function:Other":                "arn:aws:lambda:us-east-1:*:function:*",
		"arn:aws:lambda:us-east-1:1:function:Other:1":              "",
		"arn:aws:lambda:us-east-1:1:layer:Other":                   "",
	} {
		got, ok := c.Resolve(target)
		if got.Key != want || ok != (want != "") {
			t.Errorf("Resolve(%q) = %q, %v; want %q", target, got.Key, ok, want)
		}
	}
}

func TestMatchPart(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{{"*", "", true}, {"a*", "a", true}, {"a*c", "abc", true}, {"a*c", "ab", false}, {"*b*", "abc", true}, {"a*a", "a", false}, {"a*b*c", "axbxc", true}, {"a", "b", false}} {
		if got := matchPart(tt.pattern, tt.s); got != tt.want {
			t.Errorf("matchPart(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}

func TestParseScope(t *testing.T) {
	for text, want := range map[string]string{
		"/": "", "/apis": "", "/products/p": "product/p", "products/p": "product/p", "/apis/a": "api/a", "api/a": "api/a",
		"/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/s/products/p": "product/p",
		"/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/s/apis":       "",
		"nonsense": "-", "/products": "-", "/products/": "-", "/apis/a/b": "-",
	} {
		got, ok := ParseScope(text)
		if ok != (want != "-") || ok && got != want {
			t.Errorf("ParseScope(%q) = %q, %v", text, got, ok)
		}
	}
}

func TestServerOptions(t *testing.T) {
	if faults := DefaultServerOptions().Validate(); faults != nil {
		t.Errorf("the defaults: %v", faults)
	}
	o := ServerOptions{Control: "x", ControlTLS: "127.0.0.1:", Gateway: ":7480", PublicURL: "gate", Issuer: "ftp://x", Data: "d", Ephemeral: true, Account: "12", Region: "a b"}
	if got := o.Validate(); len(got) != 7 || !strings.HasPrefix(got[0], "--control ") || !strings.HasPrefix(got[1], "--control-tls ") {
		t.Errorf("%d faults: %q", len(got), got)
	}
	for addr, want := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, ":1": false, "0.0.0.0:1": false, "10.0.0.1:1": false, "x": false} {
		if Loopback(addr) != want {
			t.Errorf("Loopback(%q) = %v", addr, !want)
		}
	}
}
