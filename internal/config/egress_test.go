package config

import (
	"strings"
	"testing"
)

func TestEgress(t *testing.T) {
	c, faults := Parse("stile.yaml", `egress:
  - {host: API.example.com, roles: [order-role, refund-role], reason: "the bank has no gateway"}
  - {host: "*.example.com", roles: order-role, reason: partners}
  - {host: "*.eu.example.com", roles: order-role, reason: partners in Europe}
  - {host: api.example.com:443, roles: [third], reason: same port}
  - {host: "localhost:8443", roles: [order-role], reason: a test double, private: true}
  - {host: "[fd12::1]:8443", roles: [order-role], reason: inside, private: true}
  - {host: 8.8.8.8, roles: [order-role], reason: a literal}
`)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, tt := range []struct {
		host, role string
		line       int
	}{
		{"api.example.com", "order-role", 2}, {"Api.Example.Com:443", "refund-role", 2}, {"api.example.com", "third", 5}, {"api.example.com", "other", 0},
		{"api.example.com:8443", "order-role", 0}, {"www.example.com", "order-role", 3}, {"a.b.example.com", "order-role", 3}, {"example.com", "order-role", 0},
		{"x.eu.example.com", "order-role", 4}, {"badexample.com", "order-role", 0}, {"www.example.com", "refund-role", 0}, {"www.example.com.evil.net", "order-role", 0},
		{"localhost:8443", "order-role", 6}, {"localhost", "order-role", 0}, {"[fd12::1]:8443", "order-role", 7}, {"8.8.8.8", "order-role", 8},
		{".example.com", "order-role", 0}, {"", "order-role", 0}, {"api.example.com", "", 0}, {"www.example.com:8443", "order-role", 0},
	} {
		if e, ok := c.EgressTo(tt.host, tt.role); ok != (tt.line > 0) || e.Line != tt.line {
			t.Errorf("%s by %s: line %d, %v", tt.host, tt.role, e.Line, ok)
		}
	}
	if e := c.Egress[0]; e.Host != "api.example.com" || len(e.Roles) != 2 || e.Private || !c.Egress[4].Private {
		t.Errorf("%+v", c.Egress)
	}
	for host, want := range map[string]bool{"LocalHost:8443": true, "localhost": false, "[fd12::1]:8443": true, "api.example.com": false, "www.example.com": false, "": false} {
		if got := c.Inside(host); got != want {
			t.Errorf("%s is inside: %v", host, got)
		}
	}
}

func TestEgressFaults(t *testing.T) {
	for entry, want := range map[string]string{
		`{roles: [a], reason: r}`:                                         `has no "host"`,
		`{host: a.example, reason: r}`:                                    `has no "roles"`,
		`{host: a.example, roles: [], reason: r}`:                         "at least one role",
		`{host: a.example, roles: [""], reason: r}`:                       "at least one role",
		`{host: a.example, roles: [a]}`:                                   `has no "reason"`,
		`{host: a.example, roles: [a], reason: " "}`:                      "must not be empty",
		`{host: a.example, roles: [a], reason: "a\nb"}`:                   "one line",
		`{host: a.example, roles: [a], reason: r, privat: true}`:          `unknown key "privat"`,
		`{host: a.example, roles: [a], reason: r, private: "yes"}`:        "must be true or false",
		`{host: "https://a.example", roles: [a], reason: r}`:              "neither a host",
		`{host: a.example/x, roles: [a], reason: r}`:                      "neither a host",
		`{host: u@a.example, roles: [a], reason: r}`:                      "neither a host",
		`{host: "a.*.example", roles: [a], reason: r}`:                    "neither a host",
		`{host: "*", roles: [a], reason: r}`:                              "neither a host",
		`{host: a.example., roles: [a], reason: r}`:                       "neither a host",
		`{host: "a.example:", roles: [a], reason: r}`:                     "neither a host",
		`{host: "a.example:0", roles: [a], reason: r}`:                    "no port",
		`{host: "a.example:099", roles: [a], reason: r}`:                  "no port",
		`{host: "*.com", roles: [a], reason: r}`:                          "two names",
		`{host: "*.8.8.8.8", roles: [a], reason: r}`:                      "two names",
		`{host: "*.a.example", roles: [a], reason: r, private: true}`:     "written out",
		`{host: 127.1, roles: [a], reason: r}`:                            "no IP address",
		`{host: "0x7f000001", roles: [a], reason: r}`:                     "no IP address",
		`{host: "2130706433:8443", roles: [a], reason: r}`:                "no IP address",
		`{host: 10.0.0.1, roles: [a], reason: r}`:                         "not a public one",
		`{host: localhost, roles: [a], reason: r}`:                        "not a public one",
		`{host: 169.254.169.254, roles: [a], reason: r, private: true}`:   "metadata service",
		`{host: "[fd00:ec2::254]", roles: [a], reason: r, private: true}`: "metadata service",
	} {
		_, faults := Parse("stile.yaml", "egress:\n  - "+entry+"\n")
		if len(faults) != 1 || !strings.Contains(faults[0].Message, want) || faults[0].Line != 2 || faults[0].Column < 5 {
			t.Errorf("%s: %v", entry, faults)
		}
	}
	_, faults := Parse("stile.yaml", "egress:\n  - {host: a.example, roles: [a, b], reason: r}\n  - {host: A.example:443, roles: [b], reason: r}\n")
	if len(faults) != 1 || faults[0].Line != 3 || !strings.Contains(faults[0].Message, "role b") {
		t.Errorf("twice: %v", faults)
	}
}
