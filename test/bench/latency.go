package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stile/internal/sigv4"
)

// syncBytes is about what one execution of an empty state machine writes to the log.
const syncBytes = 2048

// latency compares, one at a time and in turn, an fdatasync of as many bytes, an
// execution whose start is answered after its end, and one of five calls.
func (s *server) latency(o options) error {
	ends, err := s.follow()
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(o.dir, "sync"))
	if err != nil {
		return err
	}
	defer f.Close()
	c := &client{host: s.control}
	var syncs, empty, five []time.Duration
	for end := time.Now().Add(o.duration); time.Now().Before(end); {
		began := time.Now()
		if _, err := f.Write(make([]byte, syncBytes)); err != nil {
			return err
		}
		if err := datasync(f); err != nil {
			return err
		}
		syncs = append(syncs, time.Since(began))
		began = time.Now()
		if _, err := c.start("empty", fmt.Sprint("l-", serial.Add(1), "-", began.UnixNano()), payload); err != nil {
			return err
		}
		empty = append(empty, time.Since(began))
		began = time.Now()
		name := fmt.Sprint("l-", serial.Add(1), "-", began.UnixNano())
		if _, err := c.start("five", name, payload); err != nil {
			return err
		}
		if err := await(ends, name); err != nil {
			return err
		}
		five = append(five, time.Since(began))
	}
	s.total("empty", len(empty))
	s.total("five", len(five))
	for _, l := range [][]time.Duration{syncs, empty, five} {
		slices.Sort(l)
	}
	p50 := func(l []time.Duration) float64 { return quantile(l, 0.5) * 1000 }
	fmt.Printf("latency\tone at a time, %d of each\tfdatasync p50 %.0f µs\tempty p50 %.0f µs (+%.0f µs)\tfive p50 %.0f µs, p99 %.0f µs\n",
		len(syncs), p50(syncs), p50(empty), p50(empty)-p50(syncs), p50(five), quantile(five, 0.99)*1000)
	return nil
}

func await(ends <-chan string, name string) error {
	late := time.After(10 * time.Second)
	for {
		select {
		case got, ok := <-ends:
			if !ok {
				return errors.New("the stream of events broke off")
			}
			if got == name {
				return nil
			}
		case <-late:
			return errors.New("an execution did not end within ten seconds")
		}
	}
}

// follow gives the names of executions that end, as the control API streams them.
func (s *server) follow() (<-chan string, error) {
	req, err := http.NewRequest(http.MethodGet, "http://"+s.control+"/-/v1/events", http.NoBody)
	if err != nil {
		return nil, err
	}
	sigv4.Sign(req, nil, accessID, accessSecret, time.Now(), sigv4.Options{Service: "states", Region: "us-east-1"})
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the stream of events: %s", resp.Status)
	}
	ends := make(chan string, 1<<12)
	go func() {
		defer close(ends)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			var e struct{ ID, Status string }
			text, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok || json.Unmarshal([]byte(text), &e) != nil || e.Status == "" || e.Status == "RUNNING" {
				continue
			}
			ends <- e.ID
		}
	}()
	return ends, nil
}
