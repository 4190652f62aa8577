package config

import (
	"slices"
	"testing"
)

func TestTrustedHops(t *testing.T) {
	c, faults := Parse("stile.yaml", "trusted-hops: [10.0.0.0/8, 192.0.2.1, \"fd00::/8\"]\n")
	if len(faults) != 0 {
		t.Fatal(faults)
	}
	var got []string
	for _, p := range c.TrustedHops {
		got = append(got, p.String())
	}
	if !slices.Equal(got, []string{"10.0.0.0/8", "192.0.2.1/32", "fd00::/8"}) {
		t.Error(got)
	}
	for entry, hint := range map[string]string{
		"proxy":             "write for example 10.0.0.0/8",
		"10.0.0.1/8":        "write 10.0.0.0/8",
		"0.0.0.0/0":         "name the proxies that stand before the gateway",
		"::/0":              "name the proxies that stand before the gateway",
		"::ffff:10.0.0.1":   "write for example 10.0.0.0/8",
		"fe80::1%eth0":      "write for example 10.0.0.0/8",
		"[10.0.0.0/8]":      "",
		"10.0.0.0/8 extern": "write for example 10.0.0.0/8",
	} {
		_, faults := Parse("stile.yaml", "trusted-hops:\n  - "+quoteYAML(entry)+"\n")
		if len(faults) != 1 || hint != "" && faults[0].Hint != hint || faults[0].Line != 2 {
			t.Errorf("%s: %v", entry, faults)
		}
	}
}

func quoteYAML(s string) string {
	if s[0] == '[' {
		return s
	}
	return "'" + s + "'"
}
