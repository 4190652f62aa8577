package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"stile/asl"
	"stile/internal/kv/kvtest"
	"stile/internal/sfn"
	"stile/jsonval"
)

// blackout is one planned crash: at a store call's point (N from 1), at one counted
// from where the host is open, or a time after the life began.
type blackout struct {
	point   int
	opened  int
	after   time.Duration
	percent int // of unsynced data that survives
	seed    uint64
}

// tale runs the story on a disk with crashes planned for its first lives.
type tale struct {
	world   *world
	disk    disk
	plant   plant
	plans   []blackout
	crashes atomic.Int64
	points  int // passed in the last life
	looked  int // executions looked at for torn groups
	program *asl.Program
}

const terminalTypes = "ExecutionSucceeded ExecutionFailed ExecutionAborted ExecutionTimedOut"

// run tells the tale to its end and gives the broken promises.
func (s *tale) run() []string {
	s.program = programOf(s.world.definition)
	for life := 0; ; life++ {
		var plan *blackout
		if life < len(s.plans) {
			plan = &s.plans[life]
		}
		if life > len(s.plans)+1 {
			s.world.fault("the story does not end after its faults")
			break
		}
		if s.live(plan) {
			break
		}
	}
	s.world.humans.Wait()
	s.disk.end()
	return s.world.bad
}

// live is one life of the host; true when every order came to its end in it.
func (s *tale) live(plan *blackout) (finished bool) {
	defer s.disk.next()
	var opened atomic.Pointer[kvtest.Store]
	inner, err := s.disk.open(func() {
		if store := opened.Load(); store != nil {
			store.Pass("Sync", kvtest.Inside)
		}
	})
	if err != nil {
		s.world.fault("the disk does not open: %v", err)
		return true
	}
	looked, bad, err := torn(inner, s.program)
	s.world.bad, s.looked = append(s.world.bad, bad...), s.looked+looked
	if err != nil {
		s.world.fault("what survived cannot be read: %v", err)
		return true
	}
	crashed := make(chan struct{})
	var store *kvtest.Store
	var mu sync.Mutex
	over := false
	cut := func() {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		store.Cut()
		s.disk.crash(plan.percent, plan.seed)
		s.crashes.Add(1)
		close(crashed)
	}
	var commits atomic.Int64 // points of commits since the host is open
	commits.Store(-1 << 40)
	store = kvtest.Intercept(inner, func(p kvtest.Point) {
		if plan == nil {
			return
		}
		n := int64(0)
		if p.Call == "Commit" || p.Call == "Sync" {
			n = commits.Add(1)
		}
		if p.N == plan.point || n > 0 && n == int64(plan.opened) {
			cut()
		}
	})
	opened.Store(store)
	defer func() {
		mu.Lock()
		defer mu.Unlock()
		over, s.points = true, store.Points()
	}()
	if plan != nil && plan.point == 0 && plan.opened == 0 {
		timer := time.AfterFunc(plan.after, cut)
		defer timer.Stop()
	}
	rng := rand.New(rand.NewPCG(1, uint64(s.crashes.Load())))
	seed := make(chan uint64)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case seed <- rng.Uint64():
			case <-stop:
				return
			}
		}
	}()
	h, err := openWith(Config{
		Store: store, Account: account, Region: region, Observe: s.world.observe, Fatal: func(error) {}, MaxLive: 1,
		Outbox: everything(), Objects: s.world.objects,
		Seed: func() uint64 { return <-seed },
	}, s.plant)
	if err != nil {
		if !errors.Is(err, kvtest.ErrPower) {
			s.world.fault("open: %v", err)
			return true
		}
		return false
	}
	defer h.Close(context.Background())
	commits.Store(0)
	s.world.audit(h)
	s.world.checkOutbox(h, false)
	h.SetTasks(s.world)
	s.world.setHost(h)
	defer s.world.setHost(nil)
	return s.world.trade(h, crashed)
}

// audit checks, before anything goes on, that all that was shown is still there.
func (w *world) audit(h *Host) {
	ctx := context.Background()
	w.mu.Lock()
	arns := map[string]bool{}
	for arn := range w.started {
		arns[arn] = true
	}
	for arn := range w.calls {
		arns[arn] = true
	}
	w.mu.Unlock()
	for arn := range arns {
		x, err := h.DescribeExecution(ctx, arn)
		if errors.Is(err, kvtest.ErrPower) {
			return
		}
		w.mu.Lock()
		at, acked := w.started[arn]
		switch {
		case err != nil:
			w.fault("%s was shown and is gone: %v", arn, err)
		case acked && !x.StartDate.Equal(at):
			w.fault("%s was started at %v, now at %v", arn, at, x.StartDate)
		case w.ended[arn] != "" && w.ended[arn] != x.Status:
			w.fault("%s had ended as %s, now it is %s", arn, w.ended[arn], x.Status)
		}
		w.mu.Unlock()
		if err != nil {
			continue
		}
		lines, types, err := history(h, arn)
		if err != nil {
			if !errors.Is(err, kvtest.ErrPower) {
				w.fault("%s: %v", arn, err)
			}
			return
		}
		w.show(arn, lines)
		w.compare(arn, lines, types)
	}
}

// compare holds a history against notices, calls and deliveries.
func (w *world) compare(arn string, lines, types []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	scheduled, terminal := 0, 0
	for i, typ := range types {
		if !strings.HasPrefix(lines[i], fmt.Sprintf("%d<", i+1)) {
			w.fault("%s: event %d is %s", arn, i+1, lines[i])
		}
		if typ == "TaskScheduled" {
			scheduled++
		}
		if strings.Contains(terminalTypes, typ) {
			if terminal++; i != len(types)-1 {
				w.fault("%s: events after its end", arn)
			}
		}
	}
	if terminal > 1 || terminal == 0 && w.ended[arn] != "" {
		w.fault("%s: %d terminal events", arn, terminal)
	}
	if n := len(w.calls[arn]); n > scheduled {
		w.fault("%s: workers saw %d attempts, the history has %d", arn, n, scheduled)
	}
	for id, l := range w.noticed[arn] {
		if int(id) > len(lines) || lines[id-1] != l {
			w.fault("%s: the noticed event %s is not in the history", arn, l)
		}
	}
	if out := w.accepted[arn]; out != "" && !strings.Contains(strings.Join(lines, "\n"), "TaskSucceeded  in=- out="+out) {
		w.fault("%s: an accepted delivery is lost", arn)
	}
}

// trade starts every order, looks on until all have ended, and checks them; false
// where the power went first.
func (w *world) trade(h *Host, crashed chan struct{}) bool {
	ctx := context.Background()
	results := make(chan error)
	_, err := h.CreateStateMachine(ctx, sfn.NewStateMachine{Name: "order", RoleARN: role, Definition: w.definition})
	for _, o := range w.orders {
		go func() {
			if err == nil {
				results <- w.client(ctx, h, o, crashed)
			} else {
				results <- err
			}
		}()
	}
	var failed error
	for range w.orders {
		failed = firstError(<-results, failed)
	}
	if errors.Is(failed, kvtest.ErrPower) {
		<-crashed // the power is off; the cut may still be at work
	}
	select {
	case <-crashed:
		return false
	default:
		if failed != nil {
			w.fault("a client failed without a crash: %v", failed)
		}
		w.checkOutbox(h, true)
		if w.check != nil && errors.Is(w.check(h), kvtest.ErrPower) {
			<-crashed
			return false
		}
		return true
	}
}

// client starts one order and looks on until it has ended.
func (w *world) client(ctx context.Context, h *Host, o order, crashed chan struct{}) error {
	started, err := h.StartExecution(ctx, sfn.Start{StateMachineARN: w.machine, Name: o.name, Input: jsonval.MustParse(o.input)})
	arn := sfn.ExecutionARN(region, account, "order", o.name)
	var refusal *sfn.Error
	if errors.As(err, &refusal) && refusal.Code == "ExecutionAlreadyExists" {
		err = nil // it ended in an earlier life
	} else if err == nil {
		w.mu.Lock()
		if at, acked := w.started[arn]; acked && !at.Equal(started.StartDate) {
			w.fault("%s: started twice", arn)
		}
		w.started[arn] = started.StartDate
		w.mu.Unlock()
	}
	for looks := 0; err == nil; looks++ {
		if looks == 1000 {
			return fmt.Errorf("%s does not end", arn)
		}
		var x sfn.Execution
		if x, err = h.DescribeExecution(ctx, arn); err != nil {
			break
		}
		lines, types, readErr := history(h, arn)
		if err = readErr; err != nil {
			break
		}
		w.show(arn, lines)
		if x.Status != sfn.Running {
			w.mu.Lock()
			w.ended[arn] = x.Status
			if want := map[string]string{"small": sfn.Succeeded, "large": sfn.Succeeded, "poor": sfn.Failed}[o.name]; x.Status != want {
				w.fault("%s ended as %s", arn, x.Status)
			}
			w.mu.Unlock()
			w.compare(arn, lines, types)
			return nil
		}
		select {
		case <-time.After(900 * time.Millisecond):
		case <-crashed:
			return kvtest.ErrPower
		}
	}
	return err
}
