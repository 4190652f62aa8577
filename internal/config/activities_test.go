package config

import (
	"strings"
	"testing"
)

func TestActivities(t *testing.T) {
	cfg, faults := Parse("stile.yaml", "activities: [pack, label_2, v1.x]\n")
	if len(faults) > 0 || len(cfg.Activities) != 3 || cfg.Activities[1] != (Activity{"label_2", 1, 20}) {
		t.Errorf("%+v %v", cfg.Activities, faults)
	}
	for text, want := range map[string]string{
		"activities: pack\n":                                 "1:13",
		"activities: [\"a b\"]\n":                            "1:14",
		"activities: [a, b, a]\n":                            "1:20",
		"activities:\n  - " + strings.Repeat("x", 81) + "\n": "2:5",
		"activities:\n  - { name: pack }\n":                  "2:5",
		"activities: [\"\"]\n":                               "1:14",
	} {
		_, faults := Parse("stile.yaml", text)
		if len(faults) != 1 || !strings.Contains(faults[0].String(), want) {
			t.Errorf("%q: %v, want one at %s", text, faults, want)
		}
	}
}
