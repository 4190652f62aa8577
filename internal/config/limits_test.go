package config

import (
	"strings"
	"testing"
)

// TestRaisedLimits: AWS's limits may be raised, within bounds, and never lowered.
func TestRaisedLimits(t *testing.T) {
	for text, want := range map[string]string{
		"engine: { max-payload: 1048576, max-history: 100000 }": "",
		"engine: { max-payload: 1000 }":                         "engine.max-payload must be a whole number from 262144",
		"engine: { max-payload: 1e6 }":                          "engine.max-payload must be a whole number",
		"engine: { max-history: many }":                         "engine.max-history must be a whole number from 25000",
		"engine: { max-history: 99999999999999999999 }":         "engine.max-history must be a whole number",
	} {
		cfg, list := Parse("stile.yaml", "name: p\n"+text+"\n")
		if want == "" {
			if list.HasErrors() || cfg.Engine.MaxPayload != 1<<20 || cfg.Engine.MaxHistory != 100000 {
				t.Errorf("%s: %v, %+v", text, list, cfg.Engine)
			}
			continue
		}
		if len(list) != 1 || !strings.Contains(list[0].Message, want) {
			t.Errorf("%s: %v", text, list)
		}
	}
}
