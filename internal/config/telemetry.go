package config

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"stile/internal/config/doctree"
)

// Telemetry is the key telemetry: where what was seen goes, the embedded trace
// store aside. It takes effect at a start.
type Telemetry struct {
	// AccessLog is a path, AccessLogStdout, or empty for none.
	AccessLog string
	// OTLP is the base URL of an OpenTelemetry collector, without trailing slash;
	// empty: none.
	OTLP string
	// AppInsights names the connection string of Application Insights; without Text: none.
	AppInsights SecretRef
	// Prometheus says that the control listener answers /metrics.
	Prometheus bool
	// Traces says that spans are kept and exported; without them there are metrics and
	// logs alone.
	Traces bool
	// Slow are the floors of what counts as slow.
	Slow Slow
}

// AccessLogStdout is the access log on standard output.
const AccessLogStdout = "stdout"

// SecretRef is a secret reference as written; package secret, which config does not
// know, reads it.
type SecretRef struct {
	Text         string
	Line, Column int
}

func (r *reader) telemetry(n *doctree.Node) {
	t := &r.cfg.Telemetry
	r.Map(n, "telemetry",
		doctree.Field{Name: "access-log", Read: r.accessLog},
		doctree.Field{Name: "otlp", Read: r.otlp},
		doctree.Field{Name: "appinsights", Read: r.secretRef("a connection string", &t.AppInsights)},
		doctree.Field{Name: "prometheus", Read: r.Bool(&t.Prometheus)},
		doctree.Field{Name: "traces", Read: r.Bool(&t.Traces)},
		doctree.Field{Name: "slow", Read: r.slow})
}

func (r *reader) accessLog(n *doctree.Node) {
	var s string
	if n.Kind == doctree.Bool && n.Text == "false" {
		return // some YAML tools write off as false
	}
	r.NonEmpty(&s)(n)
	switch {
	case n.Kind == doctree.Bool, n.Kind == doctree.Number:
		r.Fault(n, doctree.CodeValue, "access-log is a path, stdout or off", "")
	case s == "off":
	case s == AccessLogStdout:
		r.cfg.Telemetry.AccessLog = s
	case watched(filepath.Dir(r.cfg.File), filepath.FromSlash(s)):
		r.Fault(n, doctree.CodeValue, "access-log lies among the project's files, where each line would reload the project",
			"write .stile/access.jsonl, or a path outside the project")
	default:
		r.cfg.Telemetry.AccessLog = filepath.FromSlash(s)
	}
}

// logs reads the folder of execution logs.
func (r *reader) logs(n *doctree.Node) {
	var s string
	r.NonEmpty(&s)(n)
	switch {
	case s == "":
	case watched(filepath.Dir(r.cfg.File), filepath.FromSlash(s)):
		r.Fault(n, doctree.CodeValue, "logs lies among the project's files, where each record would reload the project",
			"write .stile/logs, or a path outside the project")
	default:
		r.cfg.Logs = filepath.FromSlash(s)
	}
}

// watched reports whether a path, relative to dir or absolute, lies below dir and in
// nothing hidden: what files watches.
func watched(dir, path string) bool {
	if filepath.IsAbs(path) {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return false
		}
		if path, err = filepath.Rel(abs, path); err != nil {
			return false
		}
	}
	return filepath.IsLocal(path) && !strings.HasPrefix(path, ".") && !strings.Contains(path, string(filepath.Separator)+".")
}

func (r *reader) otlp(n *doctree.Node) {
	var s string
	r.Text(&s)(n)
	problem := checkHTTP(s)
	if problem == "" && strings.HasPrefix(s, "http://") && !loopbackURL(s) {
		problem = "must be https, or http on a loopback address: spans tell who called what"
	}
	if problem != "" {
		r.Fault(n, doctree.CodeValue, "otlp "+problem, "write for example http://127.0.0.1:4318")
		return
	}
	r.cfg.Telemetry.OTLP = strings.TrimRight(s, "/")
}

func loopbackURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && Loopback(net.JoinHostPort(u.Hostname(), "0"))
}

// secretRef gives a Read that takes {secret: REFERENCE} and refuses a secret that
// is written out.
func (r *reader) secretRef(what string, to *SecretRef) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind != doctree.Map {
			r.Fault(n, codeSecret, what+" is a secret and must not be written out here", `write { secret: "env://NAME" } or { secret: "file://PATH" }`)
			return
		}
		r.Map(n, "a secret reference", doctree.Field{Name: "secret", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&to.Text)(n)
			to.Line, to.Column = n.Line, n.Column
		}})
	}
}

// codeSecret is files.CodeSecret: one fault wherever a secret is written out.
const codeSecret = "STL-C013"
