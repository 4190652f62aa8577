package telemetry

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCustom: measurements of documents are families of their own, behind the others
// and bounded in number.
func TestCustom(t *testing.T) {
	var m Metrics
	m.Counter("stile.x", "1", "x")
	m.Custom.Observe("llm", "Total Tokens", []string{"API ID"}, []string{"a"}, 3)
	m.Custom.Observe("llm", "Total Tokens", []string{"API ID"}, []string{"a"}, 4)
	m.Custom.Observe("llm", "Total Tokens", []string{"User ID"}, []string{"u"}, 1)
	m.Custom.Observe("API Management", "n", nil, nil, -1.5)
	var got []string
	for _, f := range m.Snapshot() {
		for _, s := range f.Series {
			got = append(got, fmt.Sprintf("%s/%s %v %v %d %v %v %v", f.Namespace, f.Name, f.Labels, s.Values, s.Count, s.Sum, s.Min, s.Max))
		}
	}
	want := []string{"API Management/n [] [] 1 -1.5 -1.5 -1.5", "llm/Total Tokens [API ID] [a] 2 7 3 4", "llm/Total Tokens [User ID] [u] 1 1 1 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i := range maxCustom + 5 {
		m.Custom.Observe("n", fmt.Sprint(i), nil, nil, 1)
	}
	if n := m.Custom.Dropped(); n != 8 {
		t.Errorf("%d dropped, want 8", n)
	}
	if n := len(m.Custom.sorted()); n != maxCustom {
		t.Errorf("%d families", n)
	}
}
