package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

// auditRecord is one record as the control API gives it; Seq is nil for a call of
// a state, which its execution's own journal keeps.
type auditRecord struct {
	Seq      *uint64 `json:"seq"`
	Time     string  `json:"time"`
	Actor    string  `json:"actor"`
	Via      string  `json:"via"`
	Action   string  `json:"action"`
	Resource string  `json:"resource"`
	Decision string  `json:"decision"`
	Role     string  `json:"role"`
	Verdict  *struct {
		Reason string `json:"reason"`
	} `json:"verdict"`
}

func (c *command) audit() *cobra.Command {
	var from uint64
	var most int
	var actor, action, execution string
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show who changed what, oldest first",
		Long: "audit prints the newest records of the audit, or those from --from on. --actor and --action take a\n" +
			"star at their end. --execution adds what the execution's states called.",
		Example: "  stile audit --action 'states:*' --max 20\n  stile audit --execution order-17 -o jsonl",
		Args:    noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"max": {strconv.Itoa(most)}}
			for name, value := range map[string]string{"actor": actor, "action": action, "execution": execution} {
				if value != "" {
					q.Set(name, value)
				}
			}
			if from > 0 {
				q.Set("from", strconv.FormatUint(from, 10))
			}
			if c.output == "jsonl" {
				return c.auditLines(cmd, q)
			}
			var page struct {
				Records []auditRecord `json:"records"`
				Next    *uint64       `json:"next"`
			}
			return c.show(cmd, "/audit?"+q.Encode(), &page, func() {
				rows := [][]string{{"SEQ", "TIME", "ACTOR", "VIA", "ACTION", "RESOURCE", "DECISION", "DECIDED BY"}}
				for _, r := range page.Records {
					rows = append(rows, r.row())
				}
				c.table(rows)
				if page.Next != nil {
					fmt.Fprintln(c.Err, "more: --from", *page.Next)
				}
			})
		},
	}
	cmd.Flags().Uint64Var(&from, "from", 0, "records from this number on (without it: the newest)")
	cmd.Flags().IntVar(&most, "max", 50, "how many")
	cmd.Flags().StringVar(&actor, "actor", "", "records of this actor alone, such as user:ID, key:ID or files")
	cmd.Flags().StringVar(&action, "action", "", "records of this action alone, such as states:StopExecution")
	cmd.Flags().StringVar(&execution, "execution", "", "what was done to this execution, and what its states called")
	cmd.AddCommand(c.auditVerify())
	return c.records(cmd)
}

// records adds the flags of a client command that prints lines of JSON too.
func (c *command) records(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&c.server, "server", "", "control address of the server (STILE_SERVER, else 127.0.0.1:7400)")
	c.format(cmd, "text", "json", "jsonl")
	return cmd
}

// auditLines prints one record a line, byte for byte as it is hashed.
func (c *command) auditLines(cmd *cobra.Command, q url.Values) error {
	var page struct {
		Records []json.RawMessage `json:"records"`
	}
	if err := c.call(cmd.Context(), "GET", "/audit?"+q.Encode(), nil, &page); err != nil {
		return err
	}
	out := bufio.NewWriter(c.Out)
	for _, r := range page.Records {
		_, _ = out.Write(append(r, '\n')) // Flush has the error
	}
	return out.Flush()
}

func (r auditRecord) row() []string {
	seq, why := "-", r.Role
	if r.Seq != nil {
		seq = strconv.FormatUint(*r.Seq, 10)
	}
	if r.Verdict != nil && why == "" {
		why = r.Verdict.Reason
	}
	return []string{seq, utc(r.Time), r.Actor, r.Via, r.Action, r.Resource, r.Decision, why}
}

func (c *command) auditVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that no record of the audit was changed or removed",
		Long: "verify reads the whole record on the server and checks that each entry holds the hash of the one\n" +
			"before it. It prints the last hash: kept elsewhere, it shows later whether the end was cut off.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Records uint64 `json:"records"`
				First   uint64 `json:"first,omitempty"`
				Holds   bool   `json:"holds"`
				Hash    string `json:"hash,omitempty"`
				Fault   string `json:"fault,omitempty"`
			}
			if err := c.call(cmd.Context(), "GET", "/audit/verify", nil, &v); err != nil {
				return err
			}
			if c.output == "json" {
				if err := c.printJSON(v); err != nil {
					return err
				}
			} else if v.Holds {
				from := ""
				if v.First > 1 { // retention dropped older ones
					from = fmt.Sprintf(", from number %d on", v.First)
				}
				fmt.Fprintf(c.Out, "%d records hold%s, the last hash is %s\n", v.Records, from, v.Hash)
			}
			if !v.Holds {
				return &failure{exitFailed, v.Fault}
			}
			return nil
		},
	}
	return c.client(cmd)
}
