// Command stile runs durable Step Functions workflows and an API Management
// gateway in one system. `stile help` lists its commands.
package main

import (
	"context"
	"os"

	"stile/internal/app"
	"stile/internal/cli"
)

func main() {
	app.PaceCollector()
	product := cli.App{Dev: app.Dev, Serve: app.Serve, Check: app.Check, CheckLoose: app.CheckLoose, Test: app.Test}
	os.Exit(cli.Main(context.Background(), product, os.Args[1:], cli.OSStreams()))
}
