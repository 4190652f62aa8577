package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"stile/internal/kv/kvtest"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// linear is a world in which many clients call at once, the power may go, and every
// call is noted with when it was made and when it was answered.
type linear struct {
	rng     *rand.Rand // of the plan: used before clients begin
	planted plant

	mu    sync.Mutex
	host  *Host
	store *kvtest.Store
	mem   *memkv.Store
	token string

	clock   atomic.Int64
	history []porcupine.Operation
	clients sync.WaitGroup
	crashes int
}

// never is when a call returns whose caller does not know what became of it: it may
// have happened at any time since, or not at all, which is after everything else.
const never = int64(1) << 60

// Start accepts a request at once; its token is what the clients race for.
func (w *linear) Start(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
	w.mu.Lock()
	w.token = c.TaskToken
	w.mu.Unlock()
	done(sfn.TaskResult{Submitted: true, Definite: true, Output: jsonval.EmptyObject})
}

func (w *linear) Cancel(string, uint64) {}

// open begins a life on what is left.
func (w *linear) open(left *memkv.Store) error {
	left.SetGap(func() { time.Sleep(time.Millisecond) })
	store := kvtest.Intercept(left, func(kvtest.Point) {})
	h, err := openWith(Config{Store: store, Account: account, Region: region, Fatal: func(error) {}}, w.planted)
	if err != nil {
		return err
	}
	h.SetTasks(w)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.host, w.store, w.mem = h, store, left
	return nil
}

// crash takes the power and opens a host on what is left.
func (w *linear) crash(keep float64, seed uint64) error {
	w.mu.Lock()
	h, store, mem := w.host, w.store, w.mem
	w.mu.Unlock()
	store.Cut()
	left := mem.Crash(keep, seed)
	h.Close(context.Background())
	mem.Close()
	w.crashes++
	return w.open(left)
}

func (w *linear) end() {
	w.host.Close(context.Background())
	w.mem.Close()
}

// client makes one call, some time after the others began; cut, where not 0, is how
// long it waits for the answer. f gives the answer, and whether it is known.
func (w *linear) client(n int, after, cut time.Duration, input any, f func(ctx context.Context, h *Host) (output any, known bool)) {
	w.clients.Go(func() {
		time.Sleep(after)
		ctx := context.Background()
		if cut > 0 {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, cut)
			defer stop()
		}
		w.mu.Lock()
		h := w.host
		w.mu.Unlock()
		op := porcupine.Operation{ClientId: n, Input: input, Call: w.clock.Add(1)}
		var known bool
		op.Output, known = f(ctx, h)
		if op.Return = w.clock.Add(1); !known {
			op.Output, op.Return = nil, never
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.history = append(w.history, op)
	})
}

// lost says that the answer was cut off.
func lost(err error) bool { return unknown(err) || errors.Is(err, context.DeadlineExceeded) }

// tokenAsk is a call with the token: mark names what it tells, 0 is a heartbeat;
// url says that it comes as a delivery.
type tokenAsk struct {
	mark int
	url  bool
	read bool // the last look at the history
	// beats is how many heartbeats were taken in all: each of them came before the
	// winner, which keeps the search short.
	beats int
}

// tokenEnd is by which mark the task was ended; 0: it was not, after so many heartbeats.
type tokenEnd struct {
	mark  int
	url   bool
	beats int
}

// tokenModel: one completion wins, all others are refused as AWS does, deliveries as
// callbacks do. An output of nil is not known: it happened if it could.
var tokenModel = porcupine.Model{
	Init: func() any { return tokenEnd{} },
	Step: func(state, input, output any) (bool, any) {
		st, in := state.(tokenEnd), input.(tokenAsk)
		if in.read {
			return output == st.mark, st
		}
		wins, can := tokenEnd{in.mark, in.url, in.beats}, st.mark == 0 && st.beats == in.beats
		if in.mark == 0 {
			wins, can = tokenEnd{beats: st.beats + 1}, st.mark == 0
		}
		switch output {
		case nil:
			if can {
				return true, wins
			}
			return true, st
		case sfn.Accepted:
			return can, wins
		case sfn.Repeated:
			return in.url && st == wins, st
		case sfn.Conflict:
			return in.url && st.url && st.mark != in.mark, st
		case sfn.Gone:
			return st.mark != 0 && (!in.url || !st.url), st
		}
		return false, st
	},
}

const tokenDefinition = `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
 "Parameters":{"MessageBody":{"t.$":"$$.Task.Token"},"QueueUrl":"q"},"TimeoutSeconds":600,"HeartbeatSeconds":300,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}],"Next":"C"},
 "C":{"Type":"Wait","Seconds":3600,"End":true}}}`

// marked is the output that a mark stands for.
func marked(mark int) jsonval.Value { return jsonval.MustParse(fmt.Sprintf(`{"mark":%d}`, mark)) }

// raceForToken lets 64 clients race for one token, and gives what they saw.
func raceForToken(seed uint64, p plant) (w *linear, err error) {
	w = &linear{rng: rand.New(rand.NewPCG(seed, 11)), planted: p}
	if err := w.open(memkv.New(nil)); err != nil {
		return w, err
	}
	defer func() { w.end() }()
	ctx := context.Background()
	if _, err := w.host.CreateStateMachine(ctx, sfn.NewStateMachine{Name: "m", RoleARN: role, Definition: tokenDefinition}); err != nil {
		return w, err
	}
	started, err := w.host.StartExecution(ctx, sfn.Start{StateMachineARN: sfn.StateMachineARN(region, account, "m"), Name: "x"})
	if err != nil {
		return w, err
	}
	time.Sleep(10 * time.Millisecond) // the request is accepted
	for n := range 64 {
		w.racer(n)
	}
	if w.rng.IntN(3) == 0 {
		time.Sleep(time.Duration(w.rng.Int64N(int64(4 * time.Millisecond))))
		if err := w.crash(float64(w.rng.IntN(3))/2, seed); err != nil {
			return w, err
		}
	}
	w.clients.Wait()
	final := 0
	events, _, err := w.host.GetExecutionHistory(ctx, sfn.HistoryPage{ExecutionARN: started.ExecutionARN})
	for _, e := range events {
		switch {
		case e.Type == "TaskSucceeded":
			n, _ := e.Details.Output.Value.Get("mark").Int()
			final = int(n)
		case e.Type == "TaskFailed":
			v, _ := jsonval.ParseString(*e.Details.Cause)
			n, _ := v.Get("mark").Int()
			final = int(n)
		}
	}
	w.history = append(w.history, porcupine.Operation{ClientId: 64, Input: tokenAsk{read: true}, Output: final, Call: w.clock.Add(1), Return: w.clock.Add(1)})
	w.prune(final)
	return w, err
}

// prune leaves out what cannot matter, which keeps the search short, and counts the
// heartbeats that were taken. Nothing undoes a completion: one whose answer is not
// known and that is not in the history never happened, nor did it where another call
// was told that it was the one, nor a second time.
func (w *linear) prune(final int) {
	beats, won := 0, false
	for _, op := range w.history {
		in := op.Input.(tokenAsk)
		switch {
		case in.read || op.Output != sfn.Accepted:
		case in.mark == 0:
			beats++
		case in.mark == final:
			won = true
		}
	}
	w.history = slices.DeleteFunc(w.history, func(op porcupine.Operation) bool {
		if op.Return != never {
			return false
		}
		if mark := op.Input.(tokenAsk).mark; mark != final || mark == 0 || won {
			return true
		}
		won = true
		return false
	})
	for i := range w.history {
		in := w.history[i].Input.(tokenAsk)
		in.beats = beats
		w.history[i].Input = in
	}
}

// racer is one of the 64; two and two send the same delivery.
func (w *linear) racer(n int) {
	after := time.Duration(w.rng.Int64N(int64(3 * time.Millisecond)))
	cut := time.Duration(0)
	if w.rng.IntN(10) == 0 {
		cut = 1 + time.Duration(w.rng.Int64N(int64(2*time.Millisecond)))
	}
	w.mu.Lock()
	token, mark := w.token, n+1
	w.mu.Unlock()
	kind := w.rng.IntN(10)
	if kind >= 6 && kind < 9 {
		mark = 1001 + n/2*2
	}
	d := sfn.Delivery{TaskToken: token, Output: marked(mark), ID: marked(mark).Text(), Digest: marked(mark).Text()}
	in := tokenAsk{mark: mark, url: kind >= 6 && kind < 9}
	if kind == 9 {
		in.mark = 0
	}
	w.client(n, after, cut, in, func(ctx context.Context, h *Host) (any, bool) {
		answer := sfn.Accepted
		var err error
		switch {
		case kind < 3:
			err = h.SendTaskSuccess(ctx, token, marked(mark))
		case kind < 6:
			err = h.SendTaskFailure(ctx, token, "Bad", marked(mark).Text())
		case kind < 9:
			answer, err = h.Deliver(ctx, d)
		default:
			err = h.SendTaskHeartbeat(ctx, token)
		}
		switch {
		case err == nil:
			return answer, true
		case refused(err, "TaskTimedOut"):
			return sfn.Gone, true
		}
		if !lost(err) {
			return err.Error(), true // which no model takes
		}
		return nil, false
	})
}

// checkLinear says whether what the clients saw is as if one had called after another.
func checkLinear(m porcupine.Model, w *linear) porcupine.CheckResult {
	slices.SortFunc(w.history, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return porcupine.CheckOperationsTimeout(m, w.history, 20*time.Second)
}

// raceInBubble runs one race in a bubble: its time costs nothing.
func raceInBubble(t *testing.T, f func() (*linear, error)) (w *linear) {
	t.Helper()
	var err error
	synctest.Test(t, func(*testing.T) { w, err = f() })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// races is how many are run: the figure, ten times that in a soak.
func races(n int) int {
	switch _, on := soaking(); {
	case on:
		return 10 * n
	case testing.Short():
		return n / 10
	}
	return n
}

func TestLinearTokens(t *testing.T) {
	first, _ := soaking()
	ops, open, crashes := 0, 0, 0
	n := races(500)
	for seed := first; seed < first+uint64(n); seed++ {
		w := raceInBubble(t, func() (*linear, error) { return raceForToken(seed, plant{}) })
		if r := checkLinear(tokenModel, w); r != porcupine.Ok {
			t.Fatalf("STILE_SEED=%d: %s: %v", seed, r, w.history)
		}
		crashes += w.crashes
		ops += len(w.history)
		for _, op := range w.history {
			if op.Return == never {
				open++
			}
		}
	}
	t.Logf("figure: tokens: %d races, 64 wide, %d answers and %d winners whose answer was cut off, %d crashes: double wins 0", n, ops, open, crashes)
}

func TestLinearTokensCatch(t *testing.T) {
	for seed := uint64(1); seed <= 50; seed++ {
		w := raceInBubble(t, func() (*linear, error) { return raceForToken(seed, plant{endTwice: true}) })
		if checkLinear(tokenModel, w) == porcupine.Illegal {
			t.Logf("figure: tokens: a second completion that is allowed is caught by seed %d", seed)
			return
		}
	}
	t.Error("a second completion is not found")
}
