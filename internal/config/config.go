// Package config reads stile.yaml, the one file of a project that is Stile's own,
// and holds the options that the commands take by flag.
//
// It is not the project (files loads folders) and opens nothing but the one file.
// files and app call it; nothing here changes after Load.
//
// Invariants: an unknown key is an error with a hint, never passed over; Load
// reports every fault of the file with its place; secrets stand in it by
// reference, dev-keys excepted, which `serve` refuses.
package config

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"stile/diag"
	"stile/internal/config/doctree"
)

// FileName is what the file is called in a project's folder.
const FileName = "stile.yaml"

// Config is stile.yaml (design: Formats of a project). Paths are relative to the
// file's folder.
type Config struct {
	// File is the path that Load was given; empty where the project has no file.
	File string
	Name string
	// Gateway is the APIOps folder, Workflows the folder of definitions.
	Gateway       GatewayPath
	Workflows     WorkflowsPath
	Samples       []Sample
	Subscriptions []Subscription
	// Users own subscriptions.
	Users []User
	// GatewayTLS is what the gateway's listener over TLS does.
	GatewayTLS GatewayTLS
	// PublicURL is the gateway as outsiders see it, without trailing slash; empty
	// where the file does not say.
	PublicURL string
	Map       []MapEntry
	// Buckets are the folders that stand for buckets.
	Buckets []Bucket
	// Activities are the activities that the project needs.
	Activities []Activity
	// TrustedHops are the proxies before the gateway, whose X-Forwarded-For counts.
	TrustedHops []netip.Prefix
	// Egress lists the hosts past the gateway that states may call.
	Egress []Egress
	Engine EngineConfig
	// Lambda says what stands behind Lambda functions.
	Lambda Lambda
	// AccessKeys sign calls of the Step Functions API.
	AccessKeys []AccessKey
	// Certificates are those that policies name by certificate-id.
	Certificates []Certificate
	// Authorizations are the credential manager's connections that policies name.
	Authorizations []Authorization
	// ManagedIdentity is where tokens of managed identities come from: AzureIdentity,
	// or empty for nowhere.
	ManagedIdentity string
	Identity        Identity
	Telemetry       Telemetry
	// Logs is the folder of the log that executions write; empty where the file does
	// not say.
	Logs    string
	Secrets SecretsConfig
	// Redis is what several nodes share; nil is nothing.
	Redis *Redis
	// Notify lists the webhooks that are told what happens.
	Notify []Notify
	// Retention says how long what is over is kept.
	Retention Retention
	// NoOverload lets every request in, however many there are. It takes effect at a start.
	NoOverload bool
}

// GatewayPath is the key gateway.
type GatewayPath struct{ Path string }

// WorkflowsPath is the key workflows.
type WorkflowsPath struct{ Path string }

// Sample is one of the built-in sample backends and the loopback address that it
// listens on, host:port.
type Sample struct {
	Name, Address string
	Line          int
}

// Subscription is an API Management subscription that stile.yaml declares.
type Subscription struct {
	ID, Name string
	// Scope is "" for all APIs, else product/ID or api/ID.
	Scope string
	// DevKeys are keys in plain text, for `dev` alone.
	DevKeys []string
	// Owner is a user's id; empty for none.
	Owner string
	Line  int
}

// EngineConfig is the key engine.
type EngineConfig struct {
	// Address is context.Request.IpAddress of a step's call.
	Address netip.Addr
	// MaxPayload (bytes) and MaxHistory (events) raise AWS's limits for executions that
	// start; 0: AWS's.
	MaxPayload, MaxHistory int
	// DiskLow is below how many free bytes new work is refused, DiskReserve what is kept
	// aside for finishing work; 0: internal/disk's defaults. NoDiskReserve keeps nothing.
	DiskLow, DiskReserve int64
	NoDiskReserve        bool
}

// Default is the configuration of a project without stile.yaml; name is the folder's.
func Default(dir string) *Config {
	name := filepath.Base(dir)
	if abs, err := filepath.Abs(dir); err == nil {
		name = filepath.Base(abs)
	}
	return &Config{
		Name:      name,
		Gateway:   GatewayPath{"apim"},
		Workflows: WorkflowsPath{"workflows"},
		Engine:    EngineConfig{Address: netip.AddrFrom4([4]byte{127, 0, 0, 1})},
		Telemetry: Telemetry{Prometheus: true, Traces: true},
		Retention: Retention{Executions: defaultExecutions},
	}
}

// Load reads the file at path. The Config is usable where the list has no
// errors; a key that the file does not set keeps Default's value.
func Load(path string) (*Config, diag.List) {
	data, err := os.ReadFile(path)
	if err != nil {
		reason := err
		var pe *fs.PathError
		if errors.As(err, &pe) {
			reason = pe.Err
		}
		return nil, diag.List{{Code: CodeUnreadable, Severity: diag.Error, File: path, Message: "cannot read the file: " + reason.Error()}}
	}
	return Parse(path, string(data))
}

// Parse is Load for a text already read; path names it and fixes its folder.
func Parse(path, text string) (*Config, diag.List) {
	src := diag.NewSource(path, text)
	root, faults := doctree.ParseYAML(src)
	cfg := Default(filepath.Dir(path))
	cfg.File = path
	if faults.HasErrors() {
		return nil, faults
	}
	if root == nil {
		return cfg, faults
	}
	r := &reader{Reader: doctree.NewReader(src), cfg: cfg}
	r.root(root)
	return cfg, append(faults, veil(r.Faults())...).Sort()
}

// CodeUnreadable is the fault of a file or folder that cannot be read.
const CodeUnreadable = "STL-C007"

// CodeNoSuch is the fault of a name that refers to nothing in the project.
const CodeNoSuch = "STL-C008"

// DevKeys lists the subscriptions that carry keys in plain text, as faults for
// `serve`, which refuses them.
func (c *Config) DevKeys() diag.List {
	var out diag.List
	for _, s := range c.Subscriptions {
		if len(s.DevKeys) > 0 {
			out = append(out, diag.Diagnostic{Code: "STL-C009", Severity: diag.Error, File: c.File, Line: s.Line, Column: 1,
				Message: "subscription " + s.ID + " has dev-keys, which only `stile dev` takes",
				Hint:    "remove dev-keys; give the keys by secret reference in apim/subscriptions/" + s.ID + "/subscriptionInformation.json"})
		}
	}
	return out.Sort()
}
