package config

import (
	"strings"
	"testing"
)

func TestOverload(t *testing.T) {
	for text, want := range map[string]struct {
		off   bool
		fault string
	}{
		"name: p":                     {false, ""},
		"limits: {overload: on}":      {false, ""},
		"limits: {overload: true}":    {false, ""},
		"limits: {overload: off}":     {true, ""},
		"limits: {overload: false}":   {true, ""},
		"limits: {overload: 100}":     {false, "1:20: limits.overload is on or off"},
		"limits: {overload: [off]}":   {false, "1:20: limits.overload is on or off"},
		"limits: {overlaod: off}":     {false, `1:10: unknown key "overlaod"`},
		"limits: off":                 {false, "1:9: limits must be a map"},
		"limits: {overload: \"Off\"}": {false, "limits.overload is on or off"},
	} {
		cfg, faults := Parse("stile.yaml", text+"\n")
		switch {
		case want.fault != "":
			if len(faults) != 1 || !strings.Contains(faults[0].String(), want.fault) {
				t.Errorf("%s: %v, want %s", text, faults, want.fault)
			}
		case faults.HasErrors() || cfg.NoOverload != want.off:
			t.Errorf("%s: %v, off is %v", text, faults, cfg.NoOverload)
		}
	}
}
