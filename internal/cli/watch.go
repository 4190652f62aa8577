package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (c *command) execWatch() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch ID",
		Short: "Follow an execution until it ends",
		Long:  "watch prints each change of a state and exits with 1 where the execution did not succeed.",
		Args:  exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.follow(cmd.Context(), args[0], c.Out)
		},
	}
	return c.client(cmd)
}

// follow prints the changes of an execution to w until it ends, and fails where
// it did not succeed. A stream that breaks off, as it does when this side is too
// slow, is opened again.
func (c *command) follow(ctx context.Context, id string, w io.Writer) error {
	seen := map[string]string{}
	for {
		err := c.stream(ctx, executionPath(id, "/events"), func(m message) bool { return c.change(w, m, seen) })
		if err != nil && !errors.Is(err, io.EOF) && ctx.Err() == nil {
			var f *failure
			if errors.As(err, &f) {
				return err
			}
		}
		if ctx.Err() != nil {
			return c.broken(ctx, ctx.Err())
		}
		var raw json.RawMessage
		if err := c.call(ctx, "GET", executionPath(id, ""), nil, &raw); err != nil {
			return err
		}
		var e execution
		if err := json.Unmarshal(raw, &e); err != nil {
			return unreadable(err)
		}
		if e.ended() {
			return c.end(e, raw)
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// change prints one message and reports whether more may come. seen holds the last
// class of each state, since a new stream tells all of them again.
func (c *command) change(w io.Writer, m message, seen map[string]string) bool {
	var d struct{ State, Class, Status string }
	if json.Unmarshal(m.Data, &d) != nil {
		return true // history events and others that this command does not show
	}
	switch m.Event {
	case "state":
		old, known := seen[d.State]
		seen[d.State] = d.Class
		if old == d.Class || !known && d.Class == "idle" {
			return true
		}
		if c.output != "json" {
			fmt.Fprintf(w, "%-20s %s\n", d.State, d.Class)
		}
	case "status":
		if d.Status != "" && d.Status != "RUNNING" {
			return false
		}
	default:
		return true
	}
	if c.output == "json" {
		json.NewEncoder(w).Encode(m)
	}
	return true
}

// end prints how an execution ended; raw is it as the server gave it.
func (c *command) end(e execution, raw json.RawMessage) error {
	if c.output == "json" {
		if err := c.printLine(raw); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(c.Out, strings.TrimSpace(e.Status+" "+compact(e.Output)))
	}
	if e.Status == "SUCCEEDED" {
		return nil
	}
	text := e.ID + " " + e.Status
	if e.Error != nil {
		text += ": " + *e.Error
	}
	if e.Cause != nil {
		text += ": " + *e.Cause
	}
	return &failure{exitFailed, text}
}
