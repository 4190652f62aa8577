package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"stile/internal/connections"
	"stile/internal/eventsapi"
)

// pinned are connections partner and second, which no cell of the matrix changes.
type pinned struct{}

func pinnedOne(name string) (connections.Connection, error) {
	return connections.Connection{Name: name, State: connections.Authorized}, nil
}

func (pinned) CreateConnection(_ context.Context, in connections.New) (connections.Connection, error) {
	return pinnedOne(in.Name)
}
func (pinned) UpdateConnection(_ context.Context, u connections.Update) (connections.Connection, error) {
	return pinnedOne(u.Name)
}
func (pinned) DeleteConnection(_ context.Context, name string) (connections.Connection, error) {
	return pinnedOne(name)
}
func (pinned) DeauthorizeConnection(_ context.Context, name string) (connections.Connection, error) {
	return pinnedOne(name)
}
func (pinned) DescribeConnection(_ context.Context, name string) (connections.Connection, error) {
	return pinnedOne(name)
}
func (pinned) ListConnections(context.Context, connections.Query) ([]connections.Connection, string, error) {
	return []connections.Connection{{Name: "partner"}, {Name: "second"}}, "", nil
}

// TestPermissionMatrixOfConnections: every role and scope against every action of
// EventBridge's API on connections.
func TestPermissionMatrixOfConnections(t *testing.T) {
	statement := func(effect, action, resource string) string {
		return fmt.Sprintf(`{"Effect":%q,"Action":%s,"Resource":%s}`, effect, action, resource)
	}
	role := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	rest := map[string]string{"CreateConnection": `,"AuthorizationType":"BASIC","AuthParameters":{}`, "UpdateConnection": "", "DeleteConnection": "",
		"DeauthorizeConnection": "", "DescribeConnection": ""}
	roles := map[string]string{
		"all":         role(statement("Allow", `"*"`, `"**"`)),
		"none":        role(),
		"states":      role(statement("Allow", `"states:*"`, `"**"`)),
		"events":      role(statement("Allow", `"events:*"`, `"**"`)),
		"partner":     role(statement("Allow", `"events:*"`, `"connection/partner"`)),
		"partner-arn": role(statement("Allow", `"EVENTS:*"`, `"arn:aws:events:*:*:connection/partner"`)),
		"elsewhere":   role(statement("Allow", `"events:*"`, `"arn:aws:events:eu-west-1:*:connection/partner"`)),
		"readers":     role(statement("Allow", `["events:Describe*","events:List*"]`, `"connection/*"`)),
		"not-partner": role(statement("Allow", `"events:*"`, `"**"`), statement("Deny", `"events:*"`, `"connection/partner"`)),
	}
	for action := range rest {
		roles["only-"+action] = role(statement("Allow", `"events:`+action+`"`, `"connection/*"`))
	}
	var grants []grant
	var people []person
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		for i, scope := range []string{"", "connection/partner", "connection/second", "stateMachine/order"} {
			p := person{principal: fmt.Sprintf("user:%s-%d", name, i)}
			grants, people = append(grants, grant{principal: p.principal, role: name, scope: scope}), append(people, p)
		}
	}
	people = append(people, person{principal: "user:nobody-knows"})
	m := newMatrix(t, roles, grants)
	api := eventsapi.New(eventsapi.Config{Connections: pinned{}, Permissions: m.access, Account: "111111111111", Region: "us-east-1", NewID: newGUID})
	for _, p := range people {
		seesAny := false
		_, list := m.ask(api, p, "POST", "/", "{}", "X-Amz-Target", eventsapi.Prefix+"ListConnections")
		for _, name := range []string{"partner", "second"} {
			resources := connections.Resources("us-east-1", "111111111111", name)
			sees := m.oracle.allows(p, "events:ListConnections", resources...)
			seesAny = seesAny || sees
			m.cell("list", p, "sees "+name, strings.Contains(list, `"Name":"`+name+`"`), sees)
			for action, more := range rest {
				told := m.told
				_, answer := m.ask(api, p, "POST", "/", `{"Name":"`+name+`"`+more+`}`, "X-Amz-Target", eventsapi.Prefix+action)
				denied := strings.Contains(answer, `"__type":"AccessDeniedException"`)
				m.cell("events", p, action+" "+name, !denied, m.oracle.allows(p, "events:"+action, resources...))
				if denied && !strings.Contains(answer, "User: "+p.principal+" is not authorized to perform: events:"+action+" on resource: "+resources[0]+" ") || (m.told > told) != denied {
					t.Errorf("%s %s: %s, told of %d", p.principal, action, answer, m.told-told)
				}
			}
		}
		if seesAny && strings.Contains(list, "AccessDenied") {
			t.Errorf("%s sees no list: %s", p.principal, list)
		}
	}
	t.Logf("%d cells", m.cells["events"]+m.cells["list"])
}
