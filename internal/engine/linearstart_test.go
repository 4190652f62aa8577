package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// nameAsk is a call for an execution's name.
type nameAsk struct {
	name, input string
	stop, read  bool
}

// nameAnswer is what a call was told; exists is ExecutionAlreadyExists, none is
// ExecutionDoesNotExist.
type nameAnswer struct {
	arn          string
	date         int64 // of the start, Unix ms
	status       string
	exists, none bool
	fault        string
}

// nameState is what a name stands for; the date is 0 where nobody was told yet.
type nameState struct {
	there, running bool
	input          string
	date           int64
}

// nameModel: the first start takes the name; the same start gets the same answer while
// it runs, and every other one ExecutionAlreadyExists. An output of nil is not known.
var nameModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		at := map[string]int{}
		for _, op := range history {
			name := op.Input.(nameAsk).name
			if _, known := at[name]; !known {
				at[name] = len(parts)
				parts = append(parts, nil)
			}
			parts[at[name]] = append(parts[at[name]], op)
		}
		return parts
	},
	Init: func() any { return nameState{} },
	Step: func(state, input, output any) (bool, any) {
		st, in := state.(nameState), input.(nameAsk)
		out, known := output.(nameAnswer)
		switch {
		case in.stop:
			return stepStop(st, out, known)
		case in.read:
			return stepRead(st, out, known)
		}
		began := nameState{there: true, running: true, input: in.input, date: out.date}
		same := st.running && st.input == in.input
		switch {
		case !known && !st.there:
			return true, began
		case !known:
			return true, st
		case out.exists:
			return st.there && !same, st
		case out.fault != "" || out.arn != sfn.ExecutionARN(region, account, "m", in.name):
			return false, st
		case !st.there:
			return true, began
		case same && st.date == 0: // a start whose answer was cut off has the date
			st.date = out.date
			return true, st
		}
		return same && st.date == out.date, st
	},
}

func stepStop(st nameState, out nameAnswer, known bool) (bool, any) {
	ended := st
	ended.running = false
	switch {
	case !known:
		return true, ended
	case out.none:
		return !st.there, st
	}
	return st.there && out.fault == "", ended
}

func stepRead(st nameState, out nameAnswer, known bool) (bool, any) {
	switch {
	case !known:
		return true, st
	case out.none:
		return !st.there, st
	}
	if st.there && st.date == 0 {
		st.date = out.date
	}
	return st.there && st.date == out.date && st.running == (out.status == sfn.Running) && out.fault == "", st
}

// raceForNames lets clients start, stop and look at executions of three names, repeat
// what was not answered, and takes the power in between.
func raceForNames(seed uint64, p plant) (w *linear, err error) {
	w = &linear{rng: rand.New(rand.NewPCG(seed, 13)), planted: p}
	if err := w.open(memkv.New(nil)); err != nil {
		return w, err
	}
	defer func() { w.end() }()
	if _, err := w.host.CreateStateMachine(context.Background(), sfn.NewStateMachine{Name: "m", RoleARN: role,
		Definition: `{"StartAt":"W","States":{"W":{"Type":"Wait","SecondsPath":"$.for","End":true}}}`}); err != nil {
		return w, err
	}
	for n := range 48 {
		w.namer(n, time.Duration(w.rng.Int64N(int64(12*time.Millisecond))))
	}
	for range w.rng.IntN(3) {
		time.Sleep(time.Duration(w.rng.Int64N(int64(8 * time.Millisecond))))
		if err := w.crash(float64(w.rng.IntN(3))/2, seed); err != nil {
			return w, err
		}
	}
	w.clients.Wait()
	for n := range 3 {
		w.ask(100+n, 0, 0, nameAsk{name: fmt.Sprint("n", n), read: true})
	}
	w.clients.Wait()
	return w, nil
}

// namer is one client.
func (w *linear) namer(n int, after time.Duration) {
	in := nameAsk{name: fmt.Sprint("n", w.rng.IntN(3)), input: `{"for":3600}`}
	switch k := w.rng.IntN(10); {
	case k < 2:
		in.stop = true
	case k < 3:
		in.read = true
	case k < 5:
		in.input = `{"for":7200}`
	}
	cut := time.Duration(0)
	if w.rng.IntN(5) == 0 {
		cut = 1 + time.Duration(w.rng.Int64N(int64(2*time.Millisecond)))
		w.ask(n, after+cut+time.Millisecond, 0, in) // and once more
	}
	w.ask(n, after, cut, in)
}

func (w *linear) ask(n int, after, cut time.Duration, in nameAsk) {
	arn := sfn.ExecutionARN(region, account, "m", in.name)
	w.client(n, after, cut, in, func(ctx context.Context, h *Host) (any, bool) {
		var out nameAnswer
		var err error
		switch {
		case in.stop:
			_, err = h.StopExecution(ctx, arn, "", "")
		case in.read:
			var x sfn.Execution
			x, err = h.DescribeExecution(ctx, arn)
			out.date, out.status = x.StartDate.UnixMilli(), x.Status
		default:
			var got sfn.Started
			got, err = h.StartExecution(ctx, sfn.Start{StateMachineARN: sfn.StateMachineARN(region, account, "m"), Name: in.name, Input: jsonval.MustParse(in.input)})
			out.arn, out.date = got.ExecutionARN, got.StartDate.UnixMilli()
		}
		switch {
		case err == nil:
		case refused(err, "ExecutionAlreadyExists"):
			out = nameAnswer{exists: true}
		case refused(err, "ExecutionDoesNotExist"):
			out = nameAnswer{none: true}
		case lost(err):
			return nil, false
		default:
			out.fault = err.Error()
		}
		return out, true
	})
}

func TestLinearStarts(t *testing.T) {
	first, _ := soaking()
	ops, open, crashes := 0, 0, 0
	n := races(500)
	for seed := first; seed < first+uint64(n); seed++ {
		w := raceInBubble(t, func() (*linear, error) { return raceForNames(seed, plant{}) })
		if r := checkLinear(nameModel, w); r != porcupine.Ok {
			t.Fatalf("STILE_SEED=%d: %s: %+v", seed, r, w.history)
		}
		crashes += w.crashes
		ops += len(w.history)
		for _, op := range w.history {
			if op.Return == never {
				open++
			}
		}
	}
	t.Logf("figure: starts by name: %d races, %d calls, %d of them with no answer, %d crashes: illegal histories 0", n, ops, open, crashes)
}

func TestLinearStartsCatch(t *testing.T) {
	for _, bug := range []struct {
		name string
		plant
	}{
		{"a start that forgets the name", plant{forgetName: true}},
		{"an answer before it is durable", plant{answerEarly: true}},
	} {
		t.Run(bug.name, func(t *testing.T) {
			for seed := uint64(1); seed <= 100; seed++ {
				w := raceInBubble(t, func() (*linear, error) { return raceForNames(seed, bug.plant) })
				if checkLinear(nameModel, w) == porcupine.Illegal {
					t.Logf("figure: starts by name: %s is caught by seed %d", bug.name, seed)
					return
				}
			}
			t.Error("it is not found")
		})
	}
}
