package engine

import (
	"stile/internal/kv"
	"stile/internal/notify"
	"stile/internal/sfn"
	"stile/jsonval"
)

// turn is what one piece of work in a shard gives to the committer: its writes,
// and what may happen once they are durable. A turn that changes nothing still
// goes through the committer where it answers: its answer then comes after
// everything that it saw is durable.
type turn struct {
	shard uint16
	epoch uint64
	ops   []kv.Op
	bytes int

	frames  map[uint32]int // where in ops each frame stands
	history int            // where in ops the last row of history stands, and one more; 0: nowhere

	h       *Host
	live    *live
	timers  []timerChange
	tasks   []*dispatch
	cancels []cancel
	notices []sfn.Notice
	after   []func()      // on success: jobs that follow, machine updates
	joins   []func()      // run when the turn ends and is not dropped: they may write
	replies []func(error) // answers; nil is success

	events []notify.Event // for the outbox

	// How the attempt ended whose answer the turn takes, for health: its trouble, the
	// send whose record holds the denial, and the denial.
	trouble sfn.Trouble
	refused uint32
	denial  jsonval.Value
	// deadline is the nearest time at which health must be looked at; 0: none was seen.
	deadline int64

	// again is what the host does once more where the store could not be read in this
	// turn; nil where a caller is told.
	again func()

	// repeated are the Map Runs whose ends the events of a fork hold, and how many ends:
	// so often they are not run.
	repeated map[uint64]int

	changed        bool // the execution's visibility record is to be written
	answered, sent bool
}

func (t *turn) set(space kv.Space, key, value []byte) {
	t.ops = append(t.ops, kv.Op{Kind: kv.Set, Space: space, Key: key, Value: value})
	t.bytes += len(key) + len(value)
}

func (t *turn) remove(space kv.Space, key []byte) {
	t.ops = append(t.ops, kv.Op{Kind: kv.Delete, Space: space, Key: key})
	t.bytes += len(key)
}

// settle carries out what was waiting for the group, which is durable now.
func (t *turn) settle() {
	t.h.timers.change(t.shard, t.timers)
	t.answer()
	for _, c := range t.cancels { // before the next attempt of the same command
		t.h.cancel(c)
	}
	t.sendTasks()
	for _, n := range t.notices {
		t.h.notify(n)
	}
	for _, f := range t.after {
		f()
	}
	if len(t.events) > 0 {
		t.h.outbox.Wake()
	}
	t.release()
}

func (t *turn) answer() {
	if t.answered {
		return
	}
	t.answered = true
	for _, f := range t.replies {
		f(nil)
	}
}

func (t *turn) sendTasks() {
	if t.sent {
		return
	}
	t.sent = true
	for _, d := range t.tasks {
		t.h.dispatch(d)
	}
}

// fail says that the turn will never be durable.
func (t *turn) fail(err error) {
	if !t.answered {
		t.answered = true
		for _, f := range t.replies {
			f(err)
		}
	}
	t.release()
}

func (t *turn) release() {
	if t.live != nil {
		t.live.unsettled.Add(-1)
	}
}
