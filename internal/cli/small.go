package cli

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"stile/internal/app"
)

func (c *command) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this binary",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{
				"version": app.Version, "commit": commit(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
			}
			if c.output == "json" {
				return c.printJSON(v)
			}
			fmt.Fprintf(c.Out, "stile %s %s %s %s\n", app.Version, v["commit"], v["go"], v["platform"])
			return nil
		},
	}
	c.format(cmd, "text", "json")
	return cmd
}

// commit is the commit that the binary was built from, 12 digits, "-dirty" after
// it where files had changed; "unknown" where the build did not record it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	revision, dirty := "", ""
	if ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = "-dirty"
			}
		}
	}
	if revision == "" {
		return "unknown"
	}
	return revision + dirty
}

func (c *command) token() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:     "token",
		Short:   "Mint a token of a role, to call the gateway as that role",
		Example: "  curl -H \"Authorization: Bearer $(stile token --role order-role)\" …",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if role == "" {
				return usage("stile token needs --role NAME, a file of roles/ without .json")
			}
			var minted struct {
				Token   string `json:"token"`
				Expires string `json:"expires"`
			}
			if err := c.call(cmd.Context(), "POST", "/tokens", map[string]string{"role": role}, &minted); err != nil {
				return err
			}
			if c.output == "json" {
				return c.printJSON(minted)
			}
			fmt.Fprintln(c.Out, minted.Token)
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "the role's name")
	return c.client(cmd)
}

func (c *command) shellenv() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shellenv",
		Short: "Print the variables that point the AWS CLI and SDKs at the server",
		Long: "shellenv prints export lines for sh. AWS CLI before 2.13 does not know AWS_ENDPOINT_URL_SFN: give\n" +
			"it --endpoint-url. The credentials are for `stile dev`; `stile serve` takes an access key of\n" +
			"stile.yaml in their place.",
		Example: "  eval \"$(stile shellenv)\"",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			vars, err := c.variables(cmd.Context())
			if err != nil {
				return err
			}
			if c.output == "json" {
				m := map[string]string{}
				for _, v := range vars {
					m[v[0]] = v[1]
				}
				return c.printJSON(m)
			}
			for _, v := range vars {
				fmt.Fprintf(c.Out, "export %s='%s'\n", v[0], strings.ReplaceAll(v[1], "'", `'\''`))
			}
			return nil
		},
	}
	return c.client(cmd)
}

func (c *command) variables(ctx context.Context) ([][2]string, error) {
	base, err := c.address()
	if err != nil {
		return nil, err
	}
	var v struct{ Gateway string }
	if err := c.call(ctx, "GET", "/version", nil, &v); err != nil {
		return nil, err
	}
	region, err := c.region(ctx)
	if err != nil {
		return nil, err
	}
	return [][2]string{
		{"STILE_SERVER", base},
		{"STILE_GATEWAY", v.Gateway},
		{"AWS_ENDPOINT_URL_SFN", base},
		{"AWS_REGION", region},
		{"AWS_DEFAULT_REGION", region},
		{"AWS_ACCESS_KEY_ID", "stile"},
		{"AWS_SECRET_ACCESS_KEY", "stile"},
	}, nil
}

// region is the one in the state machines' ARNs; us-east-1 where there are none.
func (c *command) region(ctx context.Context) (string, error) {
	var page struct {
		StateMachines []struct{ ARN string } `json:"stateMachines"`
	}
	if err := c.call(ctx, "GET", "/state-machines", nil, &page); err != nil {
		return "", err
	}
	for _, m := range page.StateMachines {
		if parts := strings.Split(m.ARN, ":"); len(parts) > 3 && parts[3] != "" {
			return parts[3], nil
		}
	}
	return "us-east-1", nil
}
