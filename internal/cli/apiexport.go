package cli

import (
	"io"
	"net/url"

	"github.com/spf13/cobra"
)

func (c *command) apiExport() *cobra.Command {
	var revision string
	cmd := &cobra.Command{
		Use:     "export API",
		Short:   "Print an API's description (OpenAPI) as its file has it",
		Example: "  stile api export orders > orders.yaml\n  stile api export orders --revision 2",
		Args:    exactly("API"),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/apis/" + url.PathEscape(args[0]) + "/specification"
			if revision != "" {
				path += "?revision=" + url.QueryEscape(revision)
			}
			body, err := c.open(cmd.Context(), "GET", path, nil)
			if err != nil {
				return err
			}
			defer body.Close()
			if _, err := io.Copy(c.Out, body); err != nil {
				return c.broken(cmd.Context(), err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&revision, "revision", "", "of this revision, not of the current one")
	return c.client(cmd)
}
