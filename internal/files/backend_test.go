package files

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy/exchange"
)

// loadBackend reads one backend's file in a project of its own.
func loadBackend(t *testing.T, file, text string) (*apim.Backend, string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "stile.yaml"), "name: x\n")
	write(t, filepath.Join(dir, "apim", "backends", "pay", file), text)
	p, faults := Load(dir)
	var out strings.Builder
	for _, d := range faults {
		out.WriteString(strings.ReplaceAll(d.String(), filepath.ToSlash(dir)+"/apim/backends/pay/", "") + "\n")
	}
	for _, b := range p.APIM.Backends {
		if b.ID == "pay" {
			b.Place.File = ""
			return b, out.String()
		}
	}
	return nil, out.String()
}

// TestBackend reads every property, from JSON as the tools extract it and from YAML.
func TestBackend(t *testing.T) {
	ref, err := secret.Parse("env://PAY_KEY")
	if err != nil {
		t.Fatal(err)
	}
	want := &apim.Backend{Backend: exchange.Backend{ID: "pay", BaseURL: "https://pay.example/v1"}, Place: apim.Place{Line: 3},
		Rules: []exchange.BreakerRule{{Name: "busy", Count: 3, Interval: 24 * time.Hour, Trip: 90*time.Minute + 500*time.Millisecond, AcceptRetryAfter: true, Line: 6,
			Statuses: []exchange.StatusRange{{Min: 500, Max: 599}}, Reasons: []string{"Server errors", "timeout"}}},
		Authorization: &apim.Authorization{Scheme: "Basic", Parameter: apim.Text{Text: "{{pay}}"}},
		Header:        []apim.Credential{{Name: "X-Key", Value: apim.Text{Text: "a"}}, {Name: "X-Key", Value: apim.Text{Ref: ref}}},
		Query:         []apim.Credential{{Name: "code", Value: apim.Text{Text: "{{code}}"}}}, CertificateIDs: []string{"client"},
		AnyName: true, Proxy: &apim.Proxy{URL: "http://proxy:3128", User: apim.Text{Text: "u"}, Password: apim.Text{Text: "{{p}}"}}}
	json := `{"properties": {
 "protocol": "http", "title": "Pay",
 "url": "https://pay.example/v1/", "type": "Single",
 "tls": {"validateCertificateChain": true, "validateCertificateName": false},
 "circuitBreaker": {"rules": [
  {"name": "busy", "tripDuration": "PT1H30M0.5S", "acceptRetryAfter": true,
   "failureCondition": {"count": "3", "interval": "P1D", "percentage": null, "statusCodeRanges": [{"min": "500", "max": 599}], "errorReasons": ["Server errors", "timeout"]}}]},
 "credentials": {"authorization": {"scheme": "Basic", "parameter": "{{pay}}"}, "header": {"X-Key": ["a", {"secret": "env://PAY_KEY"}]},
  "query": {"code": ["{{code}}"]}, "certificateIds": ["/subscriptions/s/certificates/client"]},
 "proxy": {"url": "http://proxy:3128/", "username": "u", "password": "{{p}}"}}}
`
	ignore := cmpopts.IgnoreFields(apim.Text{}, "Line")
	same := cmp.Comparer(func(a, b secret.Ref) bool { return a == b })
	got, faults := loadBackend(t, "backendInformation.json", json)
	if diff := cmp.Diff(want, got, ignore, same); diff != "" || faults != "" {
		t.Error(diff, faults)
	}
	pool, faults := loadBackend(t, "backendInformation.yaml", `properties:
  type: Pool
  url: http://ignored.example
  pool:
    services:
      - {id: /backends/one, priority: 2, weight: 50}
      - id: /subscriptions/x/backends/two
`)
	if diff := cmp.Diff([]apim.PoolMember{{ID: "one", Priority: 2, Weight: 50, Line: 6}, {ID: "two", Priority: 1, Weight: 1, Line: 7}}, pool.Pool); diff != "" || pool.BaseURL != "" {
		t.Error(diff, pool.BaseURL)
	}
	if strings.Contains(faults, "error") {
		t.Error(faults)
	}
}

// TestBackendFaults: what cannot be meant is a fault with its place.
func TestBackendFaults(t *testing.T) {
	rule := func(condition string) string {
		return `{"properties": {"url": "http://x", "circuitBreaker": {"rules": [{"name": "r", "tripDuration": "PT1S", "failureCondition": ` + condition + `}]}}}`
	}
	for text, want := range map[string]string{
		`{"properties": {}}`:               `has no "url"`,
		`{"properties": {"type": "Pool"}}`: "is a pool without members",
		`{"properties": {"url": "http://x", "pool": {"services": [{"id": "a"}]}}}`:                                "is of type Single",
		`{"properties": {"type": "Pool", "pool": {"sessionAffinity": {}, "services": [{"id": "a"}]}}}`:            "is not in this version",
		`{"properties": {"type": "Pool", "pool": {"services": [{"id": "a", "weight": 101}]}}}`:                    "from 0 to 100",
		rule(`{"count": 1, "percentage": 5, "interval": "PT1S", "statusCodeRanges": [{"min": 500, "max": 500}]}`): "counts failures or",
		rule(`{"interval": "PT1S", "statusCodeRanges": [{"min": 500, "max": 500}]}`):                              "counts failures or",
		rule(`{"count": 1, "interval": "1 minute", "statusCodeRanges": [{"min": 500, "max": 500}]}`):              "no length of time",
		rule(`{"count": 1, "interval": "PT1M"}`):                                                                  "names no failure",
		rule(`{"count": 1, "interval": "PT1M", "statusCodeRanges": [{"min": 501, "max": 500}]}`):                  "min is above max",
		rule(`{"count": 1, "interval": "PT1M", "errorReasons": ["Quota"]}`):                                       `no call ends with the reason "Quota"`,
		`{"properties": {"url": "http://x", "proxy": {"url": "https://p"}}}`:                                      "an HTTP proxy",
		`{"properties": {"url": "http://x", "credentials": {"header": {"a b": ["c"]}}}}`:                          "header",
		`{"properties": {"url": "http://x", "credentials": {"certificateIds": ["a", "b"]}}}`:                      "one certificate",
	} {
		if _, faults := loadBackend(t, "backendInformation.json", text); !strings.Contains(faults, want) {
			t.Errorf("%s\ngave %q, want %q", text, faults, want)
		}
	}
}

// TestSpans reads lengths of time of ISO 8601.
func TestSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{"PT1S": time.Second, "P1D": 24 * time.Hour, "P1W2DT3H4M5.5S": 9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5500*time.Millisecond} {
		if got, ok := isoSpan(text); !ok || got != want {
			t.Errorf("%s is %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "P", "PT", "1D", "P1", "P1M", "PT1D", "PT1S1M", "P1DT", "P-1D", "PT1.5M", "PT1S ", "P99999999D"} {
		if got, ok := isoSpan(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}
