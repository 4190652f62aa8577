package app

import (
	"log/slog"
	"net/http"

	"stile/internal/config"
	"stile/internal/disk"
	"stile/internal/kv"
	"stile/internal/overload"
	"stile/internal/policies"
	"stile/internal/task"
	"stile/policy"
)

// Options are what `dev` and `serve` run on.
type Options struct {
	config.ServerOptions
	// Dirs are the project folders; this version takes one.
	Dirs []string
	// Log takes the narration of the servers.
	Log *slog.Logger
	// vaults is what the sources of secrets call through; nil is the network.
	vaults http.RoundTripper
	// stores puts something before the stores of the data folder, which it is given by
	// name (log, config, traces); nil changes nothing.
	stores func(name string, s kv.Store) kv.Store
	// fatal is told that the log's store has failed; nil ends the process.
	fatal func(error)
	// disk is how the disk of the data folder is watched; run adds what stile.yaml says.
	disk disk.Config
	// overload is how the gate of the listeners works; zero is for this machine.
	overload overload.Config
	// providers is what identity providers and their keys are reached through; nil is
	// the network.
	providers http.RoundTripper
	// policies are what documents may name, and integrations what Tasks may call; nil is
	// the product's tables.
	policies     *policy.Table
	integrations []task.Integration
	// built is shown the parts before anything listens; nil: nobody looks.
	built func(*server)
	// Ready is called once, when all listeners answer.
	Ready func(Ready)
}

// Ready is what runs, told once all listeners answer.
type Ready struct {
	Version string `json:"version"`
	Project string `json:"project"`
	// Console, Gateway and ControlTLS are URLs.
	Console    string `json:"console"`
	Gateway    string `json:"gateway"`
	ControlTLS string `json:"controlTls,omitempty"`
	// GatewayTLS is the gateway over TLS; empty where it is not.
	GatewayTLS string `json:"gatewayTls,omitempty"`
	// Data is the data folder; Kept says that it outlives the process.
	Data string `json:"data"`
	Kept bool   `json:"kept"`
	// Watching says that files are reloaded when they change.
	Watching      bool `json:"watching"`
	APIs          int  `json:"apis"`
	Operations    int  `json:"operations"`
	StateMachines int  `json:"stateMachines"`
	// Open counts the executions that go on from before.
	Open int `json:"openExecutions"`
	// Mocks is the mock file that is loaded, empty for none, and TestCases how many
	// test cases it has.
	Mocks     string `json:"mocks,omitempty"`
	TestCases int    `json:"testCases,omitempty"`
	// Samples names the sample backends that run.
	Samples []string `json:"samples,omitempty"`
}

// policyTable is the table that documents are compiled with.
func (s *server) policyTable() *policy.Table {
	if s.opts.policies != nil {
		return s.opts.policies
	}
	return policies.Table()
}

// taskTable is the table of integrations.
func (s *server) taskTable() []task.Integration {
	if s.opts.integrations != nil {
		return s.opts.integrations
	}
	return task.Table()
}
