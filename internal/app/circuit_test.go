package app

import (
	"strings"
	"testing"

	"stile/internal/why"
)

// TestWhyOfAnOpenCircuit: the call of one execution opens a backend's circuit, the
// next one is refused without a call, and told which line holds it.
func TestWhyOfAnOpenCircuit(t *testing.T) {
	const file = "apim/backends/stock/backendInformation.json"
	p, arn := held{name: "circuit", starts: 2, until: "ExecutionFailed", files: []string{oneFile, definition(invoke, ""), shopXML,
		inLines(`<set-backend-service backend-id="stock" />`), file, `{"properties": {
  "url": "http://127.0.0.1:9",
  "circuitBreaker": {"rules": [
    {"name": "down", "tripDuration": "PT1H", "failureCondition": {"count": 1, "interval": "PT1H", "errorReasons": ["BackendConnectionFailure"]}}]}}}
`}}.begin(t)
	a := p.why(t, arn, 0)
	if a.Cause != why.Policy || a.Place == nil || !strings.HasSuffix(a.Place.File, file) || a.Place.Line != 4 {
		t.Errorf("%s at %+v: %s", a.Cause, a.Place, a.Paragraph)
	}
	for _, say := range []string{"Backend stock, its rule down,", "503 BackendCircuitOpen"} {
		if !strings.Contains(a.Paragraph, say) {
			t.Errorf("it does not say %q: %s", say, a.Paragraph)
		}
	}
	if a.Policy == nil || a.Policy.RetryAfter <= 0 || a.Policy.RetryAfter > 3600 {
		t.Errorf("policy %+v", a.Policy)
	}
}
