package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"stile/internal/dataset"
	"stile/internal/engine/clock"
	"stile/internal/engine/codec"
	"stile/internal/engine/crew"
	"stile/internal/engine/keyring"
	"stile/internal/engine/known"
	"stile/internal/engine/machines"
	"stile/internal/engine/record"
	"stile/internal/engine/visibility"
	"stile/internal/engine/watch"
	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// errClosed is what calls on a host get before SetTasks and after Close.
var errClosed = &sfn.Error{Code: "ServiceUnavailable", Message: "The service is starting or shutting down."}

// Host runs executions durably on one store. All its methods may be called at any
// time from any goroutine.
type Host struct {
	machineActions

	store           kv.Store
	account, region string
	clock           Clock
	seed            func() uint64
	log             *slog.Logger
	observe         func(sfn.Notice)
	checkParameters func(resource string, parameters jsonval.Value) string
	maxPayload      int
	maxHistory      int
	admit           func() error
	limits          func(stateMachineARN, state string) time.Duration
	testCases       TestCases
	activityExists  func(arn string) bool
	outbox          Outbox
	objects         dataset.Store
	fields          func(stateMachineARN string) visibility.Fields
	retention       func() visibility.Retention
	sweeper         *visibility.Sweeper
	older           atomic.Bool // older executions got their rows by end

	keys      *keyring.Keyring
	shards    [256]*shard
	committer *committer
	timers    *timers
	machines  *machines.Registry
	watchers  watch.Hub

	integrations atomic.Pointer[Tasks]
	calls        sync.Map // callID → *dispatch, under way
	crew         *crew.Crew
	calling      *crew.Burst // of task calls
	known        known.Set
	tokenStates  *tokenStates
	ctx          context.Context
	stop         context.CancelFunc
	runsCtx      context.Context // of what reads datasets and writes results
	stopRuns     context.CancelFunc

	begun   sync.Once
	closing atomic.Bool
	failed  atomic.Pointer[error]
	gate    sync.Mutex // no background work begins after closing
	beside  sync.WaitGroup
}

// Open opens the host on its store: it reads the state machines and, once it has
// Tasks, arms timers and sends again what was under way. Executions load when
// something happens to them.
func Open(cfg Config) (*Host, error) { return openWith(cfg, plant{}) }

func openWith(cfg Config, p plant) (*Host, error) {
	cfg = cfg.withDefaults()
	if cfg.Store == nil || cfg.Account == "" || cfg.Region == "" {
		return nil, errors.New("engine: Config needs Store, Account and Region")
	}
	keys, ops, err := openKeys(cfg.Store, cfg.Seed, cfg.Log)
	if err != nil {
		return nil, err
	}
	epoch, err := nextEpoch(cfg.Store, &ops)
	if err != nil {
		return nil, err
	}
	last, err := lastTime(cfg.Store)
	if err != nil {
		return nil, err
	}
	if behind := time.UnixMilli(last).Sub(cfg.Clock.Now()); behind > time.Minute {
		cfg.Log.Warn("the machine's clock is behind the engine's time, which goes on from where it was", "behind", behind)
	}
	cfg.Clock = clock.Steady(cfg.Clock, last)
	ops = append(ops, timeOp(cfg.Clock.Now().UnixMilli()))
	if err := commitNow(cfg.Store, epoch, ops); err != nil {
		return nil, err
	}
	h := &Host{
		store: cfg.Store, account: cfg.Account, region: cfg.Region, clock: cfg.Clock, seed: cfg.Seed, log: cfg.Log,
		observe: cfg.Observe, checkParameters: cfg.CheckParameters, maxPayload: cfg.MaxPayload, maxHistory: cfg.MaxHistory, keys: keys,
		fields: cfg.Fields, retention: cfg.Retention, admit: cfg.Admit, limits: cfg.Limits, testCases: cfg.TestCases, objects: cfg.Objects, activityExists: cfg.ActivityExists,
	}
	if cfg.Outbox != nil {
		h.outbox = *cfg.Outbox
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.crew = crew.New(idleCallers)
	h.tokenStates = newTokenStates()
	h.calling = crew.NewBurst(h.crew, youngCalls)
	h.runsCtx, h.stopRuns = context.WithCancel(context.Background())
	for n := range h.shards {
		h.shards[n] = newShard(h, uint16(n), epoch, max(1, cfg.MaxLive/len(h.shards)))
	}
	h.timers = &timers{h: h}
	h.sweeper = visibility.NewSweeper(keeper{h})
	if err := h.openMachines(cfg, keys); err != nil {
		return nil, err
	}
	told, err := lastTold(cfg.Store)
	if err != nil {
		return nil, err
	}
	fatal := cfg.Fatal
	cfg.Fatal = func(err error) {
		h.failed.Store(&err)
		fatal(err)
	}
	h.committer = newCommitter(cfg, p)
	h.committer.told = told
	if cfg.Tasks != nil {
		h.SetTasks(cfg.Tasks)
	}
	return h, nil
}

var metaEpoch = []byte("epoch")

// nextEpoch counts openings: a networked store refuses writes of an older one.
func nextEpoch(store kv.Store, ops *[]kv.Op) (uint64, error) {
	epoch, err := epochOf(store)
	if err != nil {
		return 0, err
	}
	if epoch++; epoch == 1 { // a new store has no executions from before their rows
		*ops = append(*ops, kv.Op{Kind: kv.Set, Space: record.SpaceMeta, Key: metaRows, Value: []byte{codec.Format}})
	}
	*ops = append(*ops, kv.Op{
		Kind: kv.Set, Space: record.SpaceMeta, Key: metaEpoch, Value: binary.BigEndian.AppendUint64([]byte{codec.Format}, epoch),
	})
	return epoch, nil
}

// epochOf gives the number of the last opening, 0 for a new store.
func epochOf(store kv.Store) (uint64, error) {
	got, err := store.GetMany(record.SpaceMeta, [][]byte{metaEpoch})
	switch {
	case err != nil || got[0] == nil:
		return 0, err
	case len(got[0]) == 9 && got[0][0] == codec.Format:
		return binary.BigEndian.Uint64(got[0][1:]), nil
	}
	return 0, codec.ErrRecord
}

func commitNow(store kv.Store, epoch uint64, ops []kv.Op) error {
	done := make(chan error, 1)
	store.Commit(kv.Group{Writes: []kv.ShardWrites{{Epoch: epoch, Ops: ops}}}, func(err error) { done <- err })
	return <-done
}

// SetTasks gives the host what carries out its Tasks and lets it go on with what
// was under way; once, before any call.
func (h *Host) SetTasks(t Tasks) {
	h.integrations.Store(&t)
	h.begun.Do(func() {
		h.timers.begin()
		h.machines.FinishDeletions()
		h.background(func() {
			if err := h.recover(); err != nil && !h.closing.Load() {
				h.log.Error("due work cannot be read", "error", err)
			}
			h.recall(nil)
		})
		h.background(h.keep)
	})
}

func (h *Host) tasks() Tasks {
	if h.closing.Load() {
		return nil
	}
	if t := h.integrations.Load(); t != nil {
		return *t
	}
	return nil
}

// recover queues what the last process left to do: calls that were out are sent
// again under the same key with the next send number, unfinished slices go on.
func (h *Host) recover() error {
	var bad error
	err := h.store.Iterate(record.SpaceWork, kv.Range{}, func(k, v []byte) bool {
		var w record.Work
		if w, bad = record.DecodeWork(v); bad != nil || h.closing.Load() {
			return false
		}
		id, command := record.ID(k[:16]), record.Part(k, 0)
		s := h.shardOf(id)
		switch {
		case command == 0:
			s.do(func() { s.resume(id) })
		case w.Phase == record.Dispatched || w.Phase == record.Submitted && !w.Token:
			s.do(func() { s.sendAgain(id, command) })
		}
		return true
	})
	return firstError(err, bad, h.recoverRuns())
}

// recoverRuns goes on with the Map Runs that the last process left open.
func (h *Host) recoverRuns() error {
	return h.store.Iterate(record.SpaceOpenRun, kv.Range{}, func(k, _ []byte) bool {
		key := record.RunKey{Parent: record.ID(k[:16]), Command: record.Part(k, 0)}
		s := h.shardOf(key.Parent)
		return s.do(func() { s.goOn(key) })
	})
}

// sendAgain dispatches an attempt that was out when the last process ended.
func (s *shard) sendAgain(id record.ID, command uint64) {
	l, err := s.lookup(id)
	if err != nil || l == nil {
		s.missed("a task cannot be sent again", id, err, func() { s.sendAgain(id, command) })
		return
	}
	w := l.work[command]
	if w == nil || w.command == nil || w.Phase == record.Idle || w.Epoch == s.epoch || w.Phase == record.Submitted && w.Token {
		return // it ended or was taken meanwhile, or this host has sent it already
	}
	c := w.command
	w.command, w.Epoch = nil, s.epoch
	w.Send++
	t := s.turn(l)
	t.putWork(command, w)
	t.tasks = append(t.tasks, l.dispatch(c, w.Send))
	t.changed = l.state.Health.Check == 0 // it began before there was health
	s.end(t)
}

// told logs what went wrong with an execution outside any call.
func (h *Host) told(what string, id record.ID, err error) {
	if err != nil && !h.closing.Load() {
		h.log.Error(what, "id", id, "error", err)
	}
}

func (h *Host) shardOf(id record.ID) *shard { return h.shards[id.Shard()] }

func (h *Host) now() int64 { return h.clock.Now().UnixMilli() }

// refuses is why no new work is taken; nil while it is. Before SetTasks none is.
func (h *Host) refuses() error {
	if err := h.Failed(); err != nil {
		return err
	}
	if h.closing.Load() || h.integrations.Load() == nil {
		return errClosed
	}
	return nil
}

// Failed gives why the host has stopped for good, nil while it runs.
func (h *Host) Failed() error {
	if err := h.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// background runs f beside the calls; Close waits for it. It reports false where the
// host closes and f is not run.
func (h *Host) background(f func()) bool {
	h.gate.Lock()
	defer h.gate.Unlock()
	if h.closing.Load() {
		return false
	}
	h.beside.Add(1)
	go func() {
		defer h.beside.Done()
		f()
	}()
	return true
}

// Close drains the host: nothing new is taken or dispatched, what has been applied
// is committed and answered, then the calls under way are cancelled; they are sent
// again at the next start. It leaves the store open. ctx bounds the wait.
func (h *Host) Close(ctx context.Context) error {
	h.gate.Lock()
	first := h.closing.CompareAndSwap(false, true)
	h.gate.Unlock()
	if !first {
		return nil
	}
	h.stopRuns()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		h.timers.end()
		for _, s := range h.shards {
			s.close()
		}
		h.committer.close()
		h.beside.Wait()
	}()
	var err error
	select {
	case <-drained:
	case <-ctx.Done():
		err = ctx.Err()
	}
	h.stop()
	h.crew.End()
	h.watchers.CloseAll()
	return err
}
