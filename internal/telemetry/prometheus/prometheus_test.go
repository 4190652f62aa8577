package prometheus

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"stile/internal/telemetry"
)

func metrics() *telemetry.Metrics {
	var m telemetry.Metrics
	c := m.Counter("stile.exchanges", "{exchange}", "Exchanges.\nAll \\ of them.", "api", "status")
	c.Add(2, "orders", "2xx")
	c.Add(1, "a\"b\\c\nd\xff", "5xx")
	h := m.Histogram("stile.exchange.duration", "s", "Time.", []float64{0.5, 1}, "api")
	for _, v := range []float64{0.25, 0.5, 3} {
		h.Observe(v, "orders")
	}
	m.Read("stile.open", "1", "Open.", telemetry.KindGauge, func() float64 { return 7 })
	m.Counter("stile.never", "1", "Has no series.", "x")
	return &m
}

func TestWrite(t *testing.T) {
	w := httptest.NewRecorder()
	Handler(metrics()).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	want := `# HELP stile_exchanges_total Exchanges.\nAll \\ of them.
# TYPE stile_exchanges_total counter
stile_exchanges_total{api="a\"b\\c\nd` + "\ufffd" + `",status="5xx"} 1
stile_exchanges_total{api="orders",status="2xx"} 2
# HELP stile_exchange_duration_seconds Time.
# TYPE stile_exchange_duration_seconds histogram
stile_exchange_duration_seconds_bucket{api="orders",le="0.5"} 2
stile_exchange_duration_seconds_bucket{api="orders",le="1"} 2
stile_exchange_duration_seconds_bucket{api="orders",le="+Inf"} 3
stile_exchange_duration_seconds_sum{api="orders"} 3.75
stile_exchange_duration_seconds_count{api="orders"} 3
# HELP stile_open Open.
# TYPE stile_open gauge
stile_open 7
`
	if diff := cmp.Diff(want, w.Body.String()); diff != "" || w.Header().Get("Content-Type") != ContentType {
		t.Error(diff)
	}
}

// TestPrometheusReadsIt hands the text to Prometheus' own parser.
func TestPrometheusReadsIt(t *testing.T) {
	var text strings.Builder
	if err := Write(&text, metrics().Snapshot()); err != nil {
		t.Fatal(err)
	}
	var p expfmt.TextParser
	got, err := p.TextToMetricFamilies(strings.NewReader(text.String()))
	if err != nil || len(got) != 3 {
		t.Fatalf("%d families, %v", len(got), err)
	}
	if h := got["stile_exchange_duration_seconds"].Metric[0].Histogram; h.GetSampleCount() != 3 || h.GetSampleSum() != 3.75 || len(h.Bucket) != 3 {
		t.Errorf("histogram: %v", h)
	}
	if c := got["stile_exchanges_total"]; c.GetHelp() != "Exchanges.\nAll \\ of them." || c.Metric[0].Label[0].GetValue() != "a\"b\\c\nd\ufffd" {
		t.Errorf("counter: %v", c)
	}
}
