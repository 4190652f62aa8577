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
	"stile/internal/engine/keyring"
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
	store           kv.Store
	account, region string
	clock           Clock
	seed            func() uint64
	log             *slog.Logger
	roles           Roles
	observe         func(sfn.Notice)
	checkParameters func(resource string, parameters jsonval.Value) string
	maxPayload      int
	maxHistory      int
	limits          func(stateMachineARN, state string) time.Duration
	testCases       TestCases
	activityExists  func(arn string) bool
	outbox          Outbox
	objects         dataset.Store

	keys        *keyring.Keyring
	shards      [256]*shard
	committer   *committer
	timers      *timers
	machines    *machines
	definitions *definitions
	watchers    watch.Hub

	integrations atomic.Pointer[Tasks]
	calls        sync.Map // callID → *dispatch, under way
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
	keys, ops, err := openKeys(cfg.Store, cfg.Seed)
	if err != nil {
		return nil, err
	}
	epoch, err := nextEpoch(cfg.Store, &ops)
	if err != nil {
		return nil, err
	}
	if err := commitNow(cfg.Store, epoch, ops); err != nil {
		return nil, err
	}
	h := &Host{
		store: cfg.Store, account: cfg.Account, region: cfg.Region, clock: cfg.Clock, seed: cfg.Seed, log: cfg.Log,
		roles: cfg.Roles, observe: cfg.Observe, checkParameters: cfg.CheckParameters, maxPayload: cfg.MaxPayload, maxHistory: cfg.MaxHistory, keys: keys,
		definitions: newDefinitions(cfg.Store, cfg.Definitions), limits: cfg.Limits,
		testCases: cfg.TestCases, objects: cfg.Objects, activityExists: cfg.ActivityExists,
	}
	if cfg.Outbox != nil {
		h.outbox = *cfg.Outbox
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.runsCtx, h.stopRuns = context.WithCancel(context.Background())
	for n := range h.shards {
		h.shards[n] = newShard(h, uint16(n), epoch, max(1, cfg.MaxLive/len(h.shards)))
	}
	h.timers = &timers{h: h}
	h.machines = &machines{h: h}
	if err := h.machines.open(); err != nil {
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
	h.committer = newCommitter(cfg)
	h.committer.plant = p
	h.committer.told = told
	if cfg.Tasks != nil {
		h.SetTasks(cfg.Tasks)
	}
	return h, nil
}

var metaEpoch = []byte("epoch")

// nextEpoch counts openings: a networked store refuses writes of an older one.
func nextEpoch(store kv.Store, ops *[]kv.Op) (uint64, error) {
	got, err := store.GetMany(spaceMeta, [][]byte{metaEpoch})
	if err != nil {
		return 0, err
	}
	var epoch uint64
	if len(got[0]) == 9 && got[0][0] == recordFormat {
		epoch = binary.BigEndian.Uint64(got[0][1:])
	} else if got[0] != nil {
		return 0, errRecord
	}
	epoch++
	*ops = append(*ops, kv.Op{
		Kind: kv.Set, Space: spaceMeta, Key: metaEpoch, Value: binary.BigEndian.AppendUint64([]byte{recordFormat}, epoch),
	})
	return epoch, nil
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
		h.machines.finishDeletions()
		h.background(func() {
			if err := h.recover(); err != nil && !h.closing.Load() {
				h.log.Error("due work cannot be read", "error", err)
			}
		})
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
	err := h.store.Iterate(spaceWork, kv.Range{}, func(k, v []byte) bool {
		var w workRecord
		if w, bad = decodeWork(v); bad != nil || h.closing.Load() {
			return false
		}
		id, command := execID(k[:16]), part(k, 0)
		s := h.shardOf(id)
		switch {
		case command == 0:
			s.do(func() { s.resume(id) })
		case w.phase == workDispatched || w.phase == workSubmitted && !w.token:
			s.do(func() { s.sendAgain(id, command) })
		}
		return true
	})
	return firstError(err, bad, h.recoverRuns())
}

// recoverRuns goes on with the Map Runs that the last process left open.
func (h *Host) recoverRuns() error {
	return h.store.Iterate(spaceOpenRun, kv.Range{}, func(k, _ []byte) bool {
		key := runKey{execID(k[:16]), part(k, 0)}
		s := h.shardOf(key.parent)
		return s.do(func() { s.goOn(key) })
	})
}

// sendAgain dispatches an attempt that was out when the last process ended.
func (s *shard) sendAgain(id execID, command uint64) {
	l, err := s.lookup(id)
	if err != nil || l == nil {
		s.missed("a task cannot be sent again", id, err, func() { s.sendAgain(id, command) })
		return
	}
	w := l.work[command]
	if w == nil || w.command == nil || w.phase == workIdle || w.epoch == s.epoch || w.phase == workSubmitted && w.token {
		return // it ended or was taken meanwhile, or this host has sent it already
	}
	c := w.command
	w.command, w.epoch = nil, s.epoch
	w.send++
	t := s.turn(l)
	t.putWork(command, w)
	t.tasks = append(t.tasks, l.dispatch(c, w.send))
	t.changed = l.state.health.check == 0 // it began before there was health
	s.end(t)
}

// told logs what went wrong with an execution outside any call.
func (h *Host) told(what string, id execID, err error) {
	if err != nil && !h.closing.Load() {
		h.log.Error(what, "id", id, "error", err)
	}
}

func (h *Host) shardOf(id execID) *shard { return h.shards[id.shard()] }

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

// background runs f beside the calls; Close waits for it.
func (h *Host) background(f func()) {
	h.gate.Lock()
	defer h.gate.Unlock()
	if h.closing.Load() {
		return
	}
	h.beside.Add(1)
	go func() {
		defer h.beside.Done()
		f()
	}()
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
	h.watchers.CloseAll()
	return err
}
