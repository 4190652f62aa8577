package config

import (
	"strings"
	"testing"
)

func TestDisk(t *testing.T) {
	for text, want := range map[string]string{
		"{ low: 512MiB, reserve: 1GiB }": "",
		"{ low: 512 MiB, reserve: 0 }":   "",
		"{ low: 15MiB }":                 "engine.disk.low must be a size of 16MiB or more",
		"{ low: 512 }":                   "engine.disk.low must be a size",
		"{ reserve: -1MiB }":             "engine.disk.reserve must be a size of 1MiB or more",
		"{ reserve: 99999999999GiB }":    "engine.disk.reserve must be a size",
		"{ high: 1GiB }":                 `key "high"`,
	} {
		cfg, list := Parse("stile.yaml", "name: p\nengine: { disk: "+text+" }\n")
		if want == "" {
			e := cfg.Engine
			if list.HasErrors() || e.DiskLow != 512<<20 || e.NoDiskReserve == (e.DiskReserve == 1<<30) {
				t.Errorf("%s: %v, %+v", text, list, e)
			}
			continue
		}
		if len(list) != 1 || !strings.Contains(list[0].Message, want) {
			t.Errorf("%s: %v", text, list)
		}
	}
}
