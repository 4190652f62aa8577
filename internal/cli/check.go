package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"stile/diag"
)

func (c *command) check() *cobra.Command {
	var loose bool
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "Report every fault of folders, definitions and policy documents",
		Long: "check reads project folders, single definitions (*.asl.json) and single policy documents\n" +
			"(*.xml), the current folder without PATH, and reports all faults with their places. It exits\n" +
			"with 1 where there is an error; warnings and notes alone are 0.\n\n" +
			"--loose checks policy documents and fragments whose surroundings are not at hand: named values,\n" +
			"fragments, backends, certificates, schemas and loggers that are not there are taken to be there,\n" +
			"and what depends on their texts alone is no fault. A placeholder of a template that stands where\n" +
			"a value must, such as {name} or ${name}, is a warning.",
		Example: "  stile check\n  stile check workflows/order.asl.json apim/policy.xml\n  stile check --loose policies/*.xml\n  stile check -o jsonl | jq .code",
		RunE: func(_ *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				if loose {
					return usage("--loose takes policy documents: stile check --loose FILE.xml…")
				}
				paths = []string{"."}
			}
			check := c.app.Check
			if loose {
				check = c.app.CheckLoose
			}
			faults, err := check(paths)
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
	cmd.Flags().BoolVar(&loose, "loose", false, "policy documents alone: what they name outside themselves is taken to be there")
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
