package cli

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// filter is which executions a command is about.
type filter struct {
	machine, status, fares, from, to string
	fields                           []string
}

// listPage is a page of executions as the control API gives it.
type listPage struct {
	Executions []execution `json:"executions"`
	Next       string      `json:"next,omitempty"`
}

func (f *filter) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.machine, "state-machine", "", "executions of this state machine alone")
	cmd.Flags().StringVar(&f.status, "status", "", "RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED")
	cmd.Flags().StringVar(&f.fares, "health", "", "open executions that are healthy, waiting, retrying, throttled, stuck or needs-action")
	cmd.Flags().StringVar(&f.from, "from", "", "executions that started then or later: a time (RFC 3339) or an age such as 2h or 7d")
	cmd.Flags().StringVar(&f.to, "to", "", "executions that started before: a time (RFC 3339) or an age such as 2h or 7d")
	cmd.Flags().StringArrayVar(&f.fields, "field", nil, "executions whose indexed field has the value: NAME=VALUE, with --state-machine; may be repeated")
}

// given says whether anything narrows the executions.
func (f *filter) given() bool {
	return f.machine+f.status+f.fares+f.from+f.to != "" || len(f.fields) > 0
}

// query is the filter as the list of executions takes it; ages count from now.
func (f *filter) query(now time.Time) (url.Values, error) {
	q := url.Values{}
	for name, value := range map[string]string{"stateMachine": f.machine, "status": strings.ToUpper(f.status), "health": strings.ToLower(f.fares)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q, searchQuery(q, f.fields, f.from, f.to, now)
}

// each lists page by page and calls do with each execution until it gives false.
func (c *command) each(ctx context.Context, q url.Values, size int, do func(execution) bool) error {
	q.Set("max", strconv.Itoa(size))
	q.Del("token")
	for {
		var page listPage
		if err := c.again(ctx, "GET", "/executions?"+q.Encode(), nil, &page); err != nil {
			return err
		}
		for _, e := range page.Executions {
			if !do(e) {
				return nil
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Set("token", page.Next)
	}
}
