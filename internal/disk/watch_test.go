package disk

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a disk of 1 GiB: what others use, and the reserve.
type fake struct {
	mu      sync.Mutex
	used    int64
	reserve int64
	unknown bool
	told    []Level
}

const mib = 1 << 20

func (f *fake) config() Config {
	return Config{
		Dir: "data", Low: 256 * mib, Reserve: 64 * mib,
		Usage: func(string) (Usage, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.unknown {
				return Usage{}, ErrUnknown
			}
			return Usage{Free: 1024*mib - f.used - f.reserve, Total: 1024 * mib}, nil
		},
		Make:   func(_ string, size int64) error { return f.keep(size) },
		Remove: func(string) error { return f.keep(0) },
		Changed: func(s State) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.told = append(f.told, s.Level)
		},
	}
}

func (f *fake) keep(n int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reserve = n
	return nil
}

func (f *fake) use(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used = n
}

func TestLevels(t *testing.T) {
	f := &fake{}
	w := Open(f.config())
	defer w.Close()
	for _, x := range []struct {
		used    int64 // MiB
		level   Level
		reserve int64
		reason  string
	}{
		{0, OK, 64, ""},
		{704, OK, 64, ""},                      // 256 are free
		{705, Low, 64, "255 MiB are free"},     // one less
		{690, Low, 64, "from 288 MiB on"},      // 270: enough, but it would flutter
		{672, OK, 64, ""},                      // 288
		{897, Critical, 0, "127 MiB are free"}, // 63 and the reserve of 64
		{890, Low, 0, "almost full"},           // the reserve went into what is free
		{700, OK, 0, ""},                       // 324: with the reserve it would be Low again
		{600, OK, 64, ""},                      // 424
		{1024 - 64, Critical, 0, "64 MiB are"}, // nothing but the reserve
		{1024, Critical, 0, "0 MiB are free"},  // nobody waits for room
		{0, OK, 64, ""},
	} {
		f.use(x.used * mib)
		s := w.Look()
		if s.Level != x.level || s.Reserve != x.reserve*mib || !strings.Contains(s.Reason(), x.reason) || (x.reason == "") != (s.Reason() == "") {
			t.Errorf("%d MiB used: %v, reserve %d, %q; want %v, %d, %q", x.used, s.Level, s.Reserve/mib, s.Reason(), x.level, x.reserve, x.reason)
		}
	}
	if want := []Level{Low, OK, Critical, Low, OK, Critical, OK}; !slices.Equal(f.told, want) {
		t.Errorf("told %v, want each change once: %v", f.told, want)
	}
}

// TestFull: a write that finds no room waits, and goes on by itself when there is some.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		w := Open(f.config())
		go w.Run()
		synctest.Wait()
		f.use(960 * mib)
		if !w.Full() || f.reserve != 0 {
			t.Fatal("the reserve was not given up for the write")
		}
		f.use(1020 * mib)
		done := make(chan bool, 1)
		go func() { done <- w.Full() }()
		time.Sleep(time.Minute)
		select {
		case <-done:
			t.Fatal("the write went on though there is no room")
		default:
		}
		if s := w.State(); s.Level != Full || !strings.Contains(s.Reason(), "is full") {
			t.Errorf("while it waits: %v %q", s.Level, s.Reason())
		}
		f.use(500 * mib)
		began := time.Now()
		if !<-done {
			t.Error("the write was told to fail")
		}
		if d := time.Since(began); d > 200*time.Millisecond {
			t.Errorf("it went on after %v", d)
		}
		if s := w.Look(); s.Level != OK || s.Reserve != 64*mib {
			t.Errorf("after it: %v, reserve %d", s.Level, s.Reserve)
		}
		f.use(1024 * mib)
		go func() { done <- w.Full() }()
		if !<-done { // the reserve
			t.Error("the reserve did not help")
		}
		go func() { done <- w.Full() }()
		synctest.Wait()
		w.Close()
		if <-done {
			t.Error("a write goes on though nobody watches")
		}
	})
}

// TestRoomThatNobodySees: a disk may refuse writes and say that much is free, where it
// has no names left or a quota is used up. The write is not tried again all the time, and
// a start fails.
func TestRoomThatNobodySees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		w := Open(f.config())
		if w.Full() {
			t.Error("a start tries for ever to write")
		}
		go w.Run()
		synctest.Wait()
		began := time.Now()
		for range 10 {
			if !w.Full() {
				t.Fatal("the write is given up")
			}
		}
		if d := time.Since(began); d < time.Second {
			t.Errorf("ten tries in %v", d)
		}
		w.Close()
	})
}

// TestSpare: what can be done later leaves the last room to the log.
func TestSpare(t *testing.T) {
	f := &fake{}
	c := f.config()
	waits := 0
	c.Wait = func(context.Context, time.Duration) { waits++ }
	w := Open(c)
	defer w.Close()
	for _, x := range []struct {
		used, n int64
		spare   bool
		waits   int
	}{{0, 100, true, 0}, {880, 10, true, 0}, {890, 10, true, 0}, {1000, 8, true, 0}, {1000, 9, false, 1}, {1023, 1, false, 2}} {
		f.use(x.used * mib)
		if got := w.Spare(x.n * mib); got != x.spare || waits != x.waits {
			t.Errorf("%d used, %d more: %v after %d waits, want %v, %d", x.used, x.n, got, waits, x.spare, x.waits)
		}
	}
}

// TestUnknown: where nobody says how much is free, all is taken, and a write that
// fails is tried again.
func TestUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{unknown: true}
		w := Open(f.config())
		if w.Full() {
			t.Error("a write may be tried again before anybody watches")
		}
		go w.Run()
		synctest.Wait()
		if w.State().Reason() != "" || !w.Spare(1<<40) {
			t.Error("something is refused")
		}
		if !w.Full() {
			t.Error("a write is not tried again")
		}
		w.Close()
	})
}

// TestMachine makes a real reserve, and finds it again.
func TestMachine(t *testing.T) {
	dir := t.TempDir()
	w := Open(Config{Dir: dir, Low: 1, Reserve: 3 << 20})
	w.Close()
	info, err := os.Stat(filepath.Join(dir, ReserveFile))
	if err != nil || info.Size() != 3<<20 {
		t.Fatalf("%v, %v", info, err)
	}
	if w = Open(Config{Dir: dir, Low: 1, Reserve: 9 << 20}); w.State().Reserve != 3<<20 {
		t.Errorf("found %d", w.State().Reserve)
	}
	w.Close()
	f, err := os.Create(filepath.Join(dir, "filled"))
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(f, 5<<19); err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 5<<19 {
		t.Errorf("%v, %v", info, err)
	}
	f.Close()
}
