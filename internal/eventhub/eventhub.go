// Package eventhub sends messages to Azure Event Hubs over their REST endpoint, for
// the log-to-eventhub policy.
//
// It is not AMQP and not an exporter of telemetry. internal/app gives it the
// project's loggers whenever they change, and makes it the gateway's policy.EventLog.
//
// Invariants: Log never blocks and never touches the network; what waits is bounded,
// and what is lost is counted; each logger has a queue of its own, so that one that
// hangs holds up no other; a shared key is never in a log or an error; redirects are
// not followed, for the credential is the namespace's.
package eventhub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"stile/internal/reach"
	"stile/internal/telemetry"
)

// Config is what Hubs need. Now is required.
type Config struct {
	// Token gives a token of a managed identity; nil refuses loggers without a key.
	Token func(ctx context.Context, resource, clientID string) (string, error)
	// Client sends; nil means one with a timeout that goes where a host of the
	// configuration may lead. Its redirects are turned off.
	Client *http.Client
	Now    func() time.Time
	// Log is told when sending begins and ceases to fail.
	Log *slog.Logger
	// Wait is how long the first message of a batch waits for others; 0: 200 ms.
	Wait time.Duration
}

// Hubs are the loggers of a project, by id. It is safe for concurrent use.
type Hubs struct {
	cfg Config
	// gone counts what loggers lost that are no longer there.
	gone atomic.Uint64

	mu    sync.RWMutex
	byID  map[string]*hub
	ended sync.WaitGroup
}

const (
	sendTimeout = 15 * time.Second
	batchWait   = 200 * time.Millisecond
	// maxBatch keeps a request below the megabyte that the service takes; a message is
	// 200 KB at most, and may double as JSON.
	maxBatch  = 900 << 10
	maxQueued = 4096
	// maxWaiting bounds what waits in bytes: while a hub is away, callers decide how long
	// the messages are.
	maxWaiting = 32 << 20
	maxItems   = 100
	// closing is how long a logger that was taken away may still send.
	closing  = 10 * time.Second
	resource = "https://eventhubs.azure.net/"
)

// New makes Hubs without loggers.
func New(cfg Config) *Hubs {
	client := http.Client{Timeout: sendTimeout, Transport: reach.Transport(reach.Inside)}
	if cfg.Client != nil {
		client = *cfg.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.Client = &client
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Wait == 0 {
		cfg.Wait = batchWait
	}
	return &Hubs{cfg: cfg, byID: map[string]*hub{}}
}

// Set makes these the loggers from now on. One that stays as it is keeps its queue;
// one that changed or went away sends what it holds.
func (h *Hubs) Set(loggers []Logger) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := make(map[string]*hub, len(loggers))
	for _, l := range loggers {
		if old := h.byID[l.ID]; old != nil && old.logger == l {
			now[l.ID] = old
			continue
		}
		x := &hub{cfg: &h.cfg, logger: l}
		x.items = telemetry.NewBatcher(telemetry.BatcherConfig[event]{Size: maxItems, Queue: maxQueued, Bytes: maxWaiting, Length: event.length, Wait: h.cfg.Wait, Send: x.send})
		now[l.ID] = x
	}
	for id, old := range h.byID {
		if now[id] != old {
			h.ended.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), closing)
				defer cancel()
				h.end(ctx, old)
			})
		}
	}
	h.byID = now
}

func (h *Hubs) end(ctx context.Context, x *hub) {
	x.items.Close(ctx)
	_, dropped := x.items.Counts()
	h.gone.Add(dropped)
}

// Close sends what waits until ctx ends.
func (h *Hubs) Close(ctx context.Context) {
	h.mu.Lock()
	all := h.byID
	h.byID = map[string]*hub{}
	h.mu.Unlock()
	for _, x := range all {
		h.ended.Go(func() { h.end(ctx, x) })
	}
	h.ended.Wait()
}

// Log queues a message for a logger; ok is false where there is none of that id.
func (h *Hubs) Log(_ context.Context, logger, partition, key string, message []byte) (ok bool) {
	h.mu.RLock()
	x := h.byID[logger]
	h.mu.RUnlock()
	if x == nil {
		return false
	}
	x.items.Add(event{partition, key, string(message)})
	return true
}

// Dropped counts the messages that were lost.
func (h *Hubs) Dropped() uint64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	n := h.gone.Load()
	for _, x := range h.byID {
		_, dropped := x.items.Counts()
		n += dropped
	}
	return n
}

type event struct{ partition, key, body string }

func (e event) length() int { return len(e.partition) + len(e.key) + len(e.body) }

// hub is one logger with what waits for it.
type hub struct {
	cfg     *Config
	logger  Logger
	items   *telemetry.Batcher[event]
	failing atomic.Bool
}

// send delivers a batch: the events of one partition or key go together, in order.
func (x *hub) send(ctx context.Context, batch []event) (d telemetry.Delivery[event]) {
	var failed error
	for len(batch) > 0 {
		group, rest := next(batch)
		batch = rest
		retry, after, err := x.post(ctx, group)
		switch {
		case err == nil:
			continue
		case retry:
			d.Retry = append(d.Retry, group...)
			d.After = max(d.After, after)
		default:
			d.Refused += len(group)
		}
		failed = err
	}
	if is := failed != nil; x.failing.Swap(is) != is {
		if is {
			x.cfg.Log.Warn("messages are not delivered to an Event Hub", "logger", x.logger.ID, "error", failed)
		} else {
			x.cfg.Log.Info("messages are delivered to an Event Hub again", "logger", x.logger.ID)
		}
	}
	return d
}

// next takes the events that go with the first one, as many as a request may hold.
func next(batch []event) (group, rest []event) {
	size, full := 0, false
	for _, e := range batch {
		if full || e.partition != batch[0].partition || e.key != batch[0].key {
			rest = append(rest, e)
			continue
		}
		if size += 2*len(e.body) + 64; size > maxBatch && len(group) > 0 {
			full, rest = true, append(rest, e)
			continue
		}
		group = append(group, e)
	}
	return group, rest
}

// message is one event of a batch as the REST endpoint reads it.
type message struct {
	Body string `json:"Body"`
}

func (x *hub) post(ctx context.Context, group []event) (retry bool, after time.Duration, err error) {
	messages := make([]message, len(group))
	for i, e := range group {
		messages[i].Body = e.body
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(messages); err != nil {
		return false, 0, err
	}
	target := x.logger.Endpoint + "/" + url.PathEscape(x.logger.Hub)
	if p := group[0].partition; p != "" {
		target += "/partitions/" + url.PathEscape(p)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target+"/messages?timeout=60&api-version=2014-01", &body)
	if err != nil {
		return false, 0, errors.New("the logger's address cannot be used")
	}
	auth, err := x.logger.authorization(ctx, x.cfg)
	if err != nil {
		return true, 0, err
	}
	req.Header.Set("Authorization", auth)
	req.Header.Set("Content-Type", "application/vnd.microsoft.servicebus.json")
	if key := group[0].key; key != "" {
		broker, err := json.Marshal(map[string]string{"PartitionKey": key})
		if err != nil {
			return false, 0, err
		}
		req.Header.Set("BrokerProperties", string(broker))
	}
	res, err := x.cfg.Client.Do(req)
	if err != nil {
		return true, 0, err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection may serve again
	switch s := res.StatusCode; {
	case s == http.StatusCreated || s == http.StatusOK:
		return false, 0, nil
	case s == http.StatusUnauthorized, s == http.StatusRequestTimeout, s == http.StatusTooManyRequests, s >= 500:
		return true, telemetry.RetryAfter(res.Header.Get("Retry-After"), x.cfg.Now()), errors.New("the Event Hub answered " + res.Status)
	}
	return false, 0, errors.New("the Event Hub answered " + res.Status)
}
