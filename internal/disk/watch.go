package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Level says how the disk stands.
type Level int

// Levels, from room to none.
const (
	// OK: everything is taken.
	OK Level = iota
	// Low: new work is refused.
	Low
	// Critical: as Low, and the reserve was given up.
	Critical
	// Full: a write waits for room.
	Full
)

var levelNames = [...]string{"ok", "low", "critical", "full"}

// String is the level in one word, as the log and docs/disk.md have it.
func (l Level) String() string { return levelNames[l] }

// Usage is what a file system has, in bytes: what is free for us, and all of it.
type Usage struct{ Free, Total int64 }

// ErrUnknown says that the system does not tell how much is free.
var ErrUnknown = errors.New("the free space is not known on this system")

// Config is what a Watch is made of. Dir is required.
type Config struct {
	// Dir is the folder whose file system is watched; the reserve lies in it.
	Dir string
	// Low is below how many free bytes new work is refused; 0 is 256 MiB, or a quarter
	// of a disk of less than 1 GiB.
	Low int64
	// Reserve is the size of the reserve; 0 is 64 MiB, or a sixteenth of a disk of less
	// than 1 GiB. NoReserve keeps none.
	Reserve   int64
	NoReserve bool
	// Usage reads a folder's file system; nil asks the machine.
	Usage func(dir string) (Usage, error)
	// Make makes the reserve at path with size bytes that are really taken; nil does so
	// on the machine's disk. Remove removes it.
	Make   func(path string, size int64) error
	Remove func(path string) error
	// Wait comes back after d, or when ctx ends; nil is the machine's time.
	Wait func(ctx context.Context, d time.Duration)
	// Changed is told of each change of the level, by whoever looked: two calls may come at
	// the same time. Nil tells nobody.
	Changed func(State)
}

// State is what a Watch knows.
type State struct {
	Level Level
	Usage
	// Known is false where the system does not tell; Usage is zero then.
	Known bool
	// Low is the threshold, Reserve what the reserve holds now (0: none).
	Low, Reserve int64
}

// Reason is one line that says why new work is refused; empty where it is not.
func (s State) Reason() string {
	switch {
	case s.Level == OK:
		return ""
	case !s.Known:
		return "the disk of the data folder is full"
	}
	return fmt.Sprintf("the disk of the data folder is %s: %d MiB are free, new work is taken from %d MiB on",
		map[Level]string{Low: "almost full", Critical: "almost full", Full: "full"}[s.Level], s.Free>>20, s.resume()>>20)
}

// resume is where the level becomes OK again.
func (s State) resume() int64 { return s.Low + s.Low/8 }

// Watch watches one file system. Its methods may be called from any goroutine.
type Watch struct {
	c      Config
	ctx    context.Context
	stop   context.CancelFunc
	looked chan struct{} // a write that waits asks Run to look often

	seen    atomic.Pointer[State]
	running atomic.Bool

	mu      sync.Mutex // held while looking
	state   State
	waiting int           // writes in Full
	looks   chan struct{} // closed after each look, for writes that wait
}

// Open looks once and takes the reserve where there is room for it.
func Open(c Config) *Watch {
	if c.Usage == nil {
		c.Usage = usage
	}
	if c.Make == nil {
		c.Make = allocate
	}
	if c.Remove == nil {
		c.Remove = remove
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.Changed == nil {
		c.Changed = func(State) {}
	}
	w := &Watch{c: c, looked: make(chan struct{}, 1), looks: make(chan struct{})}
	w.ctx, w.stop = context.WithCancel(context.Background())
	w.state.Reserve = held(c.Dir)
	w.Look()
	return w
}

// Close lets writes that wait go on, to fail. The reserve stays for the next start.
func (w *Watch) Close() { w.stop() }

// State is what the last look saw.
func (w *Watch) State() State { return *w.seen.Load() }

// Look asks the file system, moves the level, and gives up or takes the reserve.
func (w *Watch) Look() State {
	w.mu.Lock()
	before := w.state.Level
	w.measure()
	w.judge()
	if w.state.Level >= Critical && w.state.Reserve > 0 && w.c.Remove(reservePath(w.c.Dir)) == nil {
		w.state.Reserve = 0
		w.measure()
	}
	if w.state.Level == OK {
		w.refill()
	}
	after := w.state
	w.seen.Store(&after)
	close(w.looks)
	w.looks = make(chan struct{})
	w.mu.Unlock()
	if after.Level != before {
		w.c.Changed(after)
	}
	return after
}

func (w *Watch) measure() {
	u, err := w.c.Usage(w.c.Dir)
	s := &w.state
	s.Usage, s.Known = u, err == nil
	if err != nil {
		s.Usage = Usage{}
	}
	s.Low = w.c.Low
	if s.Low == 0 {
		s.Low = min(256<<20, max(u.Total/4, 1))
		if !s.Known {
			s.Low = 256 << 20
		}
	}
}

// judge gives the level. What is free while a write waits is no room until it is
// enough for finishing work: the write would fill it and wait again.
func (w *Watch) judge() {
	s := &w.state
	if !s.Known {
		if w.waiting == 0 {
			s.Level = OK
		}
		return
	}
	free := s.Free
	up := func(limit int64, was bool) int64 {
		if was {
			return limit + limit/8
		}
		return limit
	}
	switch {
	case w.waiting > 0 && free < s.Low/16:
		s.Level = Full
	case free < up(s.Low/4, s.Level >= Critical):
		s.Level = Critical
	case free < up(s.Low, s.Level >= Low):
		s.Level = Low
	default:
		s.Level = OK
	}
}

// refill takes the reserve where that leaves the level OK.
func (w *Watch) refill() {
	s := &w.state
	size := w.c.Reserve
	if size == 0 {
		size = min(64<<20, s.Total/16)
	}
	if w.c.NoReserve || !s.Known || s.Reserve > 0 || s.Free < s.resume()+size {
		return
	}
	if w.c.Make(reservePath(w.c.Dir), size) == nil {
		s.Reserve = size
		w.measure()
	}
}

// Run looks again and again until the Watch is closed: the more often, the nearer the
// cliff. Before it runs no write waits: a start on a full disk fails.
func (w *Watch) Run() {
	w.running.Store(true)
	for w.ctx.Err() == nil {
		pause, done := context.WithCancel(w.ctx)
		go func() {
			select {
			case <-w.looked:
				done()
			case <-pause.Done():
			}
		}()
		w.c.Wait(pause, w.State().pause())
		done()
		w.Look()
	}
}

// pause is how long until the next look. A disk is filled at 1 GB/s at most.
func (s State) pause() time.Duration {
	switch {
	case s.Level != OK, s.Known && s.Free < 4*s.Low:
		return 100 * time.Millisecond
	case s.Known && s.Free < 32*s.Low:
		return 500 * time.Millisecond
	}
	return 2 * time.Second
}

// spareWait keeps what is tried again at once from trying all the time.
const spareWait = 250 * time.Millisecond

// Spare says whether work that can be done later, such as putting the log into
// order, may take n bytes more: what is left then must do for the log itself.
func (w *Watch) Spare(n int64) bool {
	u, err := w.c.Usage(w.c.Dir)
	if err != nil {
		return true
	}
	s := w.State()
	low := s.Low
	if u.Free-n >= low/4 {
		return true
	}
	if s.Reserve > 0 { // looking gives it up
		w.Look()
		if u, err = w.c.Usage(w.c.Dir); err != nil {
			return true
		}
	}
	if u.Free-n >= low/16 {
		return true
	}
	w.c.Wait(w.ctx, spareWait)
	return false
}

// Full is called by a write that found no room. It gives up the reserve, and comes
// back when the write may be tried again; false: nobody watches.
func (w *Watch) Full() bool {
	if !w.running.Load() {
		had := w.State().Reserve
		return w.Look().Reserve < had
	}
	w.mu.Lock()
	w.waiting++
	reserve := w.state.Reserve
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.waiting--
		w.mu.Unlock()
	}()
	switch s := w.Look(); {
	case reserve > 0 && s.Reserve == 0:
		return w.ctx.Err() == nil
	case s.Known && s.Level < Full: // of names, or of a quota: room that no look sees
		w.c.Wait(w.ctx, spareWait)
		return w.ctx.Err() == nil
	}
	select {
	case w.looked <- struct{}{}: // the next look is soon from here on
	default:
	}
	for {
		w.mu.Lock()
		looks, level, known := w.looks, w.state.Level, w.state.Known
		w.mu.Unlock()
		if w.ctx.Err() != nil {
			return false
		}
		if known && level < Full {
			return true
		}
		if !known { // nobody can say: try again in a while
			w.mark(Full)
			w.c.Wait(w.ctx, time.Second)
			return w.ctx.Err() == nil
		}
		select {
		case <-looks:
		case <-w.ctx.Done():
		}
	}
}

// mark sets a level that no look can see.
func (w *Watch) mark(l Level) {
	w.mu.Lock()
	before := w.state.Level
	w.state.Level = l
	after := w.state
	w.seen.Store(&after)
	w.mu.Unlock()
	if before != l {
		w.c.Changed(after)
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
