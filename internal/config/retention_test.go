package config

import (
	"strings"
	"testing"
	"time"
)

func TestRetention(t *testing.T) {
	for text, want := range map[string]Retention{
		"": {Executions: 90 * day},
		"retention: {executions: 30d, history: 36h, audit: 400d, traces: 7d}": {30 * day, 36 * time.Hour, 400 * day, 7 * day},
		"retention: {executions: never, history: 1m}":                         {0, time.Minute, 0, 0},
		"retention: {executions: 0, audit: 0, traces: never}":                 {},
		"retention: {history: 90d}":                                           {90 * day, 90 * day, 0, 0},
	} {
		c, faults := Parse("stile.yaml", text)
		if len(faults) > 0 || c.Retention != want {
			t.Errorf("%s: %+v, %v", text, c.Retention, faults)
		}
	}
	for text, want := range map[string]string{
		"retention: {executions: 30s}":                "stile.yaml:1:25: retention.executions must be an age from 1m to 36500d, or never",
		"retention: {traces: -1d}":                    "stile.yaml:1:21: retention.traces must be an age from 1m to 36500d, or never",
		"retention: {audit: 99999d}":                  "stile.yaml:1:20: retention.audit must be",
		"retention: {audit: soon}":                    "stile.yaml:1:20: retention.audit must be",
		"retention: {history: 91d}":                   "stile.yaml:1:22: retention.history is longer than retention.executions",
		"retention: {history: 3d, executions: 2d}":    "stile.yaml:1:22: retention.history is longer",
		"retention: {execution: 3d}":                  "stile.yaml:1:13: ",
		"retention: {executions: 99999999999999999d}": "stile.yaml:1:25: retention.executions must be",
	} {
		_, faults := Parse("stile.yaml", text)
		if len(faults) != 1 || !strings.HasPrefix(faults[0].String(), "error "+want) && !strings.Contains(faults[0].String(), want) {
			t.Errorf("%s: %v", text, faults)
		}
	}
}
