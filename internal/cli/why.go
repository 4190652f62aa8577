package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"stile/internal/why"
)

// whyWidth is how wide the text of exec why is at most.
const whyWidth = 100

func (c *command) execWhy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "why [ID]",
		Short: "Say what holds an execution, where in the files, and what frees it",
		Long: "why says in one paragraph what an execution waits for or failed by: policy, role, secret, callback,\n" +
			"backend or timer, with file and line as the files are now. Without ID it says what holds all open\n" +
			"executions that are throttled, stuck or need action.",
		Example: "  stile exec why order-17\n  stile exec why",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("%s takes one ID at most", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				var s why.Summary
				return c.show(cmd, "/why", &s, func() { c.heldText(s) })
			}
			var a why.Answer
			return c.show(cmd, executionPath(args[0], "/why"), &a, func() { c.whyText(a) })
		},
	}
	return c.client(cmd)
}

// whyText prints an answer: the paragraph, then the commands.
func (c *command) whyText(a why.Answer) {
	for _, line := range why.Wrap(shown(a.Paragraph), whyWidth) {
		fmt.Fprintln(c.Out, line)
	}
	for i, do := range a.Commands {
		if i == 0 {
			fmt.Fprintln(c.Out)
		}
		for k, line := range why.Wrap(shown(do), whyWidth-4) {
			fmt.Fprintln(c.Out, strings.Repeat(" ", 2+2*min(k, 1))+line)
		}
	}
}

// heldText prints what holds the open executions, a line each.
func (c *command) heldText(s why.Summary) {
	for _, g := range s.Groups {
		fmt.Fprintln(c.Out, fit(fmt.Sprintf("%s by %s: %s, %d", g.Health, g.Cause, g.What, len(g.Executions))))
		for _, x := range g.Executions {
			fmt.Fprintln(c.Out, fit("  "+x.Line))
		}
	}
	fmt.Fprintf(c.Err, "%d open, %d held\n", s.Open, s.Held)
	if s.Unread > 0 {
		fmt.Fprintf(c.Err, "%d were not looked at: too many are held at once\n", s.Unread)
	}
}

// fit cuts a line to the width.
func fit(s string) string {
	s = shown(s)
	if utf8.RuneCountInString(s) <= whyWidth {
		return s
	}
	return string([]rune(s)[:whyWidth-1]) + "…"
}
