package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// floors are what the bare wires cost, ms of CPU: a request of the control listener,
// and one in which the backend is called as often as a workload does, in the same way.
type floors struct {
	request float64
	with    map[string]float64 // by workload
}

// of gives what the wires of one execution cost.
func (f floors) of(w workload) float64 {
	if with, ok := f.with[w.name]; ok {
		return with + float64(w.requests-1)*f.request
	}
	return float64(w.requests) * f.request
}

// floorAnswer is as long as the answer to StartExecution.
var floorAnswer = []byte(`{"executionArn":"arn:aws:states:us-east-1:111111111111:execution:empty:n-1763860000000000000-100000","startDate":1763860000.123}`)

// floorServer is the child process: a net/http server that answers as the control
// listener does, and on /call calls the backend as net/http's client does.
func floorServer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 8192, MaxIdleConnsPerHost: 2048, DisableCompression: true}}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		// Headers name what the handler calls before it answers, how often, and whether
		// all at once.
		calls, _ := strconv.Atoi(r.Header.Get("Calls"))
		var all sync.WaitGroup
		for range calls {
			if r.Header.Get("Beside") != "" {
				all.Go(func() { callBackend(r, client) })
			} else {
				callBackend(r, client)
			}
		}
		all.Wait()
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amzn-RequestId", "9b2ad1f0-3c1c-4f0e-9c55-1f6b6d0c8d0e")
		_, _ = w.Write(floorAnswer)
	})
	_ = (&http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}).Serve(l)
}

func callBackend(r *http.Request, client *http.Client) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.Header.Get("Backend")+"/one", bytes.NewReader([]byte(payload)))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "0123456789abcdef0123456789abcdef")
	req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	resp, err := client.Do(req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

// measureFloors loads the bare wires as the workloads load the server.
func measureFloors(b *backend, o options) (f floors, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.Command(self, "floor")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return f, err
	}
	if err := cmd.Start(); err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, cmd.Process.Kill()) }()
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		return f, err
	}
	host := strings.TrimSpace(string(line[:n]))
	if f.request, err = floorLoad(cmd.Process.Pid, host, "", o); err != nil {
		return f, err
	}
	f.with = map[string]float64{}
	for _, w := range workloads() {
		if w.calls == 0 || !o.wants(w.name) {
			continue
		}
		header := fmt.Sprintf("Backend: %s\r\nCalls: %d\r\n", b.url, w.calls)
		if w.name == "many" {
			header += "Beside: yes\r\n"
		}
		if f.with[w.name], err = floorLoad(cmd.Process.Pid, host, header, o); err != nil {
			return f, err
		}
	}
	return f, nil
}

// floorLoad sends requests for a time and gives the CPU of each.
func floorLoad(pid int, host, header string, o options) (float64, error) {
	before, err := quiet(pid)
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	total, end := 0, time.Now().Add(o.duration)
	var bad error
	for range o.wide {
		wg.Go(func() {
			c := &client{host: host}
			n := 0
			for time.Now().Before(end) {
				if err := c.bare(header); err != nil {
					mu.Lock()
					bad = err
					mu.Unlock()
					return
				}
				n++
			}
			mu.Lock()
			total += n
			mu.Unlock()
		})
	}
	wg.Wait()
	after, err := quiet(pid)
	return float64(after-before) / float64(max(total, 1)) / float64(time.Millisecond), errors.Join(err, bad)
}

// bare sends what a start sends, signed once, with the header before its own.
func (c *client) bare(header string) error {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.host)
		if err != nil {
			return err
		}
		c.attach(conn)
		body := `{"stateMachineArn":"` + arnOf("empty") + `","name":"n-1763860000000000000-100000","input":` + fmt.Sprintf("%q", payload) + `}`
		req, err := signed(c.host, "StartExecution", body)
		if err != nil {
			return err
		}
		fmt.Fprintf(&c.out, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s", c.host, len(body), header)
		if err := req.Header.Write(&c.out); err != nil {
			return err
		}
		c.out.WriteString("\r\n" + body)
	}
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return err
	}
	_, err := c.answer()
	return err
}
