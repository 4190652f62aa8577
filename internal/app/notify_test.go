package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stile/internal/notify"
	"stile/internal/telemetry"
)

// hooked is a webhook's request.
type hooked struct {
	id, signed string
	event      struct {
		ID, Type, Source, Subject string
		Data                      map[string]any
	}
}

// hook answers webhooks as answer says and gives those that it took.
func hook(t *testing.T, answer func(n int) int) (string, chan hooked) {
	t.Helper()
	got := make(chan hooked, 1000)
	key, err := notify.Key(hookSecret)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		x := hooked{id: r.Header.Get("Webhook-Id"), signed: r.Header.Get("Webhook-Signature")}
		if err != nil || json.Unmarshal(body, &x.event) != nil || r.Header.Get("Content-Type") != "application/cloudevents+json" ||
			x.signed != "v1,"+notify.Sign(key, x.id, r.Header.Get("Webhook-Timestamp"), body) || x.id != x.event.ID {
			t.Errorf("%s %v", body, r.Header)
		}
		n++
		status := answer(n)
		w.WriteHeader(status)
		if status == http.StatusOK {
			got <- x
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, got
}

func next(t *testing.T, got chan hooked) hooked {
	t.Helper()
	select {
	case x := <-got:
		return x
	case <-time.After(patience):
		t.Fatal("nothing was delivered")
		return hooked{}
	}
}

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// TestWebhooksAreTold runs an execution whose role may not call, and retries: the
// receiver, which is busy at first, hears of start and need, and the control API,
// the metrics and a filter show the same.
func TestWebhooksAreTold(t *testing.T) {
	url, got := hook(t, func(n int) int {
		if n == 1 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	t.Setenv("STILE_TEST_HOOK", hookSecret)
	backend, _ := answering(t)
	dir := folder(t, backend, invoke,
		"stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\nnotify:\n  - {url: '"+url+"', secret: {secret: 'env://STILE_TEST_HOOK'}, on: [health, execution]}\n",
		"workflows/one.asl.json", strings.Replace(oneTask(invoke), `"End":true`, `"End":true,"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":3600}]`, 1),
		"roles/one-role.json", roleAllowing("api/other"))
	p := dev(t, dir, t.TempDir())
	arn := p.start("one")
	if x := next(t, got); x.event.Type != notify.ExecutionStarted || x.event.Subject != arn || x.event.Source != "/stile/shop" {
		t.Errorf("%+v", x)
	}
	x := next(t, got)
	if d := x.event.Data; x.event.Type != notify.HealthChanged || d["status"] != "needs-action" || d["was"] != "healthy" || d["reason"] != "permission" || d["verdict"] == nil {
		t.Errorf("%+v", x)
	}
	var page struct {
		Executions []struct {
			ARN    string
			Health struct{ Status, State, Reason, Since, Until string }
		}
	}
	_, text := send(t, "GET", p.Console+"/-/v1/executions?health=needs-action", "")
	if err := json.Unmarshal([]byte(text), &page); err != nil || len(page.Executions) != 1 {
		t.Fatal(text, err)
	}
	if h := page.Executions[0].Health; page.Executions[0].ARN != arn || h.Status != "needs-action" || h.Reason != "permission" || h.Until == "" {
		t.Errorf("%+v", page)
	}
	if _, text := send(t, "GET", p.Console+"/-/v1/executions?health=stuck", ""); strings.Contains(text, arn) {
		t.Error(text)
	}
	if _, text := send(t, "GET", p.Console+"/metrics", ""); !strings.Contains(text, `stile_health_changes_total{state_machine="one",status="needs-action"} 1`) {
		t.Error(text)
	}
	if status, text := send(t, "GET", p.Console+"/-/v1/slow", ""); status != 200 || strings.TrimSpace(text) != `{"slow":[]}` {
		t.Error(status, text)
	}
}

// TestANoticeAsTelemetry: data becomes attributes, the trace the event's.
func TestANoticeAsTelemetry(t *testing.T) {
	c := telemetry.SlowChange{Raised: true, At: time.UnixMilli(5000), SlowCondition: telemetry.SlowCondition{
		SlowKey: telemetry.SlowKey{Kind: telemetry.SlowState, Name: "order/Charge"}, Since: time.UnixMilli(5000), P95: 90 * time.Second, Floor: time.Minute}}
	e := slowEvent(c)
	if again := slowEvent(c); again.ID != e.ID || e.Type != notify.SlowRaised || e.Subject != "state/order/Charge" {
		t.Errorf("%+v", e)
	}
	c.Raised = false
	if slowEvent(c).ID == e.ID {
		t.Error("raised and cleared have one id")
	}
	r, err := notify.Decode(1, notify.Append(nil, e))
	if err != nil {
		t.Fatal(err)
	}
	got := noticeEvent(r)
	if got.Name != notify.SlowRaised || got.Attributes.Get("name") != "order/Charge" || got.Attributes.Get("p95Millis") != "90000" ||
		got.Attributes.Get("cloudevents.event_id") != e.ID || !got.Time.Equal(c.At) {
		t.Errorf("%+v", got)
	}
}
