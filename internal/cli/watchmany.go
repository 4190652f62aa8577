package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

// mostWatched is how many executions are watched at once: each has a stream.
const mostWatched = 64

// news is one change of one of several executions.
type news struct {
	row int
	message
	turn
	// Of the end: the execution, as it came and read, or why it cannot be followed.
	raw  json.RawMessage
	e    execution
	err  error
	over bool
}

// watchMany follows several executions until all of them have ended.
func (c *command) watchMany(ctx context.Context, ids []string, f *filter) error {
	rows, err := c.watched(ctx, ids, f)
	if err != nil || len(rows) == 0 {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := make(chan news)
	var streams sync.WaitGroup
	for i, e := range rows {
		streams.Go(func() {
			seen := map[string]string{}
			raw, e, err := c.untilEnd(ctx, e.ARN, func(m message) bool {
				t, show, more := turnOf(m, seen)
				if show {
					all <- news{row: i, message: m, turn: t}
				}
				return more
			})
			all <- news{row: i, raw: raw, e: e, err: err, over: true}
		})
	}
	go func() { streams.Wait(); close(all) }()
	table := c.liveTable(rows)
	bad := 0
	for n := range all {
		if n.over && n.e.Status != "SUCCEEDED" {
			bad++
		}
		if table != nil {
			table.take(n)
		} else {
			c.newsLine(rows[n.row], n)
		}
	}
	if bad > 0 {
		return &failure{exitFailed, fmt.Sprintf("%d of %s did not succeed", bad, plural(len(rows), "execution"))}
	}
	return nil
}

// watched finds the executions: those named, else the newest that run and match.
func (c *command) watched(ctx context.Context, ids []string, f *filter) (rows []execution, err error) {
	if len(ids) > mostWatched {
		return nil, usage("watch follows up to %d executions at once", mostWatched)
	}
	for _, id := range ids {
		var e execution
		if err := c.call(ctx, "GET", executionPath(id, ""), nil, &e); err != nil {
			return nil, err
		}
		rows = append(rows, e)
	}
	if len(ids) > 0 {
		return rows, nil
	}
	if f.status != "" && !strings.EqualFold(f.status, "RUNNING") {
		return nil, usage("watch follows executions that run: leave --status away")
	}
	q, err := f.query(time.Now())
	if err != nil {
		return nil, err
	}
	q.Set("status", "RUNNING")
	more := false
	err = c.each(ctx, q, mostWatched+1, func(e execution) bool {
		if more = len(rows) == mostWatched; more {
			return false
		}
		rows = append(rows, e)
		return true
	})
	switch {
	case err != nil:
	case len(rows) == 0:
		fmt.Fprintln(c.Err, "nothing runs that matches")
	case more:
		fmt.Fprintf(c.Err, "more match: the newest %d are followed\n", mostWatched)
	}
	return rows, err
}

// newsLine prints one change: the last line of an execution has its status.
func (c *command) newsLine(e execution, n news) {
	if c.output == "json" {
		line := struct {
			ID string `json:"id"`
			message
		}{e.ID, n.message}
		if n.over && n.err == nil {
			line.message = message{"execution", n.raw}
		} else if n.over {
			text, _ := json.Marshal(map[string]string{"message": oneLine(n.err.Error())})
			line.message = message{"error", text}
		}
		_ = c.printLine(line) // a reader that went away
		return
	}
	switch {
	case n.over && n.err != nil:
		fmt.Fprintf(c.Err, "%s: %s\n", e.ID, oneLine(n.err.Error()))
	case n.over:
		fmt.Fprintf(c.Out, "%-20s %s\n", e.ID, n.e.Status)
	case n.Event == "state":
		fmt.Fprintf(c.Out, "%-20s %-20s %s\n", e.ID, n.turn.State, n.Class)
	}
}

// liveTable is a table that is drawn anew at each change; nil where stdout is no
// terminal, or one with too few lines.
type liveTable struct {
	c       *command
	rows    []execution
	columns int
	drawn   bool
}

func (c *command) liveTable(rows []execution) *liveTable {
	columns, lines, ok := c.terminal(c.Out)
	if !ok || c.output == "json" || lines < len(rows)+2 {
		return nil
	}
	t := &liveTable{c: c, rows: rows, columns: columns}
	t.draw()
	return t
}

func (t *liveTable) take(n news) {
	e := &t.rows[n.row]
	switch {
	case n.over && n.err != nil:
		e.Status, e.State = "?", oneLine(n.err.Error())
	case n.over:
		e.Status, e.State, e.Stop = n.e.Status, "", n.e.Stop
		e.Error = n.e.Error
	case n.Event == "status":
		e.Status, e.State = n.Status, n.turn.State
	default:
		return // a branch's state changes nothing in the table
	}
	t.draw()
}

// draw writes the table over the one before.
func (t *liveTable) draw() {
	var b strings.Builder
	if t.drawn {
		fmt.Fprintf(&b, "\x1b[%dA", len(t.rows)+1)
	}
	t.drawn = true
	for _, line := range t.lines() {
		b.WriteString("\r\x1b[K" + fitted(line, t.columns-1) + "\n")
	}
	_, _ = t.c.Out.Write([]byte(b.String())) // a terminal that went away
}

func (t *liveTable) lines() []string {
	cells := [][]string{{"ID", "STATE MACHINE", "STATUS", "STATE", "START"}}
	for _, e := range t.rows {
		what := e.State
		if e.ended() && e.Error != nil {
			what = *e.Error
		}
		cells = append(cells, []string{e.ID, e.StateMachine, e.Status, what, utc(e.Start)})
	}
	return columnsOf(cells)
}
