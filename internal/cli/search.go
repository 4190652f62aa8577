package cli

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stile/internal/config"
)

// searchQuery adds the bounds of time and the fields of a list to its query.
func searchQuery(q url.Values, fields []string, from, to string, now time.Time) error {
	for _, bound := range [][2]string{{"from", from}, {"to", to}} {
		if bound[1] == "" {
			continue
		}
		at, err := moment(bound[1], now)
		if err != nil {
			return &failure{exitUsage, "--" + bound[0] + ": " + err.Error()}
		}
		q.Set(bound[0], at.UTC().Format(time.RFC3339Nano))
	}
	for _, f := range fields {
		if name, _, ok := strings.Cut(f, "="); !ok || name == "" {
			return &failure{exitUsage, "--field: write NAME=VALUE, such as sku=sku-1"}
		}
		q.Add("field", f)
	}
	return nil
}

// moment reads a time, or how long ago it was.
func moment(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, nil
	}
	if age, ok := config.ParseAge(text); ok {
		return now.Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("%q is neither a time such as 2026-03-04T12:00:00Z nor an age such as 2h or 7d", text)
}

func (c *command) execDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete ID",
		Short: "Delete an execution that has ended, for good",
		Long: "delete removes the execution with its history and its Map Runs' children; its name is free then.\n" +
			"An execution that runs is refused: stop it first.",
		Args: exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.call(cmd.Context(), "DELETE", executionPath(args[0], ""), nil, nil); err != nil {
				return err
			}
			if c.output == "json" {
				return c.printJSON(map[string]string{"id": args[0], "status": "DELETED"})
			}
			fmt.Fprintln(c.Out, args[0], "DELETED")
			return nil
		},
	}
	return c.client(cmd)
}
