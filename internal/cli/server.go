package cli

import (
	"context"
	"errors"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"stile/internal/app"
	"stile/internal/config"
)

func (c *command) dev() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Run everything on a project folder and reload it when a file changes",
		Long: "dev runs the gateway, the workflow engine, the Step Functions API and the console on a project\n" +
			"folder (the current one without DIR), for development on this machine: on loopback any AWS\n" +
			"credentials pass, dev-keys are taken, and what `serve` would refuse is a warning.",
		Example: "  stile dev examples/orders\n  stile dev --ephemeral --gateway 127.0.0.1:8080",
	}
	return c.runs(cmd, func(ctx context.Context, o app.Options) error { return c.app.Dev(ctx, o) })
}

func (c *command) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Run the same servers for production",
		Long: "serve runs the same servers as dev, without watching files. It takes no dev-keys, and lets nobody\n" +
			"to the console and its APIs who is not proven: by a login, a bearer token, or a signature with an\n" +
			"access key. Off loopback its control listeners need identity providers in stile.yaml; the gateway\n" +
			"may listen anywhere. SIGTERM drains: listeners close, what has begun is finished or stays on disk.",
		Example: "  stile serve orders --data /data",
	}
	return c.runs(cmd, func(ctx context.Context, o app.Options) error { return c.app.Serve(ctx, o) })
}

// runs completes dev and serve: their flags, their signals, their banner.
func (c *command) runs(cmd *cobra.Command, run func(context.Context, app.Options) error) *cobra.Command {
	o := config.DefaultServerOptions()
	f := cmd.Flags()
	f.StringVar(&o.Control, "control", o.Control, "control listener: console, Step Functions API, issuer, health")
	f.StringVar(&o.ControlTLS, "control-tls", o.ControlTLS, "the control listener over TLS")
	f.StringVar(&o.Gateway, "gateway", o.Gateway, "gateway listener")
	f.StringVar(&o.GatewayTLS, "gateway-tls", o.GatewayTLS, "the gateway over TLS (default none)")
	f.StringVar(&o.PublicURL, "public-url", o.PublicURL, "the gateway's URL as outsiders see it, for callbacks")
	f.StringVar(&o.Issuer, "issuer", o.Issuer, "issuer (iss) of the tokens minted here")
	f.StringVar(&o.Data, "data", o.Data, "data folder (default .stile/data of the project)")
	f.StringVar(&o.DataKey, "data-key", o.DataKey, "file with the age identity that seals secrets given over an API (default one made beside the data folder)")
	f.BoolVar(&o.Ephemeral, "ephemeral", o.Ephemeral, "use a temporary data folder and remove it at the end")
	f.StringVar(&o.Account, "account", o.Account, "AWS account in ARNs")
	f.StringVar(&o.Region, "region", o.Region, "AWS region in ARNs")
	f.StringVar(&o.ReadyFile, "ready-file", o.ReadyFile, "file to write once all listeners answer")
	if cmd.Name() == "dev" {
		f.StringVar(&o.Mock, "mock", o.Mock, "mock file for test cases (default $SFN_MOCK_CONFIG, else tests/MockConfigFile.json)")
	}
	c.format(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, dirs []string) error {
		if o.Mock == "" && cmd.Name() == "dev" {
			o.Mock = c.Env("SFN_MOCK_CONFIG")
		}
		if problems := o.Validate(); len(problems) > 0 {
			return usage("%s", problems[0])
		}
		switch {
		case len(dirs) == 0:
			dirs = []string{"."}
		case len(dirs) > 1:
			return usage("%s takes one project folder", cmd.CommandPath())
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		// A second Ctrl-C ends the process at once.
		context.AfterFunc(ctx, stop)
		err := run(ctx, app.Options{ServerOptions: o, Dirs: dirs, Log: c.logger(), Ready: c.banner(dirs)})
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			return nil
		}
		return err
	}
	return cmd
}

func (c *command) logger() *slog.Logger {
	if c.output == "json" {
		return slog.New(slog.NewJSONHandler(c.Err, nil))
	}
	return slog.New(slog.NewTextHandler(c.Err, nil))
}
