// Package appinsights exports to Azure Application Insights: requests,
// dependencies, exceptions, traces, events and metrics, in the Breeze envelopes of
// the ingestion endpoint.
//
// It is not OpenTelemetry's exporter for Azure, which Go does not have. An exchange
// and an execution are requests; a state visit, a backend call and a policy that
// denied or took its time are dependencies; a denial, a failure and a panic are
// exceptions; lines of the log are traces. internal/app makes an Exporter and feeds
// it as a telemetry.Sink.
//
// Invariants: W3C ids are the operation ids as they are; nothing blocks the caller
// and nothing is kept on disk: what cannot be delivered is dropped and counted; the
// instrumentation key goes to the connection string's endpoint alone, since
// redirects are not followed.
package appinsights

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"stile/internal/reach"
	"stile/internal/telemetry"
)

// Config is what an Exporter needs. Connection and Now are required.
type Config struct {
	Connection Connection
	// Role and Instance are the cloud role name and its instance.
	Role, Instance, Version string
	// Metrics are exported every Interval (0: a minute), as what was added since; nil
	// exports none.
	Metrics  *telemetry.Metrics
	Interval time.Duration
	// Client sends; nil means one with a timeout that goes where a host of the
	// configuration may lead. Its redirects are turned off.
	Client *http.Client
	Now    func() time.Time
	// Log is told when sending begins to fail; it must not lead back to the Exporter.
	Log *slog.Logger
}

// Exporter is a telemetry.Sink that sends to Application Insights.
type Exporter struct {
	cfg     Config
	make    maker
	url     string
	client  *http.Client
	items   *telemetry.Batcher[envelope]
	failing atomic.Bool

	mu   sync.Mutex
	last map[string]telemetry.Series // metric and label values → as sent last

	stop chan struct{}
	done sync.WaitGroup
}

const (
	sendTimeout   = 15 * time.Second
	everyInterval = time.Minute
	maxAnswer     = 1 << 20
)

// New starts an Exporter; Close ends it.
func New(cfg Config) *Exporter {
	cfg.Interval = cmp.Or(cfg.Interval, everyInterval)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	client := http.Client{Timeout: sendTimeout, Transport: reach.Transport(reach.Inside)}
	if cfg.Client != nil {
		client = *cfg.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	e := &Exporter{cfg: cfg, client: &client, url: cfg.Connection.Endpoint + "/v2.1/track", last: map[string]telemetry.Series{},
		make: maker{cfg.Connection.Key, cfg.Role, cfg.Instance, cfg.Version}, stop: make(chan struct{})}
	e.items = telemetry.NewBatcher(telemetry.BatcherConfig[envelope]{Size: 250, Send: e.send})
	if cfg.Metrics != nil {
		e.done.Go(e.tick)
	}
	return e
}

// Exchange queues a request, and an exception where it was denied or failed.
func (e *Exporter) Exchange(x *telemetry.Exchange) { e.items.Add(e.make.exchange(x)...) }

// Spans queues dependencies and the requests of executions.
func (e *Exporter) Spans(spans []telemetry.Span) {
	for i := range spans {
		if env, ok := e.make.span(&spans[i]); ok {
			e.items.Add(env)
		}
	}
}

// Log queues a trace, or the exception that a panic is.
func (e *Exporter) Log(r telemetry.Record) { e.items.Add(e.make.record(r)) }

// Event queues an event.
func (e *Exporter) Event(ev telemetry.Event) { e.items.Add(e.make.event(ev)) }

// Dropped counts the items that were lost.
func (e *Exporter) Dropped() uint64 {
	_, dropped := e.items.Counts()
	return dropped
}

// Close sends what waits, and the metrics a last time, until ctx ends.
func (e *Exporter) Close(ctx context.Context) {
	close(e.stop)
	e.done.Wait()
	if e.cfg.Metrics != nil {
		e.addMetrics()
	}
	e.items.Close(ctx)
}

func (e *Exporter) tick() {
	t := time.NewTicker(e.cfg.Interval)
	defer t.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-t.C:
			e.addMetrics()
		}
	}
}

// addMetrics queues what counters and histograms gained since the last time.
func (e *Exporter) addMetrics() {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.cfg.Now()
	for _, f := range e.cfg.Metrics.Snapshot() {
		for _, s := range f.Series {
			item := metricItem{Namespace: f.Namespace, Name: f.Name, Value: s.Value, Count: 1}
			key := f.Namespace + "\xff" + f.Name + "\xff" + strings.Join(f.Labels, "\xff") + "\xff\xff" + strings.Join(s.Values, "\xff")
			before := e.last[key]
			e.last[key] = s
			switch f.Kind {
			case telemetry.KindCounter:
				item.Value -= before.Value
			case telemetry.KindHistogram:
				item.Value, item.Count = s.Sum-before.Sum, s.Count-before.Count
			}
			if f.Kind != telemetry.KindGauge && (item.Count == 0 || f.Kind == telemetry.KindCounter && item.Value == 0) {
				continue
			}
			p := properties{}
			for i, label := range f.Labels {
				p.set(label, s.Values[i])
			}
			e.items.Add(e.make.wrap("Metric", "MetricData", now, "", "", "", metricData{Ver: 2, Metrics: []metricItem{item}, Properties: p}))
		}
	}
}

// verdict of the endpoint on a batch.
type trackAnswer struct {
	Received int `json:"itemsReceived"`
	Accepted int `json:"itemsAccepted"`
	Errors   []struct {
		Index   int    `json:"index"`
		Status  int    `json:"statusCode"`
		Message string `json:"message"`
	} `json:"errors"`
}

func (e *Exporter) send(ctx context.Context, batch []envelope) telemetry.Delivery[envelope] {
	d, err := e.try(ctx, batch)
	if failed := err != nil; e.failing.Swap(failed) != failed {
		if failed {
			e.cfg.Log.Warn("telemetry is not delivered to Application Insights", "error", err)
		} else {
			e.cfg.Log.Info("telemetry is delivered to Application Insights again")
		}
	}
	return d
}

func (e *Exporter) try(ctx context.Context, batch []envelope) (telemetry.Delivery[envelope], error) {
	again := telemetry.Delivery[envelope]{Retry: batch}
	refused := telemetry.Delivery[envelope]{Refused: len(batch)}
	body, err := encode(batch)
	if err != nil {
		return refused, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, body)
	if err != nil {
		return refused, err
	}
	req.Header.Set("Content-Type", "application/x-json-stream")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "stile/"+e.cfg.Version)
	res, err := e.client.Do(req)
	if err != nil {
		return again, err
	}
	defer res.Body.Close()
	again.After = telemetry.RetryAfter(res.Header.Get("Retry-After"), e.cfg.Now())
	switch {
	case res.StatusCode == http.StatusPartialContent:
		text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		if err != nil {
			return refused, err // which items were taken is not known: twice is worse than lost
		}
		return partial(batch, text, again.After)
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return telemetry.Delivery[envelope]{}, nil
	case mayRetry(res.StatusCode):
		return again, errors.New("the endpoint answered " + res.Status)
	}
	return refused, errors.New("the endpoint answered " + res.Status)
}

// partial sorts the items of a 206: those with a passing fault are sent again.
func partial(batch []envelope, text []byte, after time.Duration) (telemetry.Delivery[envelope], error) {
	var a trackAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		return telemetry.Delivery[envelope]{Refused: len(batch)}, errors.New("the endpoint's answer cannot be read")
	}
	d := telemetry.Delivery[envelope]{After: after}
	seen := map[int]bool{}
	for _, fault := range a.Errors {
		if fault.Index < 0 || fault.Index >= len(batch) || seen[fault.Index] {
			continue
		}
		seen[fault.Index] = true
		if mayRetry(fault.Status) {
			d.Retry = append(d.Retry, batch[fault.Index])
		} else {
			d.Refused++
		}
	}
	return d, nil
}

// mayRetry: the status is of a fault that passes. 402 and 439 tell of a quota that
// lasts until the day's end, longer than anything waits here.
func mayRetry(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// encode writes one envelope a line, zipped.
func encode(batch []envelope) (*bytes.Buffer, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	lines := json.NewEncoder(z)
	for _, env := range batch {
		if err := lines.Encode(env); err != nil {
			return nil, err
		}
	}
	return &out, z.Close()
}
