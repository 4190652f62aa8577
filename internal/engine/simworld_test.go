package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"stile/internal/engine/record"
	"stile/internal/kv/kvtest"
	"stile/internal/sfn"
	"stile/jsonval"
)

// simTok is a token that a worker was given, in whatever life.
type simTok struct {
	text     string
	arn      string
	at       simAttempt
	state    string
	activity bool
	taken    bool
	accepted []int // marks of the completions that were accepted
	last     sfn.Delivery
	mark     int // of last
}

// simOpen is the newest call of a command.
type simOpen struct {
	call sfn.TaskCall
	done func(sfn.TaskResult)
	life *simLife
	tok  *simTok
}

type simCommand struct {
	id      record.ID
	command uint64
}

// unknown says that the caller does not know what became of the call.
func unknown(err error) bool { return errors.Is(err, kvtest.ErrPower) || errors.Is(err, errClosed) }

func refused(err error, codes ...string) bool {
	var e *sfn.Error
	return errors.As(err, &e) && slices.Contains(codes, e.Code)
}

// work decides what a worker makes of a call.
func (s *simulation) work(c simCall) {
	o := &simOpen{call: c.call, done: c.done, life: s.life}
	s.open[simCommand{record.IDOf(c.call.ExecutionARN), c.call.Command}] = o
	s.opened = append(s.opened, o)
	rng := s.dice(c.call.ExecutionARN, c.call.Command, c.call.Attempt, c.call.Send)
	if c.call.TaskToken != "" {
		s.token(o, rng)
		return
	}
	job := strings.HasSuffix(c.call.Resource, ".sync")
	answer := s.result(rng)
	delay := s.delay(rng)
	switch behaviour := rng.IntN(20); {
	case s.healthy:
	case behaviour == 0: // never
		return
	case behaviour == 1: // later than anybody waits
		delay = 3_600_000 + rng.Int64N(36_000_000)
	case behaviour == 2: // twice, and not the same
		s.answer(o, delay+rng.Int64N(3000), s.result(rng))
	}
	if job {
		s.answer(o, delay/2, sfn.TaskResult{Submitted: true, Definite: true, Output: jsonval.MustParse(`{"JobRunId":"j"}`)})
	}
	s.answer(o, delay, answer)
}

func (s *simulation) answer(o *simOpen, delay int64, r sfn.TaskResult) {
	s.at(s.monotonic.Load()+delay, o.life, func() {
		s.deliveries++
		o.done(r)
	})
}

// delay is how long a worker takes, ms.
func (s *simulation) delay(rng *rand.Rand) int64 {
	switch n := rng.IntN(10); {
	case s.healthy || n < 4:
		return rng.Int64N(20)
	case n < 8:
		return rng.Int64N(2000)
	}
	return rng.Int64N(120_000)
}

// result is what a worker answers.
func (s *simulation) result(rng *rand.Rand) sfn.TaskResult {
	if !s.healthy {
		switch rng.IntN(8) {
		case 0:
			return sfn.TaskResult{Error: simError(rng), Cause: "as it happens", Definite: true}
		case 1:
			return sfn.TaskResult{Error: simError(rng), Cause: "no answer"}
		}
	}
	text := fmt.Sprintf(`{"got":%d}`, rng.IntN(1000))
	if rng.IntN(6) == 0 {
		text = `{"pad":"` + strings.Repeat("z", 260+rng.IntN(900)) + `"}`
	}
	return sfn.TaskResult{Definite: true, Output: jsonval.MustParse(text)}
}

func simError(rng *rand.Rand) string { return []string{"Busy", "Soft", "Hard"}[rng.IntN(3)] }

// token has a token's attempt accepted, taken, answered: or not.
func (s *simulation) token(o *simOpen, rng *rand.Rand) {
	t := s.tokens[o.call.TaskToken]
	if t == nil {
		t = &simTok{text: o.call.TaskToken, arn: o.call.ExecutionARN, at: simAttempt{o.call.Command, o.call.Attempt}, state: o.call.State,
			activity: o.call.Resource == simActivity}
		s.tokens[t.text] = t
		s.toks = append(s.toks, t)
	}
	o.tok = t
	delay := s.delay(rng)
	if t.activity {
		if s.healthy || rng.IntN(10) > 0 {
			s.at(s.monotonic.Load()+delay, nil, func() { s.takeTask(t) })
		}
	} else {
		switch n := rng.IntN(10); {
		case s.healthy || n < 7:
			s.answer(o, delay/3, sfn.TaskResult{Submitted: true, Definite: true, Output: jsonval.MustParse(`{"MessageId":"m"}`)})
		case n == 7:
			s.answer(o, delay, s.result(rng)) // a callee that never heard of tokens; or an error
		}
	}
	if s.healthy {
		s.at(s.monotonic.Load()+delay+20, nil, func() { s.complete(t, 0) })
		return
	}
	for n := rng.IntN(4); n > 0; n-- {
		kind := rng.IntN(8)
		s.at(s.monotonic.Load()+delay+rng.Int64N(1+2*delay), nil, func() { s.complete(t, kind) })
	}
}

func (s *simulation) takeTask(t *simTok) {
	s.call(func(h *Host) func() {
		taken, err := h.TakeTask(context.Background(), t.text, "worker")
		return func() {
			switch {
			case err != nil && !unknown(err):
				s.fault("TakeTask: %v", err)
			case taken && t.taken:
				s.fault("%s: attempt %v of an activity is taken twice", t.arn, t.at)
			case taken:
				t.taken = true
			}
		}
	})
}

// complete sends one completion, heartbeat or delivery.
func (s *simulation) complete(t *simTok, kind int) {
	s.marks++
	mark := s.marks
	d := sfn.Delivery{TaskToken: t.text, Output: jsonval.MustParse(fmt.Sprintf(`{"mark":%d}`, mark)), ID: fmt.Sprint("id", mark), Digest: fmt.Sprint("digest", mark)}
	if kind == 1 || kind == 5 {
		d.Fail, d.Error, d.Cause = true, []string{"Busy", "Soft", "Hard"}[mark%3], fmt.Sprint("mark ", mark)
	}
	if kind == 6 && t.mark != 0 { // the same again
		d, mark = t.last, t.mark
	}
	if kind >= 4 && kind < 7 {
		t.last, t.mark = d, mark
	}
	s.call(func(h *Host) func() {
		var err error
		answer := sfn.Accepted
		ctx := context.Background()
		switch {
		case kind >= 4 && kind < 7:
			answer, err = h.Deliver(ctx, d)
		case kind == 7 || kind == 3:
			err = h.SendTaskHeartbeat(ctx, t.text)
			return func() {
				if err != nil && !unknown(err) && !refused(err, "TaskTimedOut", "TaskDoesNotExist") {
					s.fault("heartbeat: %v", err)
				}
			}
		case d.Fail:
			err = h.SendTaskFailure(ctx, t.text, d.Error, d.Cause)
		default:
			err = h.SendTaskSuccess(ctx, t.text, d.Output)
		}
		return func() { s.completed(t, d, mark, answer, err) }
	})
}

// completed holds an answer against the journal.
func (s *simulation) completed(t *simTok, d sfn.Delivery, mark int, answer sfn.DeliveryAnswer, err error) {
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	e := s.model.exec(record.IDOf(t.arn))
	end, ended := e.ended[t.at]
	mine := ended && (d.Fail && end.Cause == d.Cause || !d.Fail && end.Output.Exists() && end.Output.Text() == d.Output.Text())
	switch {
	case err != nil:
		if unknown(err) {
			return
		}
		s.refusals++
		if !refused(err, "TaskTimedOut", "TaskDoesNotExist") {
			s.model.fault("%s: a completion is refused with %v", t.arn, err)
		} else if mine {
			s.model.fault("%s: attempt %v was ended by the completion that was refused", t.arn, t.at)
		}
	case answer == sfn.Accepted, answer == sfn.Repeated:
		if !mine || end.seq > e.durable.journal {
			s.model.fault("%s: completion %d of attempt %v was answered %v and is not durable", t.arn, mark, t.at, answer)
		}
		if !slices.Contains(t.accepted, mark) {
			t.accepted = append(t.accepted, mark)
		}
		if len(t.accepted) > 1 {
			s.model.fault("%s: attempt %v was completed %d times: %v", t.arn, t.at, len(t.accepted), t.accepted)
		}
	default:
		s.refusals++
		if mine {
			s.model.fault("%s: attempt %v was ended by the delivery that was answered %v", t.arn, t.at, answer)
		}
	}
}

// client does what a client may do at any time.
func (s *simulation) client() {
	switch n := s.rng.IntN(20); {
	case n < 8 || len(s.names) == 0:
		s.start()
	case n < 10:
		s.stop()
	case n < 12:
		s.redrive()
	case n < 14:
		s.describe(s.anyARN())
	case n < 15:
		s.readHistory(s.anyARN())
	case n < 19 && len(s.toks) > 0:
		s.complete(s.toks[s.rng.IntN(len(s.toks))], s.rng.IntN(8))
	default:
		s.call(func(h *Host) func() {
			err := h.SendTaskSuccess(context.Background(), "bm90IGEgdG9rZW4", jsonval.EmptyObject)
			return func() {
				if !unknown(err) && !refused(err, "InvalidToken") {
					s.fault("a token that is none: %v", err)
				}
			}
		})
	}
}

func (s *simulation) anyARN() string {
	n := s.names[s.rng.IntN(len(s.names))]
	return sfn.ExecutionARN(region, account, n.machine, n.name)
}

type simName struct{ machine, name, input string }

// start starts an execution, or asks for one again, with the same input or another.
func (s *simulation) start() {
	var n simName
	if len(s.names) > 0 && (len(s.names) >= s.most || s.rng.IntN(4) == 0) {
		if n = s.names[s.rng.IntN(len(s.names))]; s.rng.IntN(3) == 0 {
			n.input = s.input()
		}
	} else {
		n = simName{fmt.Sprint("m", s.rng.IntN(s.machines)), fmt.Sprint("x", len(s.names)), s.input()}
		s.names = append(s.names, n)
	}
	arn := sfn.ExecutionARN(region, account, n.machine, n.name)
	input := jsonval.MustParse(n.input)
	since, before := s.mark(arn)
	s.call(func(h *Host) func() {
		got, err := h.StartExecution(context.Background(), sfn.Start{StateMachineARN: sfn.StateMachineARN(region, account, n.machine), Name: n.name, Input: input})
		return func() { s.started(arn, record.InputDigest(input), since, before, got, err) }
	})
}

func (s *simulation) started(arn, digest string, since int, before string, got sfn.Started, err error) {
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	e := s.model.exec(record.IDOf(arn))
	switch {
	case err == nil:
		switch {
		case e.durable.rows == 0:
			s.model.fault("%s: a start was answered and is not durable", arn)
		case e.digest != digest:
			s.model.fault("%s: a start with another input was answered", arn)
		case got.StartDate.UnixMilli() != e.starts:
			s.model.fault("%s: a start was answered with %d, it began at %d", arn, got.StartDate.UnixMilli(), e.starts)
		case before != "" && before != sfn.Running && len(e.statuses) == since:
			s.model.fault("%s had ended as %s, and a start was answered", arn, before)
		}
	case unknown(err):
	case refused(err, "ExecutionAlreadyExists"):
		s.refusals++
		if e.durable.rows == 0 || e.digest == digest && len(e.statuses) == since && before == sfn.Running {
			s.model.fault("%s: the same start was refused while it ran", arn)
		}
	default:
		s.model.fault("%s: a start was refused: %v", arn, err)
	}
}

// mark gives how many statuses an execution has had, and its last one.
func (s *simulation) mark(arn string) (int, string) {
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	e := s.model.execs[record.IDOf(arn)]
	if e == nil || len(e.statuses) == 0 {
		return 0, ""
	}
	return len(e.statuses), e.statuses[len(e.statuses)-1]
}

// input is one of a few, so that some are the same.
func (s *simulation) input() string {
	list := [...]string{`[]`, `[1]`, `[3,1]`, `[0,1,2,3]`, `[5,4,"three"]`}[s.rng.IntN(5)]
	pad := ""
	if s.rng.IntN(4) == 0 {
		pad = `,"pad":"` + strings.Repeat("p", 300) + `"`
	}
	return fmt.Sprintf(`{"n":%d,"list":%s,"limit":%d,"at":"2026-11-2%dT0%d:00:00Z"%s}`, s.rng.IntN(8), list, 30+s.rng.IntN(100), 3+s.rng.IntN(2), s.rng.IntN(9), pad)
}

func (s *simulation) stop() {
	arn := s.anyARN()
	since, _ := s.mark(arn)
	s.call(func(h *Host) func() {
		_, err := h.StopExecution(context.Background(), arn, "Stopped", "by a client")
		return func() {
			s.model.mu.Lock()
			defer s.model.mu.Unlock()
			e := s.model.exec(record.IDOf(arn))
			switch {
			case err == nil:
				if !slices.ContainsFunc(e.statuses[min(max(0, since-1), len(e.statuses)):], func(st string) bool { return st != sfn.Running }) {
					s.model.fault("%s: a stop was answered, and it is %v", arn, e.statuses)
				}
			case unknown(err):
			case refused(err, "ExecutionDoesNotExist") && since == 0:
			default:
				s.model.fault("%s: a stop was refused: %v", arn, err)
			}
		}
	})
}

func (s *simulation) redrive() {
	arn := s.anyARN()
	since, _ := s.mark(arn)
	s.call(func(h *Host) func() {
		at, err := h.RedriveExecution(context.Background(), arn, "")
		return func() {
			s.model.mu.Lock()
			defer s.model.mu.Unlock()
			e := s.model.exec(record.IDOf(arn))
			switch {
			case err == nil:
				if !slices.Contains(e.redriven, at.UnixMilli()) {
					s.model.fault("%s: a redrive was answered and is not in its history", arn)
				}
				s.redrives++
			case unknown(err), refused(err, "ExecutionNotRedrivable"):
			case refused(err, "ExecutionDoesNotExist") && since == 0:
			default:
				s.model.fault("%s: a redrive was refused: %v", arn, err)
			}
		}
	})
}

func (s *simulation) describe(arn string) {
	since, _ := s.mark(arn)
	s.call(func(h *Host) func() {
		x, err := h.DescribeExecution(context.Background(), arn)
		return func() {
			s.model.mu.Lock()
			defer s.model.mu.Unlock()
			e := s.model.exec(record.IDOf(arn))
			switch {
			case err == nil:
				if !slices.Contains(e.statuses[min(max(0, since-1), len(e.statuses)):], x.Status) {
					s.model.fault("%s is shown as %s, and was %v", arn, x.Status, e.statuses)
				}
				if x.StartDate.UnixMilli() != e.starts {
					s.model.fault("%s is shown with another start", arn)
				}
			case unknown(err):
			case refused(err, "ExecutionDoesNotExist") && since == 0:
			default:
				s.model.fault("%s is not shown: %v", arn, err)
			}
		}
	})
}

func (s *simulation) readHistory(arn string) {
	s.model.mu.Lock()
	before := s.model.exec(record.IDOf(arn)).durable.events
	s.model.mu.Unlock()
	s.call(func(h *Host) func() {
		events, _, err := h.GetExecutionHistory(context.Background(), sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 1000}})
		return func() {
			s.model.mu.Lock()
			defer s.model.mu.Unlock()
			e := s.model.exec(record.IDOf(arn))
			if err != nil {
				if !unknown(err) && !(refused(err, "ExecutionDoesNotExist") && before == 0) {
					s.model.fault("%s: its history is not shown: %v", arn, err)
				}
				return
			}
			if len(events) < min(1000, before) || len(events) > e.durable.events {
				s.model.fault("%s: %d events are shown, %d to %d were durable", arn, len(events), before, e.durable.events)
				return
			}
			for i, ev := range events {
				if (simShown{ev.ID, ev.Time, ev.Type}) != e.shown[i] {
					s.model.fault("%s: event %d is shown otherwise", arn, i+1)
					return
				}
			}
		}
	})
}
