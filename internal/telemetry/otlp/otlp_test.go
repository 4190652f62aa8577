package otlp

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"stile/internal/reach"
	"stile/internal/telemetry"
)

// collector records what it is sent and answers what it is told to.
type collector struct {
	t      *testing.T
	answer func(path string, n int) (status int, header, body string) // nil: 200

	mu   sync.Mutex
	got  map[string][][]byte
	seen []time.Time
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		c.t.Error(err)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Method != http.MethodPost {
		c.t.Error(err, r.Header)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.got == nil {
		c.got = map[string][][]byte{}
	}
	c.got[r.URL.Path] = append(c.got[r.URL.Path], body)
	c.seen = append(c.seen, time.Now())
	if c.answer != nil {
		status, after, text := c.answer(r.URL.Path, len(c.got[r.URL.Path]))
		if after != "" {
			w.Header().Set("Retry-After", after)
			w.Header().Set("Location", "http://elsewhere.example/")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// RoundTrip answers without a network, so that a bubble's clock goes on.
func (c *collector) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Result(), nil
}

var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	sample = []telemetry.Span{{TraceID: "0102030405060708090a0b0c0d0e0f10", SpanID: "0102030405060708", ParentID: "1112131415161718", Name: "POST pay\xff",
		Kind: telemetry.KindBackend, Start: start, End: start.Add(90 * 24 * time.Hour), Status: "error",
		Attributes: telemetry.Attributes{{Name: telemetry.AttrStatusCode, Value: "503"}, {Name: telemetry.AttrErrorType, Value: "timeout"}, {Name: "empty"}}}}
)

func newExporter(c *collector, m *telemetry.Metrics) *Exporter {
	return New(Config{Endpoint: "http://collector.test/base/", Service: "stile", Version: "1", Instance: "i", Project: "p",
		Metrics: m, Client: &http.Client{Transport: c}, Now: time.Now})
}

func TestSpansKeepTheirIdsAndTimes(t *testing.T) {
	c := &collector{t: t}
	server := httptest.NewServer(c)
	defer server.Close()
	e := New(Config{Endpoint: server.URL + "/base", Service: "stile", Version: "1", Instance: "i", Project: "p", Now: time.Now})
	e.Spans(sample)
	e.Spans([]telemetry.Span{{TraceID: "no id", SpanID: "0102030405060708"}})
	e.Close(t.Context())
	var data trace.TracesData
	if err := proto.Unmarshal(c.got["/base/v1/traces"][0], &data); err != nil {
		t.Fatal(err)
	}
	rs := data.ResourceSpans[0]
	attributes := map[string]string{}
	for _, a := range rs.Resource.Attributes {
		attributes[a.Key] = a.Value.GetStringValue()
	}
	if attributes["service.name"] != "stile" || attributes["service.instance.id"] != "i" || attributes["stile.project"] != "p" {
		t.Errorf("resource: %v", attributes)
	}
	got := rs.ScopeSpans[0].Spans
	if len(got) != 1 || e.Dropped() != 1 {
		t.Fatalf("%d spans, %d dropped; the one without a trace id is lost", len(got), e.Dropped())
	}
	sp := got[0]
	if hex.EncodeToString(sp.TraceId) != sample[0].TraceID || hex.EncodeToString(sp.SpanId) != sample[0].SpanID || hex.EncodeToString(sp.ParentSpanId) != sample[0].ParentID {
		t.Errorf("ids: %v", sp)
	}
	if sp.StartTimeUnixNano != uint64(start.UnixNano()) || sp.EndTimeUnixNano-sp.StartTimeUnixNano != uint64(90*24*time.Hour) {
		t.Errorf("times: %v", sp)
	}
	if sp.Kind != trace.Span_SPAN_KIND_CLIENT || sp.Status.Code != trace.Status_STATUS_CODE_ERROR || sp.Status.Message != "timeout" || sp.Name != "POST pay\ufffd" {
		t.Errorf("span: %v", sp)
	}
	if len(sp.Attributes) != 3 || sp.Attributes[0].Value.GetIntValue() != 503 || sp.Attributes[2].Value.GetStringValue() != "backend" {
		t.Errorf("attributes: %v", sp.Attributes)
	}
}

func TestLogsAndEvents(t *testing.T) {
	c := &collector{t: t}
	e := newExporter(c, nil)
	e.Log(telemetry.Record{Time: start, Level: slog.LevelWarn, Message: "hello", Attributes: telemetry.Attributes{{Name: "k", Value: "v"}}})
	e.Event(telemetry.Event{Time: start, Name: "stile.execution.ended", TraceID: sample[0].TraceID, SpanID: sample[0].SpanID})
	e.Close(t.Context())
	var data logs.LogsData
	if err := proto.Unmarshal(c.got["/base/v1/logs"][0], &data); err != nil {
		t.Fatal(err)
	}
	got := data.ResourceLogs[0].ScopeLogs[0].LogRecords
	if len(got) != 2 || got[0].Body.GetStringValue() != "hello" || got[0].SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_WARN || got[0].Attributes[0].Key != "k" {
		t.Fatalf("%v", got)
	}
	if got[1].EventName != "stile.execution.ended" || hex.EncodeToString(got[1].TraceId) != sample[0].TraceID {
		t.Errorf("event: %v", got[1])
	}
}

func TestMetricsGoOutEveryMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m telemetry.Metrics
		n := m.Counter("stile.exchanges", "{exchange}", "Exchanges.", "api")
		h := m.Histogram("stile.exchange.duration", "s", "Time.", []float64{1})
		m.Read("stile.open", "1", "Open.", telemetry.KindGauge, func() float64 { return 3 })
		c := &collector{t: t, answer: func(_ string, n int) (int, string, string) {
			return map[bool]int{true: 500, false: 200}[n == 2], "", ""
		}}
		began := time.Now()
		e := newExporter(c, &m)
		n.Add(2, "orders")
		h.Observe(0.5)
		h.Observe(5)
		time.Sleep(2*time.Minute + time.Second)
		synctest.Wait()
		e.Close(t.Context())
		got := c.got["/base/v1/metrics"]
		if len(got) != 3 || e.Dropped() != 1 {
			t.Fatalf("%d exports, %d lost; want 3 and 1", len(got), e.Dropped())
		}
		var data metrics.MetricsData
		if err := proto.Unmarshal(got[2], &data); err != nil {
			t.Fatal(err)
		}
		list := data.ResourceMetrics[0].ScopeMetrics[0].Metrics
		sum := list[0].GetSum()
		if !sum.IsMonotonic || sum.DataPoints[0].GetAsDouble() != 2 || sum.DataPoints[0].Attributes[0].Value.GetStringValue() != "orders" ||
			sum.DataPoints[0].StartTimeUnixNano != uint64(began.UnixNano()) {
			t.Errorf("sum: %v", sum)
		}
		p := list[1].GetHistogram().DataPoints[0]
		if p.Count != 2 || p.GetSum() != 5.5 || !slices.Equal(p.BucketCounts, []uint64{1, 1}) || p.GetMin() != 0.5 || p.GetMax() != 5 {
			t.Errorf("histogram: %v", p)
		}
		if list[2].GetGauge().DataPoints[0].GetAsDouble() != 3 {
			t.Errorf("gauge: %v", list[2])
		}
	})
}

func TestAnswers(t *testing.T) {
	partial := string(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType),
		protowire.AppendVarint(protowire.AppendTag(protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), "no"), 1, protowire.VarintType), 1)))
	for _, tt := range []struct {
		name, after, body string
		status            int // of the first answer; those after it are 200
		attempts          int
		dropped           uint64
	}{
		{name: "taken", status: 200, attempts: 1},
		{name: "in part", status: 200, body: partial, attempts: 1, dropped: 1},
		{name: "nonsense in a good answer", status: 200, body: "\xff\xff", attempts: 1},
		{name: "busy", status: 503, after: "30", attempts: 2},
		{name: "too many", status: 429, attempts: 2},
		{name: "malformed", status: 400, attempts: 1, dropped: 1},
		{name: "not allowed", status: 401, attempts: 1, dropped: 1},
		{name: "broken", status: 500, attempts: 1, dropped: 1}, // OTLP: not retryable
		{name: "elsewhere", status: 307, after: "0", attempts: 1, dropped: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{t: t, answer: func(_ string, n int) (int, string, string) {
					if n > 1 {
						return 200, "", ""
					}
					return tt.status, tt.after, tt.body
				}}
				e := newExporter(c, nil)
				e.Spans(sample)
				time.Sleep(time.Hour)
				synctest.Wait()
				if got := len(c.got["/base/v1/traces"]); got != tt.attempts || e.Dropped() != tt.dropped {
					t.Errorf("%d attempts, %d dropped; want %d, %d", got, e.Dropped(), tt.attempts, tt.dropped)
				}
				if tt.name == "busy" && c.seen[1].Sub(c.seen[0]) != 30*time.Second {
					t.Errorf("waited %v", c.seen[1].Sub(c.seen[0]))
				}
				e.Close(t.Context())
			})
		})
	}
}

// TestDownCollector: nothing blocks, all is counted, and a stop ends in its time.
func TestDownCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(Config{Endpoint: "http://collector.test", Now: time.Now, Client: &http.Client{Transport: hang{}}, Metrics: &telemetry.Metrics{}})
		for range 100_000 {
			e.Spans(sample)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		e.Close(ctx)
		if e.Dropped() != 100_001 || time.Since(began) > 3*time.Second { // and the last export of metrics
			t.Errorf("%d dropped after %v", e.Dropped(), time.Since(began))
		}
	})
}

// hang is a network that never answers.
type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestOwnClientStaysOutOfMetadata: without a client the exporter's own goes to no
// address that no configuration may name.
func TestOwnClientStaysOutOfMetadata(t *testing.T) {
	e := New(Config{Endpoint: "http://collector.test", Now: time.Now})
	defer e.Close(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is dialled
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://169.254.169.254/latest", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	var refused *reach.Refused
	if _, err := e.client.Do(r); !errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
}
