package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// bulkLine is what became of one execution, as -o json prints it.
type bulkLine struct {
	ID           string `json:"id"`
	ARN          string `json:"arn,omitempty"`
	StateMachine string `json:"stateMachine,omitempty"`
	// Result is done, failed, skipped or, of a plan, planned; empty: it does not match.
	Result string `json:"result"`
	Error  string `json:"error,omitempty"`
	// fatal is what ends it all: no server answers, or nobody is logged in.
	fatal error
}

// work does the action to all that match, b.wide at once.
func (b *bulk) work(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs, results := make(chan execution), make(chan bulkLine)
	var found atomic.Int64
	var listed atomic.Bool
	var listing error
	go func() {
		defer close(jobs)
		listing = b.candidates(ctx, func(e execution) bool {
			select {
			case jobs <- e:
				found.Add(1)
				return true
			case <-ctx.Done():
				return false
			}
		})
		listed.Store(true)
	}()
	var workers sync.WaitGroup
	for range b.wide {
		workers.Go(func() {
			for e := range jobs {
				results <- b.one(ctx, e)
			}
		})
	}
	go func() { workers.Wait(); close(results) }()
	count, seen := map[string]int{}, 0
	text := func() string {
		return fmt.Sprintf("done %d  failed %d  skipped %d", count["done"], count["failed"], count["skipped"])
	}
	p := b.c.progress()
	var fatal error
	for r := range results {
		seen++
		if r.fatal != nil && fatal == nil {
			fatal = r.fatal
			cancel() // the rest would fail like it
		}
		if r.Result != "" {
			count[r.Result]++
			b.tell(p, r)
		}
		p.tell(func() string {
			if listed.Load() {
				return bar(seen, int(found.Load())) + "  " + text()
			}
			return text()
		})
	}
	p.over()
	if fatal == nil && ctx.Err() == nil {
		fatal = listing
	}
	return b.result(ctx, fatal, count, text())
}

// tell prints what became of one execution.
func (b *bulk) tell(p *progress, r bulkLine) {
	if b.c.output == "json" {
		_ = b.c.printLine(r) // a reader that went away
	}
	if r.Result != "failed" {
		return
	}
	if b.c.output != "json" {
		p.over()
		fmt.Fprintf(b.c.Err, "%s failed: %s\n", r.ID, oneLine(r.Error))
	}
	if b.failed != nil {
		id := r.ARN
		if id == "" {
			id = r.ID
		}
		if _, err := fmt.Fprintln(b.failed, id); err != nil {
			fmt.Fprintf(b.c.Err, "--failed-to cannot be written: %v\n", err)
			b.failed = nil
		}
	}
}

// result is the last line and the exit code.
func (b *bulk) result(ctx context.Context, fatal error, count map[string]int, text string) error {
	if b.c.output != "json" {
		fmt.Fprintln(b.c.Out, b.action+": "+text)
	}
	switch {
	case fatal != nil:
		var f *failure
		if errors.As(fatal, &f) {
			return &failure{f.code, f.text + "; the same command goes on from here"}
		}
		return fatal
	case ctx.Err() != nil:
		return &failure{exitInterrupted, "interrupted after " + text + "; the same command goes on from here"}
	case count["failed"] > 0:
		return &failure{exitPartly, fmt.Sprintf("%s failed", plural(count["failed"], "execution"))}
	}
	return nil
}

// one does the action to one execution. What is under way goes on behind an
// interruption; what has not begun is not begun.
func (b *bulk) one(ctx context.Context, e execution) (r bulkLine) {
	work := context.WithoutCancel(ctx)
	e, why, err := b.matches(work, ctx, e)
	r = bulkLine{ID: e.ID, ARN: e.ARN, StateMachine: e.StateMachine}
	switch {
	case ctx.Err() != nil:
		return r
	case err != nil:
		return b.refused(r, err)
	case why != "":
		if b.file != "" {
			r.Result, r.Error = "skipped", why
		}
		return r
	}
	method, rest, in := "POST", "/"+b.action, map[string]string(nil)
	switch b.action {
	case "redrive":
		in = map[string]string{"clientToken": rand.Text()} // the same for a request that is sent again
	case "stop":
		in = map[string]string{"cause": b.cause}
	case "delete":
		method, rest = "DELETE", ""
	}
	var body any
	if in != nil {
		body = in
	}
	if err = b.c.finish(work, ctx, method, executionPath(e.ARN, rest), body, nil); err == nil {
		r.Result = "done"
		return r
	}
	return b.over(work, ctx, e, b.refused(r, err), err)
}

// refused is the result of an error: what is gone, or no longer as it was listed, is
// passed over.
func (b *bulk) refused(r bulkLine, err error) bulkLine {
	r.Result, r.Error = "failed", err.Error()
	var f *failure
	var answer *refusal
	switch {
	case errors.As(err, &answer):
		switch answer.status {
		case http.StatusNotFound, http.StatusConflict:
			r.Result = "skipped"
		case http.StatusUnauthorized:
			r.fatal = err
		}
	case errors.As(err, &f) && (f.code == exitUnreachable || f.code == exitUsage):
		r.fatal = err
	}
	return r
}

// over passes over what somebody else redrove: it cannot be redriven once more.
func (b *bulk) over(work, wait context.Context, e execution, r bulkLine, err error) bulkLine {
	var answer *refusal
	if !errors.As(err, &answer) || answer.code != "ExecutionNotRedrivable" {
		return r
	}
	var now execution
	if b.c.finish(work, wait, "GET", executionPath(e.ARN, ""), nil, &now) == nil && (now.Status == "RUNNING" || now.Status == "SUCCEEDED") {
		r.Result = "skipped"
	}
	return r
}

// matches holds an execution against what the list does not filter by, and gives it
// with its ARN. why is not empty where it does not match.
func (b *bulk) matches(ctx, wait context.Context, e execution) (execution, string, error) {
	if b.file == "" && b.errorName+b.contains == "" {
		return e, "", nil
	}
	id := e.ARN
	if id == "" {
		id = e.ID
	}
	var x execution
	if err := b.c.finish(ctx, wait, "GET", executionPath(id, ""), nil, &x); err != nil {
		return e, "", err
	}
	if b.file != "" {
		a := bulkActions[b.action]
		switch {
		case b.status != "" && x.Status != strings.ToUpper(b.status), !slices.Contains(a.may, x.Status):
			return x, "it is " + x.Status, nil
		case b.machine != "" && b.machine != x.StateMachine && !strings.HasSuffix(b.machine, ":"+x.StateMachine):
			return x, "it is of " + x.StateMachine, nil
		}
	}
	if b.errorName+b.contains == "" {
		return x, "", nil
	}
	name, cause := deref(x.Error), deref(x.Cause)
	if !x.ended() {
		var err error
		if name, cause, err = b.lastError(ctx, wait, x.ARN); err != nil {
			return x, "", err
		}
	}
	if b.errorName != "" && name != b.errorName || !strings.Contains(cause, b.contains) {
		return x, "its last error is another one", nil
	}
	return x, "", nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// lastError reads the newest error in the history of an execution that runs.
func (b *bulk) lastError(ctx, wait context.Context, arn string) (name, cause string, err error) {
	var page eventPage
	if err := b.c.finish(ctx, wait, "GET", executionPath(arn, "/history?reverse=true&max=100"), nil, &page); err != nil {
		return "", "", err
	}
	for _, raw := range page.Events {
		var e map[string]json.RawMessage
		if json.Unmarshal(raw, &e) != nil {
			continue
		}
		for member, details := range e {
			var d struct{ Error, Cause string }
			if strings.HasSuffix(member, "EventDetails") && json.Unmarshal(details, &d) == nil && d.Error != "" {
				return d.Error, d.Cause, nil
			}
		}
	}
	return "", "", nil
}
