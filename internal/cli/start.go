package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (c *command) start() *cobra.Command {
	var input, name string
	var wait bool
	var limit time.Duration
	cmd := &cobra.Command{
		Use:     "start STATE-MACHINE",
		Aliases: []string{"run"},
		Short:   "Start an execution",
		Long: "start prints the new execution's id. With --wait it follows it to its end, and exits with 1 where it did not succeed.\n" +
			"NAME#CASE starts a test case of the mock file: its Tasks get the answers that stand there (dev alone).",
		Example: "  stile start order --input order.json\n" +
			"  stile start order --input '{\"sku\":\"sku-1\",\"quantity\":2,\"amount\":120}' --wait\n" +
			"  stile start order#Declined --wait",
		Args: exactly("STATE-MACHINE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, err := c.document("--input", input)
			if err != nil {
				return err
			}
			in := struct {
				StateMachine string          `json:"stateMachine"`
				Name         string          `json:"name,omitempty"`
				Input        json.RawMessage `json:"input"`
			}{args[0], name, document}
			ctx := cmd.Context()
			if limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, limit)
				defer cancel()
			}
			return c.begin(ctx, in, wait)
		},
	}
	cmd.Flags().StringVar(&input, "input", "{}", "the input: JSON, a file, or - for stdin")
	cmd.Flags().StringVar(&name, "name", "", "the execution's name (default a new UUID)")
	cmd.Flags().BoolVar(&wait, "wait", false, "follow the execution to its end")
	cmd.Flags().DurationVar(&limit, "timeout", 0, "how long to wait at most, such as 30s; 0 for ever")
	return c.client(cmd)
}

func (c *command) begin(ctx context.Context, in any, wait bool) error {
	return c.beginAt(ctx, "/executions", in, wait)
}

// beginAt starts an execution by a POST on a path.
func (c *command) beginAt(ctx context.Context, path string, in any, wait bool) error {
	var raw json.RawMessage
	if err := c.call(ctx, "POST", path, in, &raw); err != nil {
		return err
	}
	var started struct{ ID string }
	if err := json.Unmarshal(raw, &started); err != nil {
		return unreadable(err)
	}
	if wait {
		fmt.Fprintln(c.Err, "started", started.ID)
		err := c.follow(ctx, started.ID, c.Err)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return &failure{exitTimeout, started.ID + " did not end within --timeout and goes on; follow it with `stile exec watch " + started.ID + "`"}
		}
		return err
	}
	if c.output == "json" {
		return c.printJSON(raw)
	}
	fmt.Fprintln(c.Out, started.ID)
	return nil
}

// document reads a JSON document from a flag, named for messages: its text, a
// file's, or stdin's.
func (c *command) document(name, flag string) (json.RawMessage, error) {
	text := []byte(flag)
	from := name
	switch {
	case flag == "-":
		var err error
		if text, err = io.ReadAll(c.In); err != nil {
			return nil, err
		}
		from = "stdin"
	case !strings.HasPrefix(strings.TrimSpace(flag), "{") && !strings.HasPrefix(strings.TrimSpace(flag), "[") && !json.Valid(text):
		var err error
		if text, err = os.ReadFile(flag); err != nil {
			return nil, usage("%s is neither JSON nor a file that can be read: %v", name, err)
		}
		from = flag
	}
	var probe any
	if err := json.Unmarshal(text, &probe); err != nil {
		return nil, usage("%s is not JSON: %v", from, err)
	}
	return text, nil
}
