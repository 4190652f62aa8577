// Package cli is the command line: it reads flags, calls app for the commands
// that run servers or check files, and is a client of the control API (/-/v1) for
// all others.
//
// It holds no behaviour of the product: what a command shows, the console shows
// from the same API. cmd/stile calls Main.
//
// Invariants: results go to stdout, narration to stderr; every result has a JSON
// twin under -o json; an error is one line (a diagnostic keeps its excerpt); the
// exit code is one of those below; nothing is asked on a terminal.
package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"stile/diag"
	"stile/internal/app"
	"stile/internal/policytest"
)

// App is what the command line needs of the product: the functions of package app.
type App struct {
	// Dev and Serve run all servers until ctx ends, then drain and return nil.
	Dev, Serve func(ctx context.Context, o app.Options) error
	// Check reads folders, single definitions and single policy documents and gives
	// every diagnostic; the error is for what cannot be read at all.
	Check func(paths []string) (diag.List, error)
	// CheckLoose does so for policy documents, and takes what they name outside
	// themselves to be there.
	CheckLoose func(paths []string) (diag.List, error)
	// Test runs the tests of a project's policies whose name match takes. A diag.List
	// says that nothing was run, since a file has faults.
	Test func(ctx context.Context, dir string, match func(name string) bool) (*policytest.Report, error)
}

// Streams are where a command reads and writes, and how it looks up variables.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Env gives an environment variable, empty where it is not set.
	Env func(name string) string
}

// Main runs one command line and gives the exit code.
func Main(ctx context.Context, product App, args []string, s Streams) int {
	c := &command{app: product, Streams: s}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	return c.fail(err)
}

// command is one invocation: streams and global flags.
type command struct {
	app App
	Streams
	server string
	output string
	// anonymous sends no credential.
	anonymous bool
	color     string
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "stile",
		Short: "Durable Step Functions workflows and an API Management gateway in one system",
		Long: "stile runs Amazon States Language state machines durably, and a gateway with Azure API\n" +
			"Management's policies in front of them and behind them.",
		Example: "  stile dev examples/orders\n" +
			"  stile start order --input '{\"sku\":\"sku-1\",\"quantity\":2,\"amount\":120}' --wait\n" +
			"  stile exec list",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	c.color = "auto"
	root.PersistentFlags().Var(&choice{to: &c.color, words: []string{"auto", "always", "never"}}, "color",
		"colour the output: auto, always or never (auto keeps to NO_COLOR)")
	root.AddCommand(c.dev(), c.serve(), c.check(), c.test(), c.fmt(), c.graph(), c.start(), c.exec(), c.callback(), c.trace(), c.api(), c.policy(), c.shellenv(), c.token(), c.login(), c.logout(), c.whoami(), c.secret(), c.audit(), c.backup(), c.restore(), c.version(), c.exitCodes())
	return root
}

// client adds the flags that every client command has.
func (c *command) client(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&c.server, "server", "", "control address of the server (STILE_SERVER, else 127.0.0.1:7400)")
	c.format(cmd, "text", "json")
	return cmd
}

// format adds -o with the words that the command takes; the first is the default.
func (c *command) format(cmd *cobra.Command, words ...string) {
	c.output = words[0] // before the flag is made: help takes the default from here
	cmd.Flags().VarP(&choice{to: &c.output, words: words}, "output", "o", "output format: "+list(words))
}

// fail prints an error and gives its exit code.
func (c *command) fail(err error) int {
	var faults diag.List
	var f *failure
	switch {
	case errors.As(err, &faults) && len(faults) == 1 && faults[0].Line == 0:
		f = &failure{exitFailed, unplaced(faults[0])}
	case faults != nil:
		c.diagnostics(c.Err, faults)
		return exitFailed
	case !errors.As(err, &f):
		f = &failure{code: exitFailed, text: err.Error()}
	}
	if f.text != "" {
		io.WriteString(c.Err, c.paint(c.Err, red, "stile:")+" "+oneLine(f.text)+"\n")
	}
	return f.code
}

// OSStreams are those of the process.
func OSStreams() Streams {
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv}
}
