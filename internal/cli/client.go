package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// defaultServer is where a server listens unless told otherwise.
const defaultServer = "127.0.0.1:7400"

// answerLimit is how long one request may take; a stream has no limit.
const answerLimit = 30 * time.Second

// address is the server's URL without trailing slash: --server, STILE_SERVER, the
// default, in this order.
func (c *command) address() (string, error) {
	s := c.server
	if s == "" {
		s = c.Env("STILE_SERVER")
	}
	if s == "" {
		s = defaultServer
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", usage("--server %s is not HOST:PORT or a URL", s)
	}
	return strings.TrimRight(s, "/"), nil
}

// call sends one request to the control API and decodes the answer into out,
// unless out is nil.
func (c *command) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	body, err := c.open(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return c.broken(ctx, err)
	}
	return nil
}

// open sends one request and gives the body of a good answer; the caller closes it.
func (c *command) open(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	base, err := c.address()
	if err != nil {
		return nil, err
	}
	var body io.Reader
	var text []byte
	if in != nil {
		if text, err = json.Marshal(in); err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, base+"/-/v1"+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.send(ctx, req, base, text)
	if f := (*failure)(nil); errors.As(err, &f) {
		return nil, f
	}
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, refused(resp)
	}
	return resp.Body, nil
}

// broken is the failure of a server that does not answer, or not to the end.
func (c *command) broken(ctx context.Context, err error) error {
	base, _ := c.address()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &failure{exitTimeout, base + " did not answer in time"}
	case ctx.Err() != nil:
		return &failure{code: exitInterrupted}
	}
	var op *url.Error
	if errors.As(err, &op) {
		err = op.Err
	}
	return &failure{exitUnreachable, fmt.Sprintf("no server at %s (%v); start one with `stile dev`, or name it with --server", base, err)}
}

// refused turns an error answer into a failure.
func refused(resp *http.Response) error {
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var answer struct {
		Error struct{ Code, Message string }
	}
	text := fmt.Sprintf("%s answered %s, not as a server of Stile does; name its control address with --server", resp.Request.URL.Host, resp.Status)
	if json.Unmarshal(raw, &answer) == nil && answer.Error.Message != "" {
		text = answer.Error.Message
		if answer.Error.Code != "" {
			text += " [" + answer.Error.Code + "]"
		}
	}
	bearer := strings.HasPrefix(resp.Request.Header.Get("Authorization"), "Bearer ")
	if resp.StatusCode == http.StatusUnauthorized && answer.Error.Code == "Unauthorized" && bearer && !strings.Contains(text, "`stile login`") {
		text += "; log in with `stile login`"
	}
	return &refusal{&failure{exitOf(resp.StatusCode), text}, resp.StatusCode, answer.Error.Code, retryAfter(resp.Header)}
}

func exitOf(status int) int {
	switch status {
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitRefused
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusGone:
		return exitConflict
	case http.StatusServiceUnavailable, http.StatusBadGateway:
		return exitUnreachable
	}
	return exitFailed
}
