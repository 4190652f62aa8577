package kill

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// scale is how much a test does: little, or with STILE_SOAK=1 the full figures.
type scale struct {
	kills, least, clients int
	seed                  uint64
}

func scaled(t *testing.T) scale {
	t.Helper()
	s := scale{kills: 4, least: 10, clients: 48, seed: rand.Uint64() % 1_000_000}
	if os.Getenv("STILE_SOAK") == "1" {
		s.kills, s.least, s.clients = 60, 50, 64
	}
	if text := os.Getenv("STILE_SEED"); text != "" {
		var err error
		if s.seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("STILE_SEED: %v", err)
		}
	}
	return s
}

// strikeUnderLoad loads the server and kills it at a random time, as soon as enough
// was acknowledged in the window before. It gives nil for a kill that does not count.
func (d *driver) strikeUnderLoad(s scale, rng *rand.Rand) *moment {
	stop := make(chan struct{})
	var arm *time.Timer
	d.mu.Lock()
	d.struck, d.armed, d.tail = nil, false, len(d.journal)
	d.mu.Unlock()
	arm = time.AfterFunc(time.Duration(150+rng.IntN(500))*time.Millisecond, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.armed = true
	})
	defer arm.Stop()
	late := time.AfterFunc(6*time.Second, func() { d.server.strike() })
	defer late.Stop()
	d.load(s.clients, stop)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.struck == nil {
		d.server.strike() // the load ended of itself or the time was up
	}
	d.server.await()
	return d.struck
}

// TestKill kills `stile serve` over and over under load. What it acknowledged must
// be there after each restart, histories only grow, and in the end every execution ends.
func TestKill(t *testing.T) {
	t.Parallel()
	s := scaled(t)
	rng := rand.New(rand.NewPCG(s.seed, 1))
	d := newDriver(t, s.least)
	d.server.start()
	d.prepare()
	var kills []*moment
	repeated, checked := 0, 0
	for len(kills) < s.kills {
		if m := d.strikeUnderLoad(s, rng); m != nil {
			kills = append(kills, m)
		} else if repeated++; repeated > 10+s.kills {
			t.Fatalf("%d kills of %d did not find what they need: the machine is too busy", repeated, repeated+len(kills))
		}
		d.server.start()
		checked += d.check(40)
		if d.found() > 0 {
			break
		}
	}
	d.finish()
	checked += d.check(1)
	d.wantNothing()
	if len(kills) == 0 {
		return
	}
	acks, open := []int{}, map[string]int{}
	for _, m := range kills {
		acks = append(acks, m.acks)
		for _, kind := range kinds {
			if n, ok := open[kind]; !ok || m.open[kind] < n {
				open[kind] = m.open[kind]
			}
		}
	}
	slices.Sort(acks)
	t.Logf("figure: kill -9: seed %d, %d kills (%d repeated, not counted); acknowledgements in the 20 ms before: least %d, median %d; open at least: %v; "+
		"%d acknowledgements, %d executions, %d checks; sink: %d calls, %d repeated under the same key: lost 0, rewritten 0, completed twice 0, attempts with two keys 0",
		s.seed, len(kills), repeated, acks[0], acks[len(acks)/2], open, len(d.journal), len(d.all), checked, d.sink.calls, d.sink.repeats)
}

func (d *driver) found() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, list := range d.findings {
		n += len(list)
	}
	return n
}

// wantNothing fails the test where anything was found.
func (d *driver) wantNothing() {
	for kind, list := range d.findings {
		for _, f := range list[:min(len(list), 10)] {
			d.t.Errorf("%s: %s", kind, f)
		}
	}
	d.sink.mu.Lock()
	defer d.sink.mu.Unlock()
	for _, f := range d.sink.bad {
		d.t.Errorf("sink: %s", f)
	}
}

// finish brings every execution to its end.
func (d *driver) finish() {
	d.mu.Lock()
	taken := d.queued
	d.mu.Unlock()
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			c := d.client(3000 + n)
			defer c.close()
			for range taken/8 + 1 {
				// A task whose hand-over was cut off is nobody's: its execution is stopped below.
				if ok, err := c.takeTask(3 * time.Second); err != nil || !ok {
					return
				}
			}
		})
	}
	all.Wait()
	work := make(chan *execution)
	for n := range 12 {
		all.Go(func() {
			c := d.client(4000 + n)
			defer c.close()
			for e := range work {
				if err := c.end(e); err != nil {
					d.report(foundOther, "%s does not end: %v", e.name, err)
				}
			}
		})
	}
	for _, e := range d.all {
		if !e.over() {
			work <- e
		}
	}
	close(work)
	all.Wait()
}

// end ends one execution: by its token, by stopping it, or by waiting for it.
func (c *client) end(e *execution) error {
	if !e.acked {
		if err := c.start(e); err != nil {
			return err
		}
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 600 {
		var x struct{ Status string }
		if err := c.w.call("DescribeExecution", map[string]any{"executionArn": e.arn()}, &x); err != nil {
			return err
		}
		if x.Status != "RUNNING" {
			if want := map[bool]string{true: "SUCCEEDED", false: "ABORTED"}[e.stops == 0]; x.Status != want {
				return fmt.Errorf("ended as %s, want %s", x.Status, want)
			}
			return c.sawAll(e)
		}
		token := c.tokenOf(e)
		switch {
		case token != "" && len(e.sent) == 0:
			if err := c.send(c.w, e, false); err != nil {
				return err
			}
			continue
		case e.kind == kindActivity && token == "" || e.kind == kindWait && !e.ends():
			if err := c.stop(e); err != nil {
				return err
			}
			continue
		}
		<-tick.C
	}
	return fmt.Errorf("not within 30 s")
}

// sawAll holds the sink against an execution that succeeded.
func (c *client) sawAll(e *execution) error {
	if e.kind != kindMap {
		return nil
	}
	for item := range 3 {
		if !c.d.sink.saw(e.name, item) {
			return fmt.Errorf("the sink never saw its item %d", item)
		}
	}
	return nil
}

// TestLossIsSeen is the control: a server goes on from a folder as it was some
// acknowledgements ago, as one would whose answers are not durable. The checks of
// TestKill must tell of lost starts and completions, and of histories that shrank.
func TestLossIsSeen(t *testing.T) {
	t.Parallel()
	s := scaled(t)
	d := newDriver(t, s.least)
	d.server.start()
	d.prepare()
	rng := rand.New(rand.NewPCG(s.seed, 2))
	d.strikeUnderLoad(s, rng)
	old := d.server.data() + "-old"
	if err := os.CopyFS(old, os.DirFS(d.server.data())); err != nil {
		t.Fatal(err)
	}
	d.server.start()
	d.check(1)
	stop := make(chan struct{})
	time.AfterFunc(700*time.Millisecond, func() { close(stop) })
	d.load(s.clients, stop)
	d.check(1)
	d.server.kill()
	if n := d.found(); n > 0 {
		d.wantNothing()
		t.Fatalf("%d findings before anything was lost", n)
	}
	if err := os.RemoveAll(d.server.data()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(old, d.server.data()); err != nil {
		t.Fatal(err)
	}
	d.server.start()
	d.check(1)
	d.server.kill()
	t.Logf("figure: control of kill -9: %d acknowledged things lost, %d histories rewritten, as they must be", len(d.findings[foundLost]), len(d.findings[foundRewritten]))
	if len(d.findings[foundLost]) == 0 || len(d.findings[foundRewritten]) == 0 {
		t.Errorf("the checks do not see a loss: %v", d.findings)
	}
}
