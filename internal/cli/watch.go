package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (c *command) execWatch() *cobra.Command {
	var f filter
	cmd := &cobra.Command{
		Use:   "watch [ID…]",
		Short: "Follow executions until they end",
		Long: "watch prints each change of a state and exits with 1 where an execution did not succeed. Without ID it follows those\n" +
			"that run now and match, the newest " + strconv.Itoa(mostWatched) + ": as a table on a terminal, else a line for each change.",
		Example: "  stile exec watch order-17\n  stile exec watch --state-machine order --health stuck",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && f.given() {
				return usage("watch follows the executions that are named, or those that match: not both")
			}
			if len(args) == 1 {
				return c.follow(cmd.Context(), args[0], c.Out)
			}
			return c.watchMany(cmd.Context(), args, &f)
		},
	}
	f.flags(cmd)
	return c.client(cmd)
}

// follow prints the changes of an execution to w until it ends, and fails where
// it did not succeed.
func (c *command) follow(ctx context.Context, id string, w io.Writer) error {
	seen := map[string]string{}
	raw, e, err := c.untilEnd(ctx, id, func(m message) bool { return c.change(w, m, seen) })
	if err != nil {
		return err
	}
	return c.end(e, raw)
}

// untilEnd gives the changes of an execution to take until it ends, and then the
// execution, as it came and read. A stream that breaks off, as it does when this side
// is too slow, is opened again.
func (c *command) untilEnd(ctx context.Context, id string, take func(message) bool) (raw json.RawMessage, e execution, err error) {
	// No change here is an event of the history: the stream leaves them out.
	path := executionPath(id, "/events?after="+strconv.FormatInt(math.MaxInt64, 10))
	for {
		err := c.stream(ctx, path, take)
		if err != nil && !errors.Is(err, io.EOF) && ctx.Err() == nil {
			var f *failure
			if errors.As(err, &f) {
				return nil, e, err
			}
		}
		if ctx.Err() != nil {
			return nil, e, c.broken(ctx, ctx.Err())
		}
		if err := c.call(ctx, "GET", executionPath(id, ""), nil, &raw); err != nil {
			return nil, e, err
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, e, unreadable(err)
		}
		if e.ended() {
			return raw, e, nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// turn is what one message of an execution's stream says.
type turn struct{ State, Class, Status string }

// turnOf reads a message: show says that it is news, more that others may come. seen
// holds the last class of each state, since a new stream tells all of them again.
func turnOf(m message, seen map[string]string) (t turn, show, more bool) {
	if json.Unmarshal(m.Data, &t) != nil {
		return t, false, true // others that no command shows
	}
	switch m.Event {
	case "state":
		old, known := seen[t.State]
		seen[t.State] = t.Class
		return t, old != t.Class && (known || t.Class != "idle"), true
	case "status":
		running := t.Status == "" || t.Status == "RUNNING"
		return t, running, running
	}
	return t, false, true
}

// change prints one message and reports whether more may come.
func (c *command) change(w io.Writer, m message, seen map[string]string) bool {
	t, show, more := turnOf(m, seen)
	switch {
	case !show:
	case c.output == "json":
		json.NewEncoder(w).Encode(m)
	case m.Event == "state":
		fmt.Fprintf(w, "%-20s %s\n", t.State, t.Class)
	}
	return more
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
