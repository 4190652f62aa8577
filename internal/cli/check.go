package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"stile/diag"
)

func (c *command) check() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "Report every fault of folders, definitions and policy documents",
		Long: "check reads project folders, single definitions (*.asl.json) and single policy documents\n" +
			"(*.xml), the current folder without PATH, and reports all faults with their places. It exits\n" +
			"with 1 where there is an error; warnings and notes alone are 0.",
		Example: "  stile check\n  stile check workflows/order.asl.json apim/policy.xml\n  stile check -o jsonl | jq .code",
		RunE: func(_ *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				paths = []string{"."}
			}
			faults, err := c.app.Check(paths)
			if err != nil {
				return err
			}
			if err := c.report(faults); err != nil {
				return err
			}
			if faults.HasErrors() {
				return &failure{code: exitFailed}
			}
			return nil
		},
	}
	c.format(cmd, "text", "json", "jsonl")
	return cmd
}

func (c *command) report(faults diag.List) error {
	switch c.output {
	case "json":
		if faults == nil {
			faults = diag.List{} // [] rather than null
		}
		return c.printJSON(map[string]any{
			"diagnostics": faults, "errors": faults.Errors(), "warnings": len(faults) - faults.Errors() - faults.Notes(),
			"notes": faults.Notes(),
		})
	case "jsonl":
		for _, d := range faults {
			if err := c.printLine(d); err != nil {
				return err
			}
		}
		return nil
	}
	if len(faults) == 0 {
		fmt.Fprintln(c.Err, "no faults")
		return nil
	}
	c.diagnostics(c.Out, faults)
	return nil
}
