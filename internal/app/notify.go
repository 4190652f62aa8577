package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"time"

	"stile/internal/config"
	"stile/internal/engine"
	"stile/internal/notify"
	"stile/internal/secret"
	"stile/internal/telemetry"
	"stile/jsonval"
)

// telemetryTarget is the target of the outbox that feeds our own events and metrics.
const telemetryTarget = "telemetry"

// gatherNotices is how far behind our own telemetry may be, so that what is told in
// the meantime is read at once.
const gatherNotices = 100 * time.Millisecond

// outbox is what the engine keeps for those whom stile.yaml names, and for our own
// telemetry, which wants what is told of health. Where that only counts, nothing is
// kept for it.
func (s *server) outbox(p *project) *engine.Outbox {
	wants := func(kind string) bool {
		return slices.ContainsFunc(p.Config.Notify, func(n config.Notify) bool { return slices.Contains(n.On, kind) })
	}
	out := &engine.Outbox{Health: true, Executions: wants(notify.KindExecution), Callbacks: wants(notify.KindCallback),
		Source: "/stile/" + url.PathEscape(p.Config.Name),
		Wake: func() {
			if n := s.notifier.Load(); n != nil {
				n.Wake()
			}
		}}
	if s.seeing.bare() && !wants(notify.KindHealth) {
		out.HealthChanged = func(machine, status string) { s.seeing.health.Add(1, machine, status) }
	}
	return out
}

// openNotifier makes what delivers the outbox; serve runs it.
func (s *server) openNotifier(p *project) error {
	targets := []notify.Target{{Name: telemetryTarget, Kinds: []string{notify.KindHealth}, Gather: gatherNotices, Send: func(_ context.Context, r notify.Record) error {
		if r.Type == notify.HealthChanged {
			machine, status := healthOf(r)
			s.seeing.health.Add(1, machine, status)
		}
		if !s.seeing.bare() {
			s.seeing.sinks.Event(noticeEvent(r))
		}
		return nil
	}}}
	for _, n := range p.Config.Notify {
		ref, err := secret.Parse(n.Secret.Text)
		if err != nil {
			return err // refFaults has told of it
		}
		ref = ref.Under(p.Dir)
		hook := notify.Webhook{URL: n.URL, Secret: func(ctx context.Context) (secret.Value, error) { return s.secrets.store.Get(ctx, ref) }}
		targets = append(targets, notify.Target{Name: hook.Name(), Kinds: n.On, Send: func(ctx context.Context, r notify.Record) error {
			r.Body = s.secrets.mask.Mask(r.Body)
			return hook.Send(ctx, r)
		}})
	}
	n, err := notify.Open(context.Background(), s.host, targets, s.log)
	if err != nil {
		return err
	}
	m := s.seeing.metrics
	m.Read("stile.notices.delivered", "{notice}", "Notices that a receiver took.", telemetry.KindCounter, func() float64 { return float64(n.Delivered()) })
	m.Read("stile.notices.dropped", "{notice}", "Notices that a receiver did not get in a day, or refused for good.", telemetry.KindCounter, func() float64 { return float64(n.Dropped()) })
	s.notifier.Store(n)
	return nil
}

// healthOf gives a record's state machine and status; empty where it has none.
func healthOf(r notify.Record) (machine, status string) {
	body, err := jsonval.Parse(r.Body)
	if err != nil {
		return "", ""
	}
	data := body.Get("data")
	machine, _ = data.Get("stateMachine").Str()
	status, _ = data.Get("status").Str()
	return machine, status
}

// noticeEvent is a record of the outbox as a telemetry event: the members of its
// data are the attributes, and its id tells a repetition from another.
func noticeEvent(r notify.Record) telemetry.Event {
	e := telemetry.Event{Time: r.At, Name: r.Type, Attributes: telemetry.Attributes{{Name: "cloudevents.event_id", Value: r.ID}}}
	body, err := jsonval.Parse(r.Body)
	if err != nil {
		return e
	}
	for _, m := range body.Get("data").Members() {
		text, isText := m.Value.Str()
		switch {
		case m.Name == "traceId":
			e.TraceID = text
		case isText:
			e.Attributes = append(e.Attributes, telemetry.Attribute{Name: m.Name, Value: text})
		case !m.Value.IsNull():
			e.Attributes = append(e.Attributes, telemetry.Attribute{Name: m.Name, Value: m.Value.Text()})
		}
	}
	return e
}

// slowEvent tells that slowness was raised or cleared. The same change has the same id.
func slowEvent(c telemetry.SlowChange) notify.Event {
	e := notify.Event{Type: notify.SlowRaised, Subject: c.Kind + "/" + c.Name, Time: c.At}
	if !c.Raised {
		e.Type = notify.SlowCleared
	}
	sum := sha256.Sum256([]byte(e.Type + "\x00" + e.Subject + "\x00" + strconv.FormatInt(c.At.UnixNano(), 10)))
	e.ID = "slow-" + hex.EncodeToString(sum[:12])
	var o jsonval.Object
	o.AddString("kind", c.Kind).AddString("name", c.Name).AddString("since", c.Since.UTC().Format(time.RFC3339Nano))
	o.AddInt("p95Millis", c.P95.Milliseconds()).AddInt("usualMillis", c.Usual.Milliseconds()).AddInt("floorMillis", c.Floor.Milliseconds())
	e.Data = o.Value()
	return e
}
