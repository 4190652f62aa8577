package app_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"

	"stile/internal/app"
	"stile/internal/cli"
)

// TestMain lends the command line to the canary's test.
func TestMain(m *testing.M) {
	app.CLI = func(server string, env map[string]string, told func(string), args ...string) string {
		var out bytes.Buffer
		if args[0] != "check" {
			args = append(args, "--server", server)
		}
		say := io.Writer(&out)
		if told != nil {
			say = io.MultiWriter(&out, teller(told))
		}
		cli.Main(context.Background(), cli.App{Check: app.Check}, args, cli.Streams{In: &bytes.Buffer{}, Out: &out, Err: say,
			Env: func(name string) string { return env[name] }})
		return out.String()
	}
	os.Exit(m.Run())
}

// teller is told what a command narrates.
type teller func(string)

func (f teller) Write(p []byte) (int, error) { f(string(p)); return len(p), nil }
