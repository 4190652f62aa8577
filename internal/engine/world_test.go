package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	rules "stile/asl/history"
	"stile/asl/interp"
	"stile/internal/dataset"
	"stile/internal/notify"
	"stile/internal/sfn"
	"stile/jsonval"
)

const (
	account = "111111111111"
	region  = "us-east-1"
	role    = "arn:aws:iam::111111111111:role/order-role"
)

// orderDefinition has what the road's story has: Task, Choice, Wait, token,
// Retry, Catch, Parallel and Map.
const orderDefinition = `{
 "StartAt": "Reserve",
 "States": {
  "Reserve": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {"order.$": "$"}, "ResultPath": "$.reserved", "Next": "Charge"},
  "Charge": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "TimeoutSeconds": 30, "ResultPath": "$.charged",
   "Retry": [{"ErrorEquals": ["Http.503"], "IntervalSeconds": 1, "MaxAttempts": 2}],
   "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Release"}], "Next": "Decide"},
  "Decide": {"Type": "Choice", "Choices": [{"Variable": "$.amount", "NumericGreaterThan": 500, "Next": "Approve"}], "Default": "Pause"},
  "Approve": {"Type": "Task", "Resource": "arn:aws:states:::apigateway:invoke.waitForTaskToken", "TimeoutSeconds": 600,
   "Parameters": {"token.$": "$$.Task.Token"}, "ResultPath": "$.approved", "Next": "Pause"},
  "Pause": {"Type": "Wait", "Seconds": 2, "Next": "Fan"},
  "Fan": {"Type": "Parallel", "ResultPath": "$.fan", "Next": "Ship", "Branches": [
   {"StartAt": "Notify", "States": {"Notify": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true}}},
   {"StartAt": "Pick", "States": {"Pick": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true, "ItemProcessor": {
     "StartAt": "Take", "States": {"Take": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true}}}}}}]},
  "Ship": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true},
  "Release": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "ResultPath": null, "Next": "Failed"},
  "Failed": {"Type": "Fail", "Error": "OrderFailed", "CausePath": "$.error.Cause"}
 }}`

// world is what lives outside the host, over all crashes: clients, workers, an
// approver; and what each of them was shown.
type world struct {
	machine string
	orders  []order
	// definition is orderDefinition, or another one of the same orders; objects are what
	// its distributed Maps read; check looks at what has become of it in the end.
	definition string
	objects    dataset.Store
	check      func(*Host) error
	// worker takes the Tasks of activities; nil: there are none.
	worker func(context.Context, sfn.TaskCall)

	mu       sync.Mutex
	host     *Host
	started  map[string]time.Time         // acknowledged starts
	shown    map[string][]string          // longest history that anyone was shown
	noticed  map[string]map[int64]string  // events in notices
	calls    map[string]map[string]string // execution → "command/attempt" → Idempotency-Key
	sends    map[string]uint32            // execution/command → highest send
	accepted map[string]string            // execution → output of its accepted delivery
	approver map[string]bool              // tokens that have one
	ended    map[string]string            // execution → terminal status shown
	told     []notify.Record              // the outbox as it was read last
	humans   sync.WaitGroup
	bad      []string
	pace     *rand.Rand // of workers and the approver
}

type order struct{ name, input string }

// newWorld makes the three orders' world; the seed decides how fast its workers are.
func newWorld(seed uint64) *world {
	pad := strings.Repeat("x", 400)
	return &world{
		definition: orderDefinition,
		pace:       rand.New(rand.NewPCG(seed, 4)),
		machine:    sfn.StateMachineARN(region, account, "order"),
		orders: []order{
			{"small", `{"sku":"sku-1","amount":120,"items":[1,2,3],"pad":"` + pad + `"}`},
			{"large", `{"sku":"sku-2","amount":700,"items":[]}`},
			{"poor", `{"sku":"sku-3","amount":90,"items":[1]}`},
		},
		started: map[string]time.Time{}, shown: map[string][]string{}, noticed: map[string]map[int64]string{},
		calls: map[string]map[string]string{}, sends: map[string]uint32{}, accepted: map[string]string{},
		approver: map[string]bool{}, ended: map[string]string{},
	}
}

// fault records a broken promise.
func (w *world) fault(format string, args ...any) {
	w.bad = append(w.bad, fmt.Sprintf(format, args...))
}

func (w *world) current() *Host {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.host
}

func (w *world) setHost(h *Host) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.host = h
}

// Start is a worker: it notes the call, and answers a little later.
func (w *world) Start(ctx context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
	if w.worker != nil && sfn.IsActivity(c.Resource) {
		w.worker(ctx, c)
		return
	}
	w.note(c)
	select {
	case <-time.After(w.soon()):
	case <-ctx.Done():
		return
	}
	result := sfn.TaskResult{Definite: true, Call: jsonval.MustParse(`{"operation":"` + c.State + `"}`)}
	switch {
	case c.State == "Charge" && c.ExecutionName == "poor":
		result.Error, result.Cause = "Payments.Declined", "no money"
	case c.State == "Charge" && c.Attempt == 1:
		result.Error, result.Cause = "Http.503", "busy"
	case c.State == "Approve":
		result.Submitted, result.Output = true, jsonval.MustParse(`{"StatusCode":202}`)
		w.approve(c)
	case c.State == "Take":
		result.Output = c.Parameters
	default:
		result.Output = jsonval.MustParse(`{"by":"` + c.State + `","pad":"` + strings.Repeat("y", 300) + `"}`)
	}
	done(result)
}

// soon is some time up to 40 ms.
func (w *world) soon() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.pace.Int64N(int64(40 * time.Millisecond)))
}

// Cancel is not looked at: ctx says the same.
func (w *world) Cancel(string, uint64) {}

func (w *world) note(c sfn.TaskCall) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls[c.ExecutionARN] == nil {
		w.calls[c.ExecutionARN] = map[string]string{}
	}
	at := fmt.Sprintf("%d/%d", c.Command, c.Attempt)
	if key, again := w.calls[c.ExecutionARN][at]; again && key != c.IdempotencyKey {
		w.fault("%s %s: the same attempt came under two idempotency keys", c.ExecutionName, at)
	}
	w.calls[c.ExecutionARN][at] = c.IdempotencyKey
	command := fmt.Sprintf("%s/%d", c.ExecutionARN, c.Command)
	if c.Send <= w.sends[command] {
		w.fault("%s: command %d was sent as %d after %d", c.ExecutionName, c.Command, c.Send, w.sends[command])
	}
	w.sends[command] = c.Send
}

// approve has somebody deliver the answer, over and over until it is taken.
func (w *world) approve(c sfn.TaskCall) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.approver[c.TaskToken] {
		return
	}
	w.approver[c.TaskToken] = true
	d := sfn.Delivery{TaskToken: c.TaskToken, ID: "msg-1", Digest: "d1", Output: jsonval.MustParse(`{"approved":"` + c.ExecutionName + `"}`)}
	w.humans.Go(func() {
		for range 10_000 {
			time.Sleep(time.Millisecond + w.soon())
			h := w.current()
			if h == nil {
				continue
			}
			answer, err := h.Deliver(context.Background(), d)
			if err != nil {
				continue
			}
			w.mu.Lock()
			if answer != sfn.Accepted && answer != sfn.Repeated {
				w.fault("%s: delivery was answered %d", c.ExecutionName, answer)
			}
			w.accepted[c.ExecutionARN] = d.Output.Text()
			w.mu.Unlock()
			return
		}
	})
}

func line(e interp.HistoryEvent) string {
	text := func(p *interp.Payload) string {
		if p == nil {
			return "-"
		}
		return p.Value.Text()
	}
	return fmt.Sprintf("%d<%d %s %s in=%s out=%s at=%d", e.ID, e.Previous, e.Type, e.Details.Name, text(e.Details.Input), text(e.Details.Output), e.Time)
}

func (w *world) observe(n sfn.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noticed[n.ExecutionARN] == nil {
		w.noticed[n.ExecutionARN] = map[int64]string{}
	}
	for _, e := range n.Events {
		w.noticed[n.ExecutionARN][e.ID] = line(e)
	}
}

// history reads all pages; one that breaks a rule of histories is an error.
func history(h *Host, arn string) (lines []string, types []string, err error) {
	var check rules.Checker
	in := sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 20}}
	for {
		events, next, err := h.GetExecutionHistory(context.Background(), in)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range events {
			if wrong := check.Add(&e); wrong != "" {
				return nil, nil, errors.New("the history breaks a rule: " + wrong)
			}
			lines, types = append(lines, line(e)), append(types, e.Type)
		}
		if next == "" {
			return lines, types, nil
		}
		in.Token = next
	}
}

// show compares a history that was read with what was shown before.
func (w *world) show(arn string, lines []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	old := w.shown[arn]
	if len(lines) < len(old) || !slices.Equal(old, lines[:len(old)]) {
		w.fault("%s: a history of %d events was shown, now there are %d others", arn, len(old), len(lines))
	}
	w.shown[arn] = lines
}
