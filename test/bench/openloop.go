package main

import (
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// hits are what became of requests of one kind.
type hits struct {
	due, unsent, good, late, refused, failed int
	took                                     []time.Duration // of the good ones
}

func (h *hits) add(o *hits) {
	h.due, h.unsent, h.good, h.late = h.due+o.due, h.unsent+o.unsent, h.good+o.good, h.late+o.late
	h.refused, h.failed, h.took = h.refused+o.refused, h.failed+o.failed, append(h.took, o.took...)
}

func (h *hits) p99() float64 {
	slices.Sort(h.took)
	return quantile(h.took, 0.99)
}

// volley is a load at one rate: starts and completions.
type volley struct {
	starts, workers hits
	lasted          time.Duration
	cpu             time.Duration // that the server had
}

// share is how much of its core the server had: other work of the machine may take it.
func (v *volley) share() float64 { return v.cpu.Seconds() / v.lasted.Seconds() }

// perCore is goodput for each second of CPU that the server had.
func (v *volley) perCore() float64 { return v.goodput() / v.share() }

func (v *volley) goodput() float64 {
	return float64(v.starts.good+v.workers.good) / v.lasted.Seconds()
}

func (v *volley) sent() float64 {
	return float64(v.starts.due-v.starts.unsent+v.workers.due-v.workers.unsent) / v.lasted.Seconds()
}

// fire sends so many requests a second, at fixed times whether or not answers come.
// One that finds no connection free is not sent, and counts as asked for.
func (g *gun) fire(rate float64, lasts time.Duration) (v volley, err error) {
	if err := g.sign(); err != nil {
		return v, err
	}
	starts, workers := newPool(g, overConns, (*gun).startNow), newPool(g, workerConns, (*gun).work)
	before, err := cpuOf(g.pid())
	if err != nil {
		return v, err
	}
	begun := time.Now()
	total := int(rate * lasts.Seconds())
	for i := 0; i < total; {
		due := begun.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		// All that are due by now, so that a sleep which is long costs no rate.
		for end := time.Since(begun).Seconds() * rate; i < total && float64(i) <= end; i++ {
			due := begun.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			if i%10 == 0 {
				workers.send(due)
			} else {
				starts.send(due)
			}
		}
	}
	v.lasted = max(lasts, time.Since(begun))
	after, err := cpuOf(g.pid())
	v.cpu = max(after-before, tick)
	v.starts, v.workers = starts.end(), workers.end()
	return v, err
}

func (g *gun) startNow(int64) ([]byte, error) { return g.start, nil }

// work completes a Task, of the first ones that wait, or keeps one alive.
func (g *gun) work(n int64) ([]byte, error) {
	if n%16 == 0 {
		if i := g.next.Add(1) - 1; i < int64(len(g.tokens)) {
			return whole(g.control, "SendTaskSuccess", `{"taskToken":"`+g.tokens[i]+`","output":"{}"}`)
		}
	}
	return g.beats[n%int64(len(g.beats))], nil
}

// pool are the connections of one kind of client.
type pool struct {
	due    chan time.Time
	all    hits
	serial atomic.Int64
	wg     sync.WaitGroup
	mu     sync.Mutex
}

func newPool(g *gun, conns int, next func(*gun, int64) ([]byte, error)) *pool {
	p := &pool{due: make(chan time.Time, conns/8)}
	for range conns {
		p.wg.Go(func() {
			c := &client{host: g.control}
			defer c.close()
			var mine hits
			for due := range p.due {
				p.one(c, due, next, g, &mine)
			}
			p.mu.Lock()
			p.all.add(&mine)
			p.mu.Unlock()
		})
	}
	return p
}

func (p *pool) send(due time.Time) {
	p.all.due++
	select {
	case p.due <- due:
	default:
		p.all.unsent++
	}
}

// end waits for the last answers.
func (p *pool) end() hits {
	close(p.due)
	p.wg.Wait()
	return p.all
}

func (p *pool) one(c *client, due time.Time, next func(*gun, int64) ([]byte, error), g *gun, to *hits) {
	raw, err := next(g, p.serial.Add(1))
	if err == nil && c.conn == nil {
		var conn net.Conn
		if conn, err = net.Dial("tcp", c.host); err == nil {
			c.attach(conn)
		}
	}
	if err == nil {
		_, err = c.conn.Write(raw)
	}
	if err == nil {
		_, err = c.answer()
	}
	took := time.Since(due)
	switch {
	case err == nil && took <= patience:
		to.good++
		to.took = append(to.took, took)
	case err == nil:
		to.late++
	case strings.Contains(err.Error(), "ThrottlingException"):
		to.refused++
	default:
		to.failed++
		c.close()
		c.conn = nil
	}
}
