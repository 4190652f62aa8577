package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// execution is one execution as the control API gives it. Documents are kept as
// they came.
type execution struct {
	ID           string          `json:"id"`
	ARN          string          `json:"arn"`
	StateMachine string          `json:"stateMachine"`
	Status       string          `json:"status"`
	State        string          `json:"state"`
	Waiting      string          `json:"waiting"`
	Health       *health         `json:"health,omitempty"`
	Start        string          `json:"start"`
	Stop         string          `json:"stop"`
	Trace        string          `json:"trace"`
	Quarantine   string          `json:"quarantine,omitempty"`
	ForkedFrom   string          `json:"forkedFrom,omitempty"`
	ForkedAt     string          `json:"forkedAt,omitempty"`
	Input        json.RawMessage `json:"input,omitempty"`
	Output       json.RawMessage `json:"output,omitempty"`
	Error        *string         `json:"error,omitempty"`
	Cause        *string         `json:"cause,omitempty"`
}

// health is how an open execution fares.
type health struct {
	Status string `json:"status"`
	State  string `json:"state"`
	Reason string `json:"reason"`
	Since  string `json:"since"`
	Until  string `json:"until"`
}

// fares is the health's status, empty for an execution that has ended.
func (e execution) fares() string {
	if e.Health == nil {
		return ""
	}
	return e.Health.Status
}

func (e execution) ended() bool { return e.Status != "" && e.Status != "RUNNING" }

func (c *command) exec() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exec",
		Short: "Look at executions, and stop, redrive, fork and compare them",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.execList(), c.execShow(), c.execHistory(), c.execWatch(), c.execWhy(), c.execStop(), c.execRedrive(), c.execDelete(),
		c.execFork(), c.execDiff(), c.execBulk())
	return cmd
}

func (c *command) execList() *cobra.Command {
	var f filter
	var token string
	var most int
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List executions, newest first",
		Example: "  stile exec list --status RUNNING\n  stile exec list --state-machine order --field sku=sku-1 --from 7d",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := f.query(time.Now())
			if err != nil {
				return err
			}
			q.Set("max", strconv.Itoa(most))
			if token != "" {
				q.Set("token", token)
			}
			var page listPage
			return c.show(cmd, "/executions?"+q.Encode(), &page, func() {
				rows := [][]string{{"ID", "STATE MACHINE", "STATUS", "HEALTH", "STATE", "WAITING", "START"}}
				for _, e := range page.Executions {
					rows = append(rows, []string{e.ID, e.StateMachine, e.Status, e.fares(), e.State, e.Waiting, utc(e.Start)})
				}
				c.table(rows)
				if page.Next != "" {
					fmt.Fprintln(c.Err, "more: --token", page.Next)
				}
			})
		},
	}
	f.flags(cmd)
	cmd.Flags().IntVar(&most, "max", 20, "how many")
	cmd.Flags().StringVar(&token, "token", "", "go on after the page that gave this token")
	return c.client(cmd)
}

func (c *command) execStop() *cobra.Command {
	var name, cause string
	cmd := &cobra.Command{
		Use:   "stop ID",
		Short: "Stop a running execution",
		Args:  exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := map[string]string{"error": name, "cause": cause}
			if err := c.call(cmd.Context(), "POST", executionPath(args[0], "/stop"), in, nil); err != nil {
				return err
			}
			if c.output == "json" {
				return c.printJSON(map[string]string{"id": args[0], "status": "ABORTED"})
			}
			fmt.Fprintln(c.Out, args[0], "ABORTED")
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "error", "", "error name to record")
	cmd.Flags().StringVar(&cause, "cause", "", "cause to record")
	return c.client(cmd)
}

// show gets a path into page and prints it: the answer itself under -o json, else
// by text.
func (c *command) show(cmd *cobra.Command, path string, page any, text func()) error {
	var raw json.RawMessage
	if err := c.call(cmd.Context(), "GET", path, nil, &raw); err != nil {
		return err
	}
	if c.output == "json" {
		return c.printJSON(raw)
	}
	if err := json.Unmarshal(raw, page); err != nil {
		return unreadable(err)
	}
	text()
	return nil
}

func unreadable(err error) error { return fmt.Errorf("the server's answer cannot be read: %w", err) }

func executionPath(id, rest string) string { return "/executions/" + url.PathEscape(id) + rest }

// historyRow picks what a table can show of an event in AWS's shape.
func historyRow(raw json.RawMessage) []string {
	var e struct {
		ID       int64                 `json:"id"`
		Previous int64                 `json:"previousEventId"`
		Time     json.RawMessage       `json:"timestamp"`
		Type     string                `json:"type"`
		Entered  struct{ Name string } `json:"stateEnteredEventDetails"`
		Exited   struct{ Name string } `json:"stateExitedEventDetails"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return []string{"?", "", "", string(raw)}
	}
	return []string{
		strconv.FormatInt(e.ID, 10), strconv.FormatInt(e.Previous, 10),
		stamp(e.Time), e.Type, e.Entered.Name + e.Exited.Name,
	}
}

// stamp reads a time as AWS's JSON has it (seconds since 1970) or as RFC 3339.
func stamp(raw json.RawMessage) string {
	var seconds float64
	if json.Unmarshal(raw, &seconds) == nil {
		return time.UnixMilli(int64(seconds * 1000)).UTC().Format(clock)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return utc(text)
	}
	return ""
}

// clock is how every command writes a time: in UTC, as the page and the log do.
const clock = "2006-01-02 15:04:05.000Z"

// utc gives an RFC 3339 time in UTC; other text stays as it is.
func utc(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.UTC().Format(clock)
}

// table prints rows in columns; the first is the header.
func (c *command) table(rows [][]string) {
	for _, line := range columnsOf(rows) {
		fmt.Fprintln(c.Out, line)
	}
}

// columnsOf sets rows in columns, a line each.
func columnsOf(rows [][]string) (lines []string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&line, "%-*s  ", widths[i], cell)
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}
