package prometheus

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/telemetry"
)

// TestCustom: what documents name is spelled as Prometheus takes it, and each name
// has its type once.
func TestCustom(t *testing.T) {
	var m telemetry.Metrics
	m.Custom.Observe("API Management", "Total Tokens", []string{"API ID", "api-id", "le", "9"}, []string{"a", "b", "c", "d"}, 3)
	m.Custom.Observe("API Management", "Total Tokens", []string{"User ID"}, []string{"\"u\""}, 2)
	var b strings.Builder
	if err := Write(&b, m.Snapshot()); err != nil {
		t.Fatal(err)
	}
	const labels = `{api_id="a",l_api_id="b",l_le="c",l_9="d"`
	want := "# HELP api_management_total_tokens A measurement of the policies' documents.\n# TYPE api_management_total_tokens histogram\n" +
		"api_management_total_tokens_bucket" + labels + `,le="+Inf"} 1` + "\napi_management_total_tokens_sum" + labels + "} 3\napi_management_total_tokens_count" + labels + "} 1\n" +
		`api_management_total_tokens_bucket{user_id="\"u\"",le="+Inf"} 1` + "\n" + `api_management_total_tokens_sum{user_id="\"u\""} 2` + "\n" + `api_management_total_tokens_count{user_id="\"u\""} 1` + "\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
