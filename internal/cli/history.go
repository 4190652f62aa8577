package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// historyPage is how many events one request asks for.
const historyPage = 1000

// eventPage is a page of events as the control API gives it.
type eventPage struct {
	Events []json.RawMessage `json:"events"`
	Next   string            `json:"next,omitempty"`
}

// historyFlags are which events are shown, and how.
type historyFlags struct {
	most    int
	token   string
	reverse bool
	follow  bool
}

func (c *command) execHistory() *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:   "history ID",
		Short: "Show an execution's history events, as GetExecutionHistory gives them",
		Long: "history shows all events, oldest first; --max shows a page. With --follow it goes on with each new event until the\n" +
			"execution ends; -o json gives one event a line then.",
		Args: exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.most < 0:
				return usage("--max must not be negative")
			case f.follow && (f.reverse || f.most > 0 || f.token != ""):
				return usage("--follow shows all events in their order: leave --max, --token and --reverse away")
			case f.follow:
				return c.followHistory(cmd.Context(), args[0])
			}
			return c.history(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().IntVar(&f.most, "max", 0, "how many events (default all)")
	cmd.Flags().StringVar(&f.token, "token", "", "go on after the page that gave this token")
	cmd.Flags().BoolVar(&f.reverse, "reverse", false, "newest first")
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "go on with new events until the execution ends")
	return c.client(cmd)
}

// history reads page by page, and prints each page of a table as it comes.
func (c *command) history(ctx context.Context, id string, f historyFlags) error {
	p := c.progress()
	defer p.over()
	all, next, count := []json.RawMessage{}, f.token, 0
	for {
		q := url.Values{"max": {strconv.Itoa(historyPage)}}
		if f.most > 0 {
			q.Set("max", strconv.Itoa(min(historyPage, f.most-count)))
		}
		if next != "" {
			q.Set("token", next)
		}
		if f.reverse {
			q.Set("reverse", "true")
		}
		var page eventPage
		if err := c.again(ctx, "GET", executionPath(id, "/history?"+q.Encode()), nil, &page); err != nil {
			return err
		}
		p.over()
		if c.output == "json" {
			all = append(all, page.Events...)
		} else {
			c.eventRows(page.Events, count == 0, page.Next == "")
		}
		count, next = count+len(page.Events), page.Next
		if next == "" || f.most > 0 && count >= f.most {
			break
		}
		p.tell(func() string { return plural(count, "event") + " so far" })
	}
	if c.output == "json" {
		return c.printJSON(eventPage{all, next})
	}
	if next != "" {
		fmt.Fprintln(c.Err, "more: --token", next)
	}
	return nil
}

// eventRows prints a page of events: the only one as a table, one of several in
// columns that are as wide on every page.
func (c *command) eventRows(events []json.RawMessage, first, last bool) {
	head := []string{"ID", "AFTER", "TIME", "TYPE", "STATE"}
	if first && last {
		rows := [][]string{head}
		for _, raw := range events {
			rows = append(rows, historyRow(raw))
		}
		c.table(rows)
		return
	}
	line := func(r []string) {
		fmt.Fprintln(c.Out, strings.TrimRight(fmt.Sprintf("%-6s  %-6s  %-24s  %-28s  %s", r[0], r[1], r[2], r[3], r[4]), " "))
	}
	if first {
		line(head)
	}
	for _, raw := range events {
		line(historyRow(raw))
	}
}

// followHistory shows events as the server's stream gives them. One that breaks off
// is opened again behind the last event that was shown.
func (c *command) followHistory(ctx context.Context, id string) error {
	// The stream leaves out what the caller may not read, and does not say so.
	if err := c.call(ctx, "GET", executionPath(id, "/history?max=1"), nil, nil); err != nil {
		return err
	}
	last, ended, head := int64(0), false, true
	for !ended {
		err := c.stream(ctx, executionPath(id, "/events?after="+strconv.FormatInt(last, 10)), func(m message) bool {
			switch m.Event {
			case "history":
				var e struct{ ID int64 }
				if json.Unmarshal(m.Data, &e) != nil || e.ID <= last {
					return true
				}
				last = e.ID
				if c.output == "json" {
					_ = c.printLine(m.Data) // a reader that went away
				} else {
					c.eventRows([]json.RawMessage{m.Data}, head, false)
				}
				head = false
			case "status":
				var d struct{ Status string }
				ended = json.Unmarshal(m.Data, &d) == nil && d.Status != "" && d.Status != "RUNNING"
			}
			return !ended
		})
		var f *failure
		if errors.As(err, &f) && !errors.Is(err, io.EOF) {
			return err
		}
		if ctx.Err() != nil {
			return c.broken(ctx, ctx.Err())
		}
		if !ended {
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
	return nil
}
