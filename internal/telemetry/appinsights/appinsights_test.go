package appinsights

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/reach"
	"stile/internal/telemetry"
)

// endpoint records the envelopes that it is sent and answers what it is told to.
type endpoint struct {
	t      *testing.T
	answer func(n int) (status int, header map[string]string, body string) // nil: all taken; n counts from 1

	mu    sync.Mutex
	posts [][]map[string]any
	at    []time.Time
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v2.1/track" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-json-stream" {
		e.t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		e.t.Error(err)
		return
	}
	var post []map[string]any
	for d := json.NewDecoder(z); ; {
		var env map[string]any
		if err := d.Decode(&env); err == io.EOF {
			break
		} else if err != nil {
			e.t.Error(err)
			return
		}
		post = append(post, env)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.posts, e.at = append(e.posts, post), append(e.at, time.Now())
	if e.answer == nil {
		fmt.Fprintf(w, `{"itemsReceived":%d,"itemsAccepted":%[1]d,"errors":[]}`, len(post))
		return
	}
	status, header, body := e.answer(len(e.posts))
	for k, v := range header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// RoundTrip answers without a network, so that a bubble's clock goes on.
func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Result(), nil
}

// names gives the messages of a post, in order.
func names(post []map[string]any) (out []string) {
	for _, env := range post {
		data, _ := env["data"].(map[string]any)["baseData"].(map[string]any)
		out = append(out, fmt.Sprint(data["message"]))
	}
	return out
}

func inBubble(e *endpoint, m *telemetry.Metrics) *Exporter {
	return New(Config{Connection: Connection{"key", "https://ingest.test"}, Role: "stile", Instance: "i", Version: "1", Metrics: m,
		Client: &http.Client{Transport: e}, Now: time.Now})
}

func TestDeliveryOverLoopback(t *testing.T) {
	recorder := &endpoint{t: t}
	server := httptest.NewServer(recorder)
	defer server.Close()
	conn, err := ParseConnection("InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=" + server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	e := New(Config{Connection: conn, Role: "stile", Instance: "i", Version: "1", Now: time.Now})
	e.Exchange(&telemetry.Exchange{Method: "GET", Status: 200})
	e.Spans([]telemetry.Span{{Kind: telemetry.KindState, Name: "s"}, {Kind: telemetry.KindExchange}})
	e.Log(telemetry.Record{Message: "hello"})
	e.Event(telemetry.Event{Name: "event"})
	e.Close(t.Context())
	var kinds []string
	for _, env := range slices.Concat(recorder.posts...) {
		if env["iKey"] != conn.Key {
			t.Errorf("key %v", env["iKey"])
		}
		kinds = append(kinds, env["data"].(map[string]any)["baseType"].(string))
	}
	if want := []string{"RequestData", "RemoteDependencyData", "MessageData", "EventData"}; !slices.Equal(kinds, want) || e.Dropped() != 0 {
		t.Errorf("%v, %d dropped", kinds, e.Dropped())
	}
}

func TestPartialContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := &endpoint{t: t, answer: func(n int) (int, map[string]string, string) {
			if n > 1 {
				return 200, nil, ""
			}
			return 206, nil, `{"itemsReceived":4,"itemsAccepted":1,"errors":[{"index":1,"statusCode":500,"message":"x"},
				{"index":2,"statusCode":400,"message":"bad"},{"index":3,"statusCode":429},{"index":3,"statusCode":429},{"index":9,"statusCode":500}]}`
		}}
		e := inBubble(recorder, nil)
		for _, m := range []string{"a", "b", "c", "d"} {
			e.Log(telemetry.Record{Message: m})
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(recorder.posts) != 2 || !slices.Equal(names(recorder.posts[1]), []string{"b", "d"}) || e.Dropped() != 1 {
			t.Errorf("%d posts, %d dropped", len(recorder.posts), e.Dropped())
		}
		e.Close(t.Context())
	})
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		status   int
		header   map[string]string
		body     string
		attempts int
		dropped  uint64
		wait     time.Duration // before the second attempt, where it is known
	}{
		{status: 200, attempts: 1},
		{status: 429, header: map[string]string{"Retry-After": "45"}, attempts: 2, wait: 45 * time.Second},
		{status: 500, attempts: 2}, {status: 503, attempts: 2}, {status: 408, attempts: 2},
		{status: 400, attempts: 1, dropped: 1}, {status: 403, attempts: 1, dropped: 1},
		{status: 402, attempts: 1, dropped: 1}, {status: 439, attempts: 1, dropped: 1},
		{status: 307, header: map[string]string{"Location": "https://elsewhere.test/v2.1/track"}, attempts: 1, dropped: 1},
		{status: 206, body: "nonsense", attempts: 1, dropped: 1},
	} {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				recorder := &endpoint{t: t, answer: func(n int) (int, map[string]string, string) {
					if n > 1 {
						return 200, nil, ""
					}
					return tt.status, tt.header, tt.body
				}}
				e := inBubble(recorder, nil)
				e.Log(telemetry.Record{Message: "a"})
				time.Sleep(time.Hour)
				synctest.Wait()
				if len(recorder.posts) != tt.attempts || e.Dropped() != tt.dropped {
					t.Errorf("%d attempts, %d dropped; want %d, %d", len(recorder.posts), e.Dropped(), tt.attempts, tt.dropped)
				}
				if tt.wait > 0 && recorder.at[1].Sub(recorder.at[0]) != tt.wait {
					t.Errorf("waited %v", recorder.at[1].Sub(recorder.at[0]))
				}
				e.Close(t.Context())
			})
		})
	}
}

// TestMetricsAreDifferences: the endpoint adds up what it is sent, so each export
// holds what came since the one before.
func TestMetricsAreDifferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m telemetry.Metrics
		n := m.Counter("stile.exchanges", "1", "", "api")
		h := m.Histogram("stile.exchange.duration", "s", "", []float64{1})
		recorder := &endpoint{t: t}
		e := inBubble(recorder, &m)
		n.Add(3, "orders")
		h.Observe(2)
		h.Observe(3)
		time.Sleep(90 * time.Second) // one export
		n.Add(2, "orders")
		time.Sleep(2 * time.Minute) // one with a gain, one without
		e.Close(t.Context())
		var got []string
		for _, env := range slices.Concat(recorder.posts...) {
			data := env["data"].(map[string]any)["baseData"].(map[string]any)
			item := data["metrics"].([]any)[0].(map[string]any)
			got = append(got, fmt.Sprint(item["name"], " ", item["value"], " ", item["count"], " ", data["properties"]))
		}
		want := "stile.exchanges 3 1 map[api:orders]\nstile.exchange.duration 5 2 <nil>\nstile.exchanges 2 1 map[api:orders]"
		if strings.Join(got, "\n") != want {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
		}
	})
}

// TestDownEndpoint: nothing blocks, all is counted, and a stop ends in its time.
func TestDownEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(Config{Connection: Connection{"key", "https://ingest.test"}, Now: time.Now, Client: &http.Client{Transport: hang{}}})
		for range 50_000 {
			e.Log(telemetry.Record{Message: "a"})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		e.Close(ctx)
		if e.Dropped() != 50_000 || time.Since(began) > 3*time.Second {
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
	e := New(Config{Connection: Connection{"key", "https://ingest.test"}, Now: time.Now})
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
