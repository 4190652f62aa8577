package console

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/asl/history"
	"stile/internal/callback"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/jsonval"
)

// fake is a host in memory that runs nothing; tests change it with put.
type fake struct {
	mu       sync.Mutex
	machines []sfn.StateMachine
	execs    []sfn.Execution // oldest first
	events   map[string][]history.Event
	calls    map[string][]sfn.CallRecord
	started  []sfn.Start
	forked   []sfn.Fork
	watchers map[chan sfn.Notice]string
	watching chan string // gets the ARN of each new watch
}

func newFake() *fake {
	return &fake{events: map[string][]history.Event{}, calls: map[string][]sfn.CallRecord{},
		watchers: map[chan sfn.Notice]string{}, watching: make(chan string, 16)}
}

var epoch = time.UnixMilli(1700000000123).UTC()

func (f *fake) addMachine(name, definition string) {
	f.machines = append(f.machines, sfn.StateMachine{ARN: sfn.StateMachineARN("us-east-1", "111111111111", name), Name: name,
		RoleARN: "arn:aws:iam::111111111111:role/order-role", Type: sfn.Standard, Definition: definition, Created: epoch, Status: "ACTIVE"})
}

func (f *fake) addExecution(machine, name, status string, age int) string {
	x := sfn.Execution{ARN: sfn.ExecutionARN("us-east-1", "111111111111", machine, name), Name: name, Status: status,
		StateMachineARN: sfn.StateMachineARN("us-east-1", "111111111111", machine), StartDate: epoch.Add(time.Duration(-age) * time.Minute),
		Input: jsonval.MustParse(`{"sku":"sku-1"}`), TraceID: strings.Repeat("ab", 16)}
	if status == sfn.Running {
		x.State = "Reserve"
		x.Health = sfn.Health{Status: sfn.Stuck, State: "Reserve", Reason: sfn.ReasonIncomplete, Since: x.StartDate.Add(5 * time.Minute)}
	} else {
		x.StopDate = x.StartDate.Add(1500 * time.Millisecond)
	}
	f.execs = append(f.execs, x)
	return x.ARN
}

// put adds events to a history, changes the status, and tells the watchers.
func (f *fake) put(arn, status, state string, events ...history.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.execs, func(x sfn.Execution) bool { return x.ARN == arn })
	f.execs[i].Status, f.execs[i].State = status, state
	f.events[arn] = append(f.events[arn], events...)
	for w, of := range f.watchers {
		if of == "" || of == arn {
			w <- sfn.Notice{ExecutionARN: arn, Status: status, State: state, Events: events}
		}
	}
}

// cut closes every watch, as a host does with one that is too slow.
func (f *fake) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchers {
		close(w)
		delete(f.watchers, w)
	}
}

func (f *fake) Watch(arn string) (<-chan sfn.Notice, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := make(chan sfn.Notice, 16)
	f.watchers[w] = arn
	f.watching <- arn
	return w, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, w)
	}
}

func (f *fake) DescribeExecution(_ context.Context, arn string) (sfn.Execution, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.execs {
		if x.ARN == arn {
			return x, nil
		}
	}
	return sfn.Execution{}, sfn.ExecutionDoesNotExist(arn)
}

func page[T any](all []T, p sfn.Page) ([]T, string, error) {
	from, _ := strconv.Atoi(p.Token)
	if to := from + p.Max; to < len(all) {
		return all[from:to], strconv.Itoa(to), nil
	}
	return all[from:], "", nil
}

func (f *fake) ListExecutions(_ context.Context, in sfn.ListExecutions) ([]sfn.Execution, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []sfn.Execution
	for _, x := range slices.Backward(f.execs) {
		if (in.StateMachineARN == "" || in.StateMachineARN == x.StateMachineARN) && (in.Status == "" || in.Status == x.Status) &&
			(in.Health == "" || in.Health == x.Health.Status) {
			x.Input, x.Output = jsonval.Value{}, jsonval.Value{}
			out = append(out, x)
		}
	}
	return page(out, in.Page)
}

func (f *fake) ListStateMachines(_ context.Context, p sfn.Page) ([]sfn.StateMachine, string, error) {
	return page(f.machines, p)
}

func (f *fake) GetExecutionHistory(_ context.Context, in sfn.HistoryPage) ([]history.Event, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := slices.Clone(f.events[in.ExecutionARN])
	if in.Reverse {
		slices.Reverse(events)
	}
	in.Max = min(in.Max, 3) // several pages, so that paging is met
	return page(events, in.Page)
}

func (f *fake) DescribeStateMachineForExecution(ctx context.Context, arn string) (sfn.StateMachine, error) {
	x, err := f.DescribeExecution(ctx, arn)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	for _, m := range f.machines {
		if m.ARN == x.StateMachineARN {
			return m, nil
		}
	}
	return sfn.StateMachine{}, sfn.StateMachineDoesNotExist(x.StateMachineARN)
}

func (f *fake) StartExecution(_ context.Context, in sfn.Start) (sfn.Started, error) {
	a, _ := sfn.ParseARN(in.StateMachineARN)
	if !slices.ContainsFunc(f.machines, func(m sfn.StateMachine) bool { return m.Name == a.Name }) {
		return sfn.Started{}, sfn.StateMachineDoesNotExist(in.StateMachineARN)
	}
	f.started = append(f.started, in)
	return sfn.Started{ExecutionARN: sfn.ExecutionARN(a.Region, a.Account, a.Name, in.Name), StartDate: epoch}, nil
}

func (f *fake) StopExecution(_ context.Context, arn, errorName, cause string) (time.Time, error) {
	f.put(arn, sfn.Aborted, "")
	return epoch.Add(time.Hour), nil
}

func (f *fake) RedriveExecution(_ context.Context, arn, _ string) (time.Time, error) {
	x, err := f.DescribeExecution(context.Background(), arn)
	if err == nil && x.Status != sfn.Failed {
		err = sfn.ExecutionNotRedrivable("Execution is " + x.Status + " and cannot be redriven")
	}
	return epoch.Add(2 * time.Hour), err
}

func (f *fake) ForkExecution(ctx context.Context, in sfn.Fork) (sfn.Started, error) {
	x, err := f.DescribeExecution(ctx, in.ExecutionARN)
	f.forked = append(f.forked, in)
	return sfn.Started{ExecutionARN: x.ARN + in.Name, StartDate: epoch}, err
}

func (f *fake) Calls(_ context.Context, arn string) ([]sfn.CallRecord, error) {
	return f.calls[arn], nil
}

type spans map[string][]telemetry.Span

func (s spans) Trace(id string) ([]telemetry.Span, error) { return s[id], nil }

func (s spans) Traces(n int, see func([]telemetry.Span) ([]telemetry.Span, error)) (out []telemetry.Summary, err error) {
	if see == nil {
		return []telemetry.Summary{{TraceID: strings.Repeat("ab", 16), Root: "POST /orders", Start: epoch, End: epoch, Spans: 3}}, nil
	}
	for _, id := range slices.Sorted(maps.Keys(s)) {
		left, err := see(s[id])
		if err != nil {
			return nil, err
		}
		if len(left) > 0 && len(out) < n {
			out = append(out, telemetry.Summary{TraceID: id, Start: left[0].Start, End: left[0].End, Spans: len(left)})
		}
	}
	return out, nil
}

// encode is a small stand-in for the wire's encoder.
func encode(ev history.Event) jsonval.Value {
	var o, d jsonval.Object
	o.AddInt("id", ev.ID).AddString("type", ev.Type)
	if p := ev.Details.Input; p != nil {
		d.AddString("input", p.Value.Text())
	}
	if member := history.DetailsMember(ev.Type); member != "" {
		o.Add(member, d.AddString("name", ev.Details.Name).Value())
	}
	return o.Value()
}

// encodeMetadata stands in for the writer of events without payloads.
func encodeMetadata(ev history.Event) jsonval.Value {
	ev.Details.Input, ev.Details.Output = nil, nil
	return encode(ev)
}

func config(f *fake) Config {
	return Config{Host: f, Event: encode, Metadata: encodeMetadata, Permissions: allowing(nil), Account: "111111111111", Region: "us-east-1",
		Info: func() Info { return Info{Version: "0.1.0", Project: "orders", Control: "127.0.0.1:7400"} },
		Callbacks: waits(callback.Open{URL: "http://127.0.0.1:7480/callbacks/SECRET-TOKEN", Execution: "one", StateMachine: "order",
			State: "Approve", Since: epoch, Expires: epoch.Add(time.Hour)}),
		Traces: spans{strings.Repeat("ab", 16): {{TraceID: strings.Repeat("ab", 16), SpanID: "0123456789abcdef", Name: "order",
			Kind: telemetry.KindExecution, Start: epoch, End: epoch, Status: "ok"}}},
		Token: func(_ context.Context, role string) (string, time.Time, error) {
			if role != "order-role" {
				return "", time.Time{}, &sfn.Error{Code: "NotFound", Message: "no role " + role}
			}
			return "a.b.c", epoch, nil
		},
		Slow: func() []telemetry.SlowCondition {
			return []telemetry.SlowCondition{{SlowKey: telemetry.SlowKey{Kind: telemetry.SlowOperation, Name: "payments/charge"}, Since: epoch,
				P95: 2 * time.Second, Usual: 200 * time.Millisecond, Floor: time.Second}}
		}}
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	return do(h, http.MethodGet, path, "")
}

func do(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:7400"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func (f *fake) DeleteExecution(_ context.Context, arn string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.execs = slices.DeleteFunc(f.execs, func(x sfn.Execution) bool { return x.ARN == arn })
	return nil
}
