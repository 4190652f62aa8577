package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func (c *command) execRedrive() *cobra.Command {
	var token string
	cmd := &cobra.Command{
		Use:   "redrive ID",
		Short: "Let an execution that failed, timed out or was stopped go on where it was",
		Args:  exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var raw json.RawMessage
			if err := c.call(cmd.Context(), "POST", executionPath(args[0], "/redrive"), map[string]string{"clientToken": token}, &raw); err != nil {
				return err
			}
			if c.output == "json" {
				return c.printJSON(raw)
			}
			var done struct {
				Count int `json:"redriveCount"`
			}
			if err := json.Unmarshal(raw, &done); err != nil {
				return unreadable(err)
			}
			fmt.Fprintf(c.Out, "%s redriven, time %d\n", args[0], done.Count)
			return nil
		},
	}
	cmd.Flags().StringVar(&token, "client-token", "", "the same token again, within 15 minutes, redrives no second time")
	return c.client(cmd)
}
