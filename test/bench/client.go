package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"stile/internal/sigv4"
)

// client is one connection to the control listener. It writes its requests itself,
// so that the driver leaves the cores to the server.
type client struct {
	host string
	mu   sync.Mutex // guards conn against close
	conn net.Conn
	r    *bufio.Reader
	out  bytes.Buffer
}

// call sends one signed action and gives the answer's body, which is valid until
// the next call.
func (c *client) call(action, body string) ([]byte, error) {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.host)
		if err != nil {
			return nil, err
		}
		c.attach(conn)
	}
	req, err := signed(c.host, action, body)
	if err != nil {
		return nil, err
	}
	c.out.Reset()
	fmt.Fprintf(&c.out, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", c.host, len(body))
	if err := req.Header.Write(&c.out); err != nil {
		return nil, err
	}
	c.out.WriteString("\r\n")
	c.out.WriteString(body)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return nil, err
	}
	return c.answer()
}

func (c *client) attach(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn, c.r = conn, bufio.NewReaderSize(conn, 32<<10)
}

// signed is the request of an AWS client.
func signed(host, action, body string) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, "http://"+host+"/", http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
	sigv4.Sign(req, []byte(body), accessID, accessSecret, time.Now(), sigv4.Options{Service: "states", Region: "us-east-1"})
	return req, nil
}

// close cuts a call that waits; another goroutine may do it.
func (c *client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		_ = c.conn.Close()
	}
}

func (c *client) answer() ([]byte, error) {
	status, length := 0, -1
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if len(line) <= 2 {
			break
		}
		if status == 0 {
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return nil, err
			}
			continue
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, fmt.Errorf("an answer without a length (%d)", status)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(c.r, body); err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%d %s", status, body)
	}
	return body, nil
}

// start starts an execution and gives its ARN.
func (c *client) start(machine, name, input string) (string, error) {
	var in struct {
		StateMachineArn string `json:"stateMachineArn"`
		Name            string `json:"name"`
		Input           string `json:"input"`
	}
	in.StateMachineArn, in.Name, in.Input = arnOf(machine), name, input
	body, err := json.Marshal(in)
	if err != nil {
		return "", err
	}
	raw, err := c.call("StartExecution", string(body))
	if err != nil {
		return "", err
	}
	var out struct {
		ExecutionArn string `json:"executionArn"`
	}
	return out.ExecutionArn, json.Unmarshal(raw, &out)
}

func arnOf(machine string) string {
	return "arn:aws:states:us-east-1:111111111111:stateMachine:" + machine
}

// succeeded counts the executions of a machine that ended well, page by page.
func (c *client) succeeded(machine string) (n int, err error) {
	token := ""
	for {
		body, err := json.Marshal(map[string]any{"stateMachineArn": arnOf(machine), "statusFilter": "SUCCEEDED", "maxResults": 1000})
		if token != "" {
			body, err = json.Marshal(map[string]any{"stateMachineArn": arnOf(machine), "statusFilter": "SUCCEEDED", "maxResults": 1000, "nextToken": token})
		}
		if err != nil {
			return 0, err
		}
		raw, err := c.call("ListExecutions", string(body))
		if err != nil {
			return 0, err
		}
		var page struct {
			Executions []json.RawMessage `json:"executions"`
			NextToken  string            `json:"nextToken"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return 0, err
		}
		if n += len(page.Executions); page.NextToken == "" {
			return n, nil
		}
		token = page.NextToken
	}
}
