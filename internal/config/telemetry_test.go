package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTelemetry(t *testing.T) {
	for text, want := range map[string]Telemetry{
		"":                               {Prometheus: true, Traces: true},
		"telemetry: {traces: false}":     {Prometheus: true},
		"telemetry: {}":                  {Prometheus: true, Traces: true},
		"telemetry: {prometheus: false}": {Traces: true},
		"telemetry: {access-log: off, otlp: 'https://collector.example/base/'}": {Prometheus: true, Traces: true, OTLP: "https://collector.example/base"},
		"telemetry: {access-log: false}":                                        {Prometheus: true, Traces: true},
		"telemetry: {access-log: stdout, otlp: 'http://127.0.0.1:4318'}":        {Prometheus: true, Traces: true, AccessLog: AccessLogStdout, OTLP: "http://127.0.0.1:4318"},
		"telemetry:\n  access-log: .stile/access.jsonl\n  appinsights: {secret: 'env://AI'}\n": {Prometheus: true, Traces: true, AccessLog: ".stile/access.jsonl",
			AppInsights: SecretRef{"env://AI", 3, 25}},
	} {
		if diff := cmp.Diff(want, parse(t, text).Telemetry); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestTelemetryFaults(t *testing.T) {
	for path, bad := range map[string]bool{"logs/access.jsonl": true, "access.jsonl": true, "a/.b/c": false, ".stile/x": false, "../x": false,
		"/elsewhere/x": false, "/project/logs/x": true, "/project/.stile/x": false, "/project/../x": false} {
		if _, faults := Parse("/project/stile.yaml", "telemetry: {access-log: "+path+"}"); faults.HasErrors() != bad {
			t.Errorf("%s: %v", path, faults)
		}
	}
	_, faults := Parse("stile.yaml", `telemetry:
  access-log: [a]
  otlp: http://collector.example:4318
  appinsights: InstrumentationKey=1
  prometheus: 7
  zipkin: x
`)
	want := `stile.yaml:2:15: this must be text, not a list [STL-C003]
stile.yaml:3:9: otlp must be https, or http on a loopback address: spans tell who called what [STL-C003]
stile.yaml:4:16: a connection string is a secret and must not be written out here [STL-C013]
stile.yaml:5:15: this must be true or false, not a number [STL-C003]
stile.yaml:6:3: unknown key "zipkin" in telemetry [STL-C002]`
	if diff := cmp.Diff(want, faults.Error()); diff != "" {
		t.Error(diff)
	}
}

// TestLogs: a folder outside what is watched.
func TestLogs(t *testing.T) {
	for text, want := range map[string]string{"name: x": "", "logs: .stile/logs": ".stile/logs", "logs: /var/log/stile": "/var/log/stile",
		"logs: ../logs": "../logs", "logs: logs": "!", "logs: /project/logs": "!", "logs: ''": "!", "logs: [a]": "!"} {
		cfg, faults := Parse("/project/stile.yaml", text)
		if faults.HasErrors() != (want == "!") || want != "!" && cfg.Logs != want {
			t.Errorf("%s: %v", text, faults)
		}
	}
}
