package cli

import (
	"fmt"
	"os"
	"strings"

	"stile/internal/app"
	"stile/internal/demo"
)

// banner gives the function that prints a Ready.
func (c *command) banner(dirs []string) func(app.Ready) {
	return func(r app.Ready) {
		if c.output == "json" {
			c.printLine(map[string]app.Ready{"ready": r})
			return
		}
		c.bannerText(r, dirs)
	}
}

func (c *command) bannerText(r app.Ready, dirs []string) {
	row := func(name, value, note string) {
		fmt.Fprintln(c.Out, strings.TrimRight(fmt.Sprintf("  %-11s %-26s %s", name, value, note), " "))
	}
	fmt.Fprintf(c.Out, "%s  project: %s  (Ctrl-C stops)\n", c.paint(c.Out, bold, "stile "+r.Version), r.Project)
	row("Console", r.Console+"/", "executions, graphs, decisions")
	row("Gateway", r.Gateway, plural(r.APIs, "API")+", "+plural(r.Operations, "operation"))
	row("Workflows", r.Console, plural(r.StateMachines, "state machine")+", Step Functions API")
	if r.ControlTLS != "" {
		row("TLS", r.ControlTLS, "the control listener over TLS")
	}
	if r.GatewayTLS != "" {
		row("Gateway TLS", r.GatewayTLS, "the gateway over TLS")
	}
	kept := "lost at the end"
	if r.Kept {
		kept = "kept"
	}
	if r.Open > 0 {
		kept += ", " + plural(r.Open, "execution") + " going on"
	}
	row("Data", r.Data, kept)
	if r.Watching {
		row("Watching", strings.Join(dirs, " "), "a change is taken without a restart")
	}
	if r.Mocks != "" {
		row("Mocks", r.Mocks, plural(r.TestCases, "test case")+": stile start NAME#CASE")
	}
	if len(r.Samples) > 0 {
		row("Samples", strings.Join(r.Samples, " "), "")
	}
	for _, line := range demo.Try(r.Samples, demo.Place{Stile: os.Args[0], Dir: dirs[0], Gateway: r.Gateway, Console: r.Console}) {
		fmt.Fprintln(c.Out, strings.TrimRight("  "+line, " "))
	}
}
