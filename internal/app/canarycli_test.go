package app_test

import (
	"bytes"
	"context"
	"os"
	"testing"

	"stile/internal/app"
	"stile/internal/cli"
)

// TestMain lends the command line to the canary's test.
func TestMain(m *testing.M) {
	app.CLI = func(server string, args ...string) string {
		var out bytes.Buffer
		if args[0] != "check" {
			args = append(args, "--server", server)
		}
		cli.Main(context.Background(), cli.App{Check: app.Check}, args, cli.Streams{In: &bytes.Buffer{}, Out: &out, Err: &out,
			Env: func(string) string { return "" }})
		return out.String()
	}
	os.Exit(m.Run())
}
