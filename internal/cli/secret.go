package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// secretPage is the answer of /-/v1/secrets; it holds no value.
type secretPage struct {
	Secrets []struct {
		Ref     string   `json:"ref"`
		Status  string   `json:"status"`
		Fetched string   `json:"fetched"`
		Age     *int64   `json:"age"` // seconds
		Error   string   `json:"error"`
		UsedBy  []string `json:"usedBy"`
	} `json:"secrets"`
}

func (c *command) secret() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "See how the secrets that a project refers to stand",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.secretList(), c.secretRefresh())
	return cmd
}

func (c *command) secretList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List every reference with its status, age and users",
		Long: "list shows each reference, whether its value is fresh, stale (the last fetch failed and the last good\n" +
			"value serves), expired, missing or unread (nothing has asked for it yet), and what uses it. No value is shown.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var page secretPage
			return c.show(cmd, "/secrets", &page, func() { c.secretTable(page) })
		},
	}
	return c.client(cmd)
}

func (c *command) secretRefresh() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Ask all sources now",
		Long: "refresh fetches every reference of the project, those that name a version aside, and shows how they\n" +
			"stand afterwards. Its exit code is 1 where one has no value that may be used.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var raw json.RawMessage
			if err := c.call(cmd.Context(), "POST", "/secrets/refresh", map[string]any{}, &raw); err != nil {
				return err
			}
			var page secretPage
			if err := json.Unmarshal(raw, &page); err != nil {
				return unreadable(err)
			}
			if c.output == "json" {
				if err := c.printJSON(raw); err != nil {
					return err
				}
			} else {
				c.secretTable(page)
			}
			for _, s := range page.Secrets {
				if s.Status == "missing" || s.Status == "expired" {
					return &failure{exitFailed, s.Ref + " has no value that may be used: " + s.Error}
				}
			}
			return nil
		},
	}
	return c.client(cmd)
}

func (c *command) secretTable(page secretPage) {
	rows := [][]string{{"REFERENCE", "STATUS", "FETCHED", "AGE", "USED BY", "LAST ERROR"}}
	for _, s := range page.Secrets {
		age := "-"
		if s.Age != nil {
			age = (time.Duration(*s.Age) * time.Second).String()
		}
		fetched := "-"
		if s.Fetched != "" {
			fetched = utc(s.Fetched)
		}
		rows = append(rows, []string{s.Ref, s.Status, fetched, age, strings.Join(s.UsedBy, ", "), s.Error})
	}
	if len(rows) == 1 {
		fmt.Fprintln(c.Err, "the project refers to no secrets")
		return
	}
	c.table(rows)
}
