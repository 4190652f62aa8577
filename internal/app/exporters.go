package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"stile/internal/config"
	"stile/internal/kv"
	"stile/internal/observe"
	"stile/internal/secret"
	"stile/internal/telemetry"
	"stile/internal/telemetry/appinsights"
	"stile/internal/telemetry/otlp"
	"stile/internal/telemetry/prometheus"
	"stile/policy/exchange"
)

// exportTime is how long what waits may still be exported after a stop.
const exportTime = 3 * time.Second

// seeing is where everything that is seen goes: metrics, access log, exporters, and
// beside them the trace store.
//
// Invariants: nothing here makes an exchange or the engine wait; exporters take what
// ended in this process's time, each span once, while the store takes all.
type seeing struct {
	metrics *telemetry.Metrics
	meters  *telemetry.Meters
	health  *telemetry.Counter // changes of the health of executions
	sinks   telemetry.Fan      // the first one is meters, masked
	since   time.Time
	now     func() time.Time
	store   *telemetry.Store // set by keep
	mask    *secret.Masker
	traces  bool        // spans are kept and exported
	room    func() bool // for spans, on the disk; nil: there is
	// watching are those of sinks that do no more than look.
	watching []watches
	denied   sync.Map // *exchange.Exchange → *exchange.PermissionDenied, between permission and end

	mu    sync.Mutex // guards told: the observer's goroutine, and whoever else records
	told  observe.Told
	close []func(context.Context)
}

// seeingConfig is what openSeeing needs.
type seeingConfig struct {
	dir, version, project string
	telemetry             config.Telemetry
	resolve               func(context.Context, secret.Ref) (secret.Value, error)
	now                   func() time.Time
	mask                  *secret.Masker
	// log must not be the logger that narrates to the exporters.
	log *slog.Logger
}

// openSeeing opens the access log and starts the exporters that stile.yaml names. A
// connection string that cannot be had, or an access log that cannot be opened, is an
// error: who asked to see must not go on blind.
func openSeeing(ctx context.Context, c seeingConfig) (*seeing, error) {
	s := &seeing{metrics: &telemetry.Metrics{}, now: c.now, since: c.now(), mask: c.mask, traces: c.telemetry.Traces}
	s.meters = telemetry.NewMeters(s.metrics)
	s.health = s.metrics.Counter("stile.health.changes", "{change}", "Changes of the health of executions.", "state_machine", "status")
	s.sinks = telemetry.Fan{observe.MaskedSink(s.meters, c.mask)}
	instance, err := os.Hostname()
	if err != nil {
		instance = "unknown"
	}
	if path := c.telemetry.AccessLog; path != "" {
		w, err := openAccessLog(c.dir, path)
		if err != nil {
			return nil, fmt.Errorf("telemetry.access-log: %w", err)
		}
		a := telemetry.NewAccessLog(w, func(err error) { c.log.Error("lines are lost", "error", err) })
		s.add(a, "stile.access_log.dropped", "{line}", "Lines of the access log that were not written.", a.Dropped, func(ctx context.Context) {
			if err := a.Close(ctx); err != nil {
				c.log.Warn("the access log was not closed", "error", err)
			}
		})
	}
	if url := c.telemetry.OTLP; url != "" {
		e := otlp.New(otlp.Config{Endpoint: url, Service: "stile", Version: c.version, Instance: instance, Project: c.project,
			Metrics: s.metrics, Now: c.now, Log: c.log})
		s.add(e, "stile.otlp.dropped", "{item}", "Spans, log records and metric exports that OTLP lost.", e.Dropped, e.Close)
	}
	if c.telemetry.AppInsights.Text != "" {
		conn, err := connectionOf(ctx, c)
		if err != nil {
			s.stop(ctx)
			return nil, fmt.Errorf("telemetry.appinsights: %w", err)
		}
		e := appinsights.New(appinsights.Config{Connection: conn, Role: "stile", Instance: instance, Version: c.version,
			Metrics: s.metrics, Now: c.now, Log: c.log})
		s.add(e, "stile.appinsights.dropped", "{item}", "Items that were lost on their way to Application Insights.", e.Dropped, e.Close)
	}
	return s, nil
}

func (s *seeing) add(sink telemetry.Sink, name, unit, help string, dropped func() uint64, stop func(context.Context)) {
	s.sinks = append(s.sinks, observe.MaskedSink(sink, s.mask))
	s.metrics.Read(name, unit, help, telemetry.KindCounter, func() float64 { return float64(dropped()) })
	s.close = append(s.close, stop)
}

// stop ends the sinks after what they hold, until ctx ends. A nil seeing has none.
func (s *seeing) stop(ctx context.Context) {
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, exportTime)
	defer cancel()
	var all sync.WaitGroup
	for _, f := range s.close {
		all.Go(func() { f(ctx) })
	}
	all.Wait()
}

// keep names the trace store, which takes every span, exported or not.
func (s *seeing) keep(store *telemetry.Store) {
	s.store, s.told.Known = store, store.Has
	s.metrics.Read("stile.traces.dropped", "{span}", "Spans that the embedded trace store did not take.", telemetry.KindCounter,
		func() float64 { return float64(store.Dropped()) })
}

// Record takes spans of executions and states: the observer's.
func (s *seeing) Record(spans ...telemetry.Span) {
	s.mu.Lock()
	fresh := s.told.Fresh(spans)
	s.mu.Unlock()
	if !s.crowded() {
		s.store.Record(observe.MaskedSpans(spans, s.mask)...)
	}
	now := fresh
	for i := range fresh {
		if fresh[i].End.Before(s.since) {
			now = slices.DeleteFunc(slices.Clone(fresh), func(sp telemetry.Span) bool { return sp.End.Before(s.since) })
			break
		}
	}
	if len(now) == 0 {
		return
	}
	s.sinks.Spans(now)
	for _, sp := range now {
		if sp.Kind == telemetry.KindExecution {
			s.ended(sp.End, sp.TraceID, sp.SpanID, sp.Status, sp.Attributes)
		}
	}
}

// Has reports whether the trace store has a span.
func (s *seeing) Has(traceID, spanID string) (bool, error) { return s.store.Has(traceID, spanID) }

// exchange takes a finished exchange.
func (s *seeing) exchange(ex *exchange.Exchange, end time.Time) {
	var denied *exchange.PermissionDenied
	if v, ok := s.denied.LoadAndDelete(ex); ok {
		denied = v.(*exchange.PermissionDenied)
	}
	if s.bare() {
		s.count(ex, end, denied)
		return
	}
	s.sinks.Exchange(observe.AccessRecord(ex, end, denied))
	if !s.traces {
		return
	}
	spans := observe.ExchangeSpans(ex, end)
	if !s.crowded() {
		s.store.Record(observe.MaskedSpans(spans, s.mask)...)
	}
	s.sinks.Spans(spans)
}

// authorize remembers a denial for the exchange's end: the gateway hands it to the
// caller, and the exchange itself says nothing of it.
func (s *seeing) authorize(ask func(*exchange.Exchange) *exchange.PermissionDenied) func(*exchange.Exchange) *exchange.PermissionDenied {
	return func(ex *exchange.Exchange) *exchange.PermissionDenied {
		d := ask(ex)
		if d != nil {
			s.denied.Store(ex, d)
		}
		return d
	}
}

// logger is log, whose lines go to the sinks as well.
func (s *seeing) logger(log *slog.Logger) *slog.Logger {
	return slog.New(telemetry.NewLogHandler(log.Handler(), s.sinks))
}

// meter is a store whose commit groups are counted.
func (s *seeing) meter(store kv.Store) kv.Store {
	return &meteredStore{Store: store, now: s.now,
		groups: s.metrics.Counter("stile.commit.groups", "{group}", "Commit groups of the engine's log, by outcome.", "outcome"),
		took:   s.metrics.Histogram("stile.commit.duration", "s", "Time from a commit group's hand-over until it is durable.", []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5})}
}

type meteredStore struct {
	kv.Store
	now    func() time.Time
	groups *telemetry.Counter
	took   *telemetry.Histogram
}

// Commit counts the group when it is durable, or refused.
func (m *meteredStore) Commit(g kv.Group, done func(error)) {
	start := m.now()
	m.Store.Commit(g, func(err error) {
		outcome := "ok"
		if err != nil {
			outcome = "error"
		}
		m.groups.Add(1, outcome)
		m.took.Observe(m.now().Sub(start).Seconds())
		done(err)
	})
}

func openAccessLog(dir, path string) (io.WriteCloser, error) {
	if path == config.AccessLogStdout {
		return standardOutput{}, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
}

// standardOutput is not ours to close.
type standardOutput struct{}

func (standardOutput) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
func (standardOutput) Close() error                { return nil }

func connectionOf(ctx context.Context, c seeingConfig) (appinsights.Connection, error) {
	ref, err := secret.Parse(c.telemetry.AppInsights.Text)
	if err != nil {
		return appinsights.Connection{}, err
	}
	value, err := c.resolve(ctx, ref.Under(c.dir))
	if err != nil {
		return appinsights.Connection{}, err
	}
	conn, err := appinsights.ParseConnection(value.Reveal())
	c.mask.Keep("telemetry.appinsights", secret.NewValue(conn.Key)) // what the exporter itself sends is not masked
	if err != nil {
		return conn, errors.New(ref.String() + ": " + err.Error())
	}
	return conn, nil
}

func (s *server) seeingConfig(p *project) seeingConfig {
	return seeingConfig{dir: p.Dir, version: Version, project: p.Config.Name, telemetry: p.Config.Telemetry, now: time.Now, log: s.log,
		resolve: s.secrets.store.Get, mask: s.secrets.mask}
}

// scraped answers /metrics; nil where stile.yaml turns it off.
func (s *server) scraped() http.Handler {
	if !s.current.Load().Config.Telemetry.Prometheus {
		return nil
	}
	return prometheus.Handler(s.seeing.metrics)
}
