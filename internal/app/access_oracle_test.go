package app

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// oracle judges as docs/permissions.md says, from the roles' text, with nothing of
// the product: its patterns are regular expressions, its scopes lists of segments.
type oracle struct {
	roles       map[string][]oracleStatement
	assignments []grant
}

type oracleStatement struct {
	Effect           string
	Action, Resource any // a text or a list of them
}

// grant is one line of assignments.yaml.
type grant struct{ principal, provider, role, scope string }

// person is who asks, as the provider says.
type person struct {
	principal, provider string
	groups              []string
}

func newOracle(t *testing.T, roles map[string]string, assignments []grant) *oracle {
	t.Helper()
	o := &oracle{roles: map[string][]oracleStatement{}, assignments: assignments}
	for name, text := range roles {
		var doc struct{ Statement []oracleStatement }
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(name, err)
		}
		o.roles[name] = doc.Statement
	}
	return o
}

func list(v any) (out []string) {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	for _, s := range v.([]any) {
		out = append(out, s.(string))
	}
	return out
}

func pattern(p string, segments bool) *regexp.Regexp {
	re := regexp.QuoteMeta(p)
	re = strings.ReplaceAll(re, `\*\*`, "\x00")
	one := ".*"
	if segments {
		one = "[^/:]*"
	}
	re = strings.ReplaceAll(strings.ReplaceAll(re, `\*`, one), "\x00", ".*")
	return regexp.MustCompile("(?s)^" + re + "$")
}

func (s oracleStatement) about(action string, names []string) bool {
	acts, hits := false, len(names) == 0
	for _, a := range list(s.Action) {
		acts = acts || pattern(strings.ToLower(a), false).MatchString(strings.ToLower(action))
	}
	for _, r := range list(s.Resource) {
		for _, name := range names {
			hits = hits || pattern(r, true).MatchString(name)
		}
	}
	return acts && hits
}

// within: each segment of the scope is the thing's.
func within(scope string, names []string) bool {
	if scope == "" || scope == "**" {
		return true
	}
	for _, name := range names {
		s, n := strings.Split(scope, "/"), strings.Split(name, "/")
		if len(n) >= len(s) && strings.Join(n[:len(s)], "/") == scope {
			return true
		}
	}
	return false
}

func (o *oracle) holds(p person, g grant) bool {
	if g.provider != "" && g.provider != p.provider {
		return false
	}
	if id, ok := strings.CutPrefix(g.principal, "group:"); ok {
		for _, group := range p.groups {
			if group == id {
				return true
			}
		}
		return false
	}
	return p.principal != "" && g.principal == p.principal
}

// allows: any Allow, and no Deny, among what the person holds there.
func (o *oracle) allows(p person, action string, names ...string) bool {
	allowed := false
	for _, g := range o.assignments {
		if !o.holds(p, g) || !within(g.scope, names) {
			continue
		}
		for _, s := range o.roles[g.role] {
			if s.about(action, names) {
				if s.Effect == "Deny" {
					return false
				}
				allowed = true
			}
		}
	}
	return allowed
}

// anywhere: some Allow of the action, wherever.
func (o *oracle) anywhere(p person, action string) bool {
	for _, g := range o.assignments {
		for _, s := range o.roles[g.role] {
			if o.holds(p, g) && s.Effect == "Allow" && s.about(action, nil) {
				return true
			}
		}
	}
	return false
}

// roleAllows is what a state machine's states may do: no assignment is asked.
func (o *oracle) roleAllows(role, action string, names ...string) bool {
	allowed := false
	for _, s := range o.roles[role] {
		if s.about(action, names) {
			if s.Effect == "Deny" {
				return false
			}
			allowed = true
		}
	}
	return allowed
}
