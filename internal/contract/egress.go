package contract

import (
	"slices"
	"strings"

	"stile/asl"
	"stile/diag"
)

// Egress is a host past the gateway that states of some roles may call.
type Egress struct {
	// Host is host[:port], or *. and a domain.
	Host   string
	Roles  []string
	Reason string
	File   string
	Line   int
	Column int
}

func (e Egress) place() [2]int { return [2]int{e.Line, e.Column} }

// leaves judges a Task whose target is not mapped.
func (c *checker) leaves(m Machine, s *asl.State, target string) {
	host := strings.TrimSuffix(strings.ToLower(strings.TrimPrefix(target, "https://")), ":443")
	exit, ok := Egress{}, false
	if c.p.Exit != nil {
		exit, ok = c.p.Exit(host, m.RoleName)
	}
	if !ok {
		who, role := "role "+m.RoleName, m.RoleName
		if role == "" {
			who, role = "its role", "ROLE"
		}
		c.warn(m, s, CodeHost, "state "+s.Name+" calls "+target+", which stile.yaml neither maps nor lets "+who+
			" call: its calls fail with States.Permissions",
			"write under map: \""+target+"\": { gateway: self }, or under egress: - {host: \""+host+"\", roles: ["+role+"], reason: \"why\"}")
		return
	}
	c.used[exit.place()] = true
	c.say(m, s, diag.Note, CodeListed, "state "+s.Name+" calls "+target+" past the gateway, as egress lets role "+m.RoleName+": "+exit.Reason,
		"no policy, limit or permission applies to it, and each call is in the audit as ungoverned")
}

// undecided notes a Task whose address its input decides: what its role may reach.
func (c *checker) undecided(m Machine, s *asl.State) {
	if s.Task.Service != "http" && s.Task.Service != "apigateway" {
		return
	}
	var hosts []string
	for _, e := range c.p.Egress {
		if slices.Contains(e.Roles, m.RoleName) {
			c.used[e.place()] = true
			hosts = append(hosts, e.Host)
		}
	}
	if len(hosts) > 0 {
		c.say(m, s, diag.Note, CodeListed, "state "+s.Name+" calls an address that its input decides: egress lets role "+m.RoleName+
			" reach "+strings.Join(hosts, ", ")+" past the gateway", "every other host that is not mapped is refused")
	}
}

// idle warns of egress entries that no Task uses.
func (c *checker) idle() {
	for _, e := range c.p.Egress {
		if !c.used[e.place()] && len(e.Roles) > 0 { // an entry without roles is a fault of its own
			c.out = append(c.out, diag.Diagnostic{Code: CodeIdle, Severity: diag.Warning, File: e.File, Line: e.Line, Column: max(e.Column, 1),
				Message: "no state of role " + strings.Join(e.Roles, ", ") + " calls " + e.Host + ", which egress lets out",
				Hint:    "remove the entry: what is listed may be called"})
		}
	}
}
