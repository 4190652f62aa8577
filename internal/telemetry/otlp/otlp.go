// Package otlp exports spans, metrics and lines of the server's log to an
// OpenTelemetry collector: OTLP over HTTP, protobuf, gzip.
//
// It is not OpenTelemetry's SDK, which makes spans while code runs: ours are
// finished data with ids of their own, hours long at times, which the SDK cannot
// take. Messages are OpenTelemetry's generated types; batching and retries are
// telemetry.Batcher's. internal/app makes an Exporter and feeds it as a Sink.
//
// Invariants: ids go out as they are; nothing blocks the caller; what the receiver
// refuses, or cannot be delivered, is dropped and counted; redirects are not
// followed, so that nothing goes where nobody sent it.
package otlp

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"stile/internal/reach"
	"stile/internal/telemetry"
)

// Config is what an Exporter needs. Endpoint and Now are required.
type Config struct {
	// Endpoint is the collector's base URL; /v1/traces, /v1/metrics and /v1/logs are
	// added to its path.
	Endpoint string
	// Service, Version, Instance and Project name the sender in every message.
	Service, Version, Instance, Project string
	// Metrics are exported every Interval (0: a minute); nil exports none.
	Metrics  *telemetry.Metrics
	Interval time.Duration
	// Client sends; nil means one with a timeout that goes where a host of the
	// configuration may lead. Its redirects are turned off.
	Client *http.Client
	Now    func() time.Time
	// Log is told when sending begins to fail; it must not lead back to the Exporter.
	Log *slog.Logger
}

// Exporter is a telemetry.Sink that sends to a collector.
type Exporter struct {
	cfg      Config
	resource *resource.Resource
	client   *http.Client
	started  time.Time
	spans    *telemetry.Batcher[telemetry.Span]
	records  *telemetry.Batcher[telemetry.Record]
	failing  map[string]*atomic.Bool // by path; the map never changes
	lost     atomic.Uint64           // metric exports

	ctx    context.Context // of exports of metrics; ended by Close's
	cancel context.CancelFunc
	stop   chan struct{}
	done   sync.WaitGroup
}

// Paths behind the endpoint, by signal.
const (
	tracesPath  = "/v1/traces"
	metricsPath = "/v1/metrics"
	logsPath    = "/v1/logs"
)

const (
	sendTimeout   = 10 * time.Second
	everyInterval = time.Minute
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 64 << 10
)

// New starts an Exporter; Close ends it.
func New(cfg Config) *Exporter {
	cfg.Endpoint = strings.TrimRight(cfg.Endpoint, "/")
	cfg.Interval = cmp.Or(cfg.Interval, everyInterval)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	client := http.Client{Timeout: sendTimeout, Transport: reach.Transport(reach.Inside)}
	if cfg.Client != nil {
		client = *cfg.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	e := &Exporter{cfg: cfg, client: &client, started: cfg.Now(), stop: make(chan struct{}),
		failing: map[string]*atomic.Bool{tracesPath: {}, logsPath: {}, metricsPath: {}}}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.resource = &resource.Resource{Attributes: keyValues(telemetry.Attributes{{Name: "service.name", Value: cfg.Service},
		{Name: "service.version", Value: cfg.Version}, {Name: "service.instance.id", Value: cfg.Instance},
		{Name: "stile.project", Value: cfg.Project}})}
	e.spans = telemetry.NewBatcher(telemetry.BatcherConfig[telemetry.Span]{Send: e.sendSpans})
	e.records = telemetry.NewBatcher(telemetry.BatcherConfig[telemetry.Record]{Send: e.sendRecords})
	if cfg.Metrics != nil {
		e.done.Go(e.tick)
	}
	return e
}

// Exchange takes nothing: the exchange's span says it all.
func (e *Exporter) Exchange(*telemetry.Exchange) {}

// Spans queues spans.
func (e *Exporter) Spans(spans []telemetry.Span) { e.spans.Add(spans...) }

// Log queues a line.
func (e *Exporter) Log(r telemetry.Record) { e.records.Add(r) }

// Event queues an event as a log record with the event's name.
func (e *Exporter) Event(ev telemetry.Event) {
	e.records.Add(telemetry.Record{Time: ev.Time, Level: slog.LevelInfo, Message: ev.Name, TraceID: ev.TraceID, SpanID: ev.SpanID,
		Attributes: append(telemetry.Attributes{{Name: eventName, Value: ev.Name}}, ev.Attributes...)})
}

// Dropped counts spans, records and exports of metrics that were lost.
func (e *Exporter) Dropped() uint64 {
	_, spans := e.spans.Counts()
	_, records := e.records.Counts()
	return spans + records + e.lost.Load()
}

// Close sends what waits, and the metrics a last time, until ctx ends.
func (e *Exporter) Close(ctx context.Context) {
	stop := context.AfterFunc(ctx, e.cancel)
	defer stop()
	close(e.stop)
	e.done.Wait()
	var all sync.WaitGroup
	all.Go(func() { e.spans.Close(ctx) })
	all.Go(func() { e.records.Close(ctx) })
	if e.cfg.Metrics != nil {
		e.sendMetrics()
	}
	all.Wait()
	e.cancel()
}

func (e *Exporter) tick() {
	t := time.NewTicker(e.cfg.Interval)
	defer t.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-t.C:
			e.sendMetrics()
		}
	}
}

func (e *Exporter) sendSpans(ctx context.Context, batch []telemetry.Span) telemetry.Delivery[telemetry.Span] {
	out := make([]*trace.Span, 0, len(batch))
	for i := range batch {
		if sp, ok := span(&batch[i]); ok {
			out = append(out, sp)
		}
	}
	// TracesData and ExportTraceServiceRequest are one message on the wire; the latter
	// stands in a package that brings gRPC.
	a := e.post(ctx, tracesPath, &trace.TracesData{ResourceSpans: []*trace.ResourceSpans{{Resource: e.resource,
		ScopeSpans: []*trace.ScopeSpans{{Scope: scope(e.cfg.Version), Spans: out}}}}})
	return delivery(a, batch, len(batch)-len(out))
}

func (e *Exporter) sendRecords(ctx context.Context, batch []telemetry.Record) telemetry.Delivery[telemetry.Record] {
	out := make([]*logs.LogRecord, 0, len(batch))
	for i := range batch {
		out = append(out, record(&batch[i], e.cfg.Now()))
	}
	a := e.post(ctx, logsPath, &logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{Resource: e.resource,
		ScopeLogs: []*logs.ScopeLogs{{Scope: scope(e.cfg.Version), LogRecords: out}}}}})
	return delivery(a, batch, 0)
}

// sendMetrics sends one snapshot. Counts are cumulative, so that one which is lost
// is made good by the next: there is no second attempt.
func (e *Exporter) sendMetrics() {
	data := points(e.cfg.Metrics.Snapshot(), e.started, e.cfg.Now())
	a := e.post(e.ctx, metricsPath, &metrics.MetricsData{ResourceMetrics: []*metrics.ResourceMetrics{{Resource: e.resource,
		ScopeMetrics: []*metrics.ScopeMetrics{{Scope: scope(e.cfg.Version), Metrics: data}}}}})
	if a.err != nil {
		e.lost.Add(1)
	}
}

// answer is what a collector said.
type answer struct {
	err     error // nil: taken, rejected items aside
	again   bool  // the same may be sent once more
	after   time.Duration
	rejects int
}

func delivery[T any](a answer, batch []T, malformed int) telemetry.Delivery[T] {
	switch {
	case a.err == nil:
		return telemetry.Delivery[T]{Refused: min(len(batch), malformed+a.rejects)}
	case a.again:
		return telemetry.Delivery[T]{Retry: batch, After: a.after}
	}
	return telemetry.Delivery[T]{Refused: len(batch)}
}

func (e *Exporter) post(ctx context.Context, path string, m proto.Message) answer {
	a := e.try(ctx, path, m)
	if failed := a.err != nil; e.failing[path].Swap(failed) != failed {
		if failed {
			e.cfg.Log.Warn("telemetry is not delivered by OTLP", "path", path, "error", a.err)
		} else {
			e.cfg.Log.Info("telemetry is delivered by OTLP again", "path", path)
		}
	}
	return a
}

func (e *Exporter) try(ctx context.Context, path string, m proto.Message) answer {
	body, err := proto.Marshal(m)
	if err != nil {
		return answer{err: err}
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(body) // a Buffer takes everything
	_ = z.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.cfg.Endpoint+path, &zipped)
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "stile/"+e.cfg.Version)
	res, err := e.client.Do(req)
	if err != nil {
		return answer{err: err, again: true}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		// What was taken must not be sent again only because the answer broke off.
		return answer{rejects: rejected(text)}
	case err != nil:
		return answer{err: err, again: true}
	}
	a := answer{err: errors.New("the collector answered " + res.Status), after: telemetry.RetryAfter(res.Header.Get("Retry-After"), e.cfg.Now())}
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		a.again = true
	}
	return a
}

// rejected reads partial_success.rejected_* (field 1 in field 1, in all three
// answers alike) from a protobuf answer.
func rejected(text []byte) int {
	inner := field(text, 1, protowire.BytesType)
	partial, n := protowire.ConsumeBytes(inner)
	if n < 0 {
		return 0
	}
	v, n := protowire.ConsumeVarint(field(partial, 1, protowire.VarintType))
	if n < 0 || v > 1<<20 {
		return 0
	}
	return int(v)
}

// field gives the bytes that begin with the value of the first field of that number
// and type; nil where there is none.
func field(b []byte, number protowire.Number, kind protowire.Type) []byte {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil
		}
		b = b[n:]
		if num == number && typ == kind {
			return b
		}
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return nil
		}
		b = b[n:]
	}
	return nil
}
