package cli

import "github.com/spf13/cobra"

// policy groups the commands about policies and their expressions.
func (c *command) policy() *cobra.Command {
	group := &cobra.Command{
		Use:   "policy",
		Short: "Policies and policy expressions",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(c.policyEval(), c.policyShow())
	return group
}
