package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// loop is one execution that loops through a Choice, while others start beside it:
// how fast it goes, and what that does to them.
func (s *server) loop(o options) error {
	alone, err := s.starts(o.duration, 20*time.Millisecond)
	if err != nil {
		return err
	}
	c := &client{host: s.control}
	arn, err := c.start("loop", fmt.Sprint("loop-", time.Now().UnixNano()), `{"n":0}`)
	if err != nil {
		return err
	}
	var beside []time.Duration
	var took time.Duration
	for took == 0 {
		more, err := s.starts(500*time.Millisecond, 20*time.Millisecond)
		if err != nil {
			return err
		}
		beside = append(beside, more...)
		raw, err := c.call("DescribeExecution", `{"executionArn":"`+arn+`"}`)
		if err != nil {
			return err
		}
		var x struct {
			Status              string
			StartDate, StopDate float64
		}
		if err := json.Unmarshal(raw, &x); err != nil {
			return err
		}
		switch x.Status {
		case "RUNNING":
		case "SUCCEEDED":
			took = time.Duration((x.StopDate - x.StartDate) * float64(time.Second))
		default:
			return fmt.Errorf("the loop ended as %s: %s", x.Status, raw)
		}
	}
	const transitions = 400_001
	slices.Sort(alone)
	slices.Sort(beside)
	fmt.Printf("loop\t%d transitions\t%.0f per second\tstarts beside it p99 %.2f ms, alone %.2f ms (%.1f times)\n", transitions, transitions/took.Seconds(),
		quantile(beside, 0.99), quantile(alone, 0.99), quantile(beside, 0.99)/quantile(alone, 0.99))
	return nil
}

// starts starts empty executions one at a time, evenly, and gives how long each took.
func (s *server) starts(long, every time.Duration) (out []time.Duration, err error) {
	c := &client{host: s.control}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for end := time.Now().Add(long); time.Now().Before(end); <-tick.C {
		began := time.Now()
		if _, err := c.start("empty", fmt.Sprint("s-", serial.Add(1), "-", began.UnixNano()), payload); err != nil {
			return nil, err
		}
		out = append(out, time.Since(began))
	}
	s.total("empty", len(out))
	return out, nil
}

// fill starts n executions as fast as the options' width allows and gives the rate.
func (s *server) fill(machine string, n, wide int) (rate float64, err error) {
	began := time.Now()
	var left atomic.Int64
	left.Store(int64(n))
	errs := make(chan error, wide)
	var wg sync.WaitGroup
	for range wide {
		wg.Go(func() {
			c := &client{host: s.control}
			for left.Add(-1) >= 0 {
				if _, err := c.start(machine, fmt.Sprint("w-", serial.Add(1), "-", began.UnixNano()), payload); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return float64(n) / time.Since(began).Seconds(), <-errs
}

// waiting fills the server with executions that wait for a year and looks at what
// they hold, how it comes back, and how fast others start beside them.
func (s *server) waiting(o options) error {
	const sample = 20_000
	if _, err := s.fill("wait", sample, o.wide); err != nil { // warms
		return err
	}
	empty, err := s.fill("wait", sample, o.wide)
	if err != nil {
		return err
	}
	if _, err := s.fill("wait", o.waiting, o.wide); err != nil {
		return err
	}
	full, err := s.fill("wait", sample, o.wide)
	if err != nil {
		return err
	}
	if _, err := quiet(s.pid()); err != nil {
		return err
	}
	resident, err := residentOf(s.pid())
	if err != nil {
		return err
	}
	s.stop()
	began := time.Now()
	if err := s.start(); err != nil {
		return err
	}
	ready := time.Since(began)
	if _, err := quiet(s.pid()); err != nil {
		return err
	}
	again, err := residentOf(s.pid())
	fmt.Printf("waiting\t%d executions\tresident %d MB, %d MB after a restart\tready after %.1f s\tstarts per second %.0f, empty %.0f (%.0f %%)\n",
		o.waiting+3*sample, resident>>20, again>>20, ready.Seconds(), full, empty, 100*full/empty)
	return err
}

// disk runs executions of many states and gives the bytes of the log for each visit
// of one, after compaction, beside each distinct payload once.
func (s *server) disk(o options) error {
	const executions, visits = 20_000, 20
	if _, err := quiet(s.pid()); err != nil {
		return err
	}
	before, err := s.compacted()
	if err != nil {
		return err
	}
	if _, err := s.fill("chain", executions, o.wide); err != nil {
		return err
	}
	after, err := s.compacted()
	if err != nil {
		return err
	}
	// The payload differs by nothing between executions, but each stores its own.
	each := (float64(after-before)/executions - float64(len(payload))) / visits
	fmt.Printf("disk\t%d executions of %d states\t%.0f bytes a visit beside the payload\n", executions, visits, each)
	return nil
}

// compacted stops the server, compacts the log of a copy of its data folder, counts
// its bytes, and starts the server again.
func (s *server) compacted() (n int64, err error) {
	s.stop()
	copied := filepath.Join(s.dir, "copy")
	if err := os.RemoveAll(copied); err != nil {
		return 0, err
	}
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(s.data, "log"))); err != nil {
		return 0, err
	}
	db, err := pebble.Open(copied, &pebble.Options{FormatMajorVersion: pebble.FormatValueSeparation, Logger: silent{}})
	if err != nil {
		return 0, err
	}
	if err := errors.Join(db.Compact(context.Background(), []byte{0}, []byte{0xff}, false), db.Close()); err != nil {
		return 0, err
	}
	err = filepath.WalkDir(copied, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".sst") {
			info, err := d.Info()
			if err != nil {
				return err
			}
			n += info.Size()
		}
		return err
	})
	return n, errors.Join(err, os.RemoveAll(copied), s.start())
}

// silent drops Pebble's log.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}

// Fatalf ends the process, as Pebble expects.
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
