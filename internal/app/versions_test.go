package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/diag"
	"stile/internal/audit"
	"stile/internal/engine"
	"stile/internal/identity"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

const ends = `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`

// TestAVersionKeepsTheRoleItWasPublishedWith: a state of a version's execution may
// what the role of its publication may, as that role stands now, whatever role the
// state machine has got since; the folder that wins over the machine leaves its
// versions alone.
func TestAVersionKeepsTheRoleItWasPublishedWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nesting(t, calls("", "", ""), ends, mayStart)
		publish := func() string {
			v, err := n.host.PublishStateMachineVersion(t.Context(), sfn.NewVersion{StateMachineARN: parentARN})
			if err != nil {
				t.Fatal(err)
			}
			return v.ARN
		}
		check := func(what, machine, role string, allowed bool) {
			t.Helper()
			x := n.describe(n.start(machine, sfn.Start{}))
			name, _ := sfn.RoleName(x.RoleARN)
			switch {
			case name != role:
				t.Errorf("%s: it runs with %s", what, name)
			case allowed && x.Status != sfn.Succeeded:
				t.Errorf("%s: %+v", what, x)
			case !allowed && (x.Status != sfn.Failed || *x.Error != "States.Permissions" || !strings.Contains(*x.Cause, role+".json")):
				t.Errorf("%s: %+v", what, x)
			}
		}
		first := publish()
		// The machine gets a role that may not start the child.
		other := "arn:aws:iam::111111111111:role/child-role"
		if _, err := n.host.UpdateStateMachine(t.Context(), parentARN, sfn.StateMachineUpdate{RoleARN: &other}); err != nil {
			t.Fatal(err)
		}
		second := publish()
		if _, err := n.host.CreateStateMachineAlias(t.Context(), sfn.NewAlias{Name: "PROD", Routing: []sfn.Route{{VersionARN: first, Weight: 100}}}); err != nil {
			t.Fatal(err)
		}
		check("the machine", parentARN, "child-role", false)
		check("its version before that", first, "parent-role", true)
		check("the alias of it", parentARN+":PROD", "parent-role", true)
		check("its version since", second, "child-role", false)
		// A restart on the folder gives the machine its file's role again.
		n.close()
		n.open()
		s := &server{host: n.host, log: slog.New(slog.DiscardHandler)}
		s.opts.Account, s.opts.Region = "111111111111", "us-east-1"
		if err := s.takeMachines(t.Context(), n.project.StateMachines); err != nil {
			t.Fatal(err)
		}
		check("the machine, as its file says", parentARN, "parent-role", true)
		check("the second version, still", second, "child-role", false)
		check("the alias, still", parentARN+":PROD", "parent-role", true)
		// What the role may is read as it stands: it loses the permission, the other gets it.
		for name, text := range map[string]string{"parent-role": denying, "child-role": mayStart} {
			role, faults := identity.ParseRole(diag.NewSource("roles/"+name+".json", text))
			if role == nil {
				t.Fatal(faults)
			}
			n.project.roles[name] = role
		}
		check("a version whose role lost a permission", first, "parent-role", false)
		check("a version whose role got it", second, "child-role", true)
	})
}

// TestAStateStartsAVersionOrAnAlias where its role may: by the ARN that it names, that
// of the state machine, or the machine's name.
func TestAStateStartsAVersionOrAnAlias(t *testing.T) {
	grant := func(resource string) string { return strings.Replace(mayStart, "stateMachine/child", resource, 1) }
	for name, c := range map[string]struct {
		qualifier, role string
		allowed         bool
	}{
		"a version, by the name":      {":1", mayStart, true},
		"an alias, by the name":       {":PROD", mayStart, true},
		"an alias, by its ARN":        {":PROD", grant(childARN + ":PROD"), true},
		"an alias, by the machine's":  {":PROD", grant(childARN), true},
		"a version, by an alias' ARN": {":1", grant(childARN + ":PROD"), false},
		"the machine, by an alias'":   {"", grant(childARN + ":PROD"), false},
		"an alias that is denied": {":PROD", strings.Replace(mayStart, "\n  ]",
			",\n    {\"Effect\": \"Deny\", \"Action\": \"states:StartExecution\", \"Resource\": \""+childARN+":PROD\"}\n  ]", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent := strings.Replace(calls(".sync:2", "", ""), childARN, childARN+c.qualifier, 1)
				n := nesting(t, parent, ends, c.role)
				v, err := n.host.PublishStateMachineVersion(t.Context(), sfn.NewVersion{StateMachineARN: childARN})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := n.host.CreateStateMachineAlias(t.Context(), sfn.NewAlias{Name: "PROD", Routing: []sfn.Route{{VersionARN: v.ARN, Weight: 100}}}); err != nil {
					t.Fatal(err)
				}
				x := n.describe(n.start(parentARN, sfn.Start{}))
				if !c.allowed {
					if x.Status != sfn.Failed || *x.Error != "States.Permissions" || len(n.children()) != 0 {
						t.Errorf("%+v", x)
					}
					return
				}
				alias := ""
				if c.qualifier == ":PROD" {
					alias = childARN + ":PROD"
				}
				if x.Status != sfn.Succeeded || member(x.Output, "StateMachineVersionArn") != v.ARN ||
					member(x.Output, "StateMachineAliasArn") != alias || member(x.Output, "StateMachineArn") != childARN {
					t.Errorf("%s: %s", x.Status, x.Output.Text())
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		n := nesting(t, strings.Replace(calls("", "", ""), childARN, childARN+":9", 1), ends, mayStart)
		if x := n.describe(n.start(parentARN, sfn.Start{})); x.Status != sfn.Failed || *x.Error != "StepFunctions.StateMachineDoesNotExistException" ||
			!strings.Contains(*x.Cause, childARN+":9") {
			t.Errorf("a version that is not there: %+v", x)
		}
	})
}

// TestChangesOfVersionsAreRecorded, and answered only where the record is written.
func TestChangesOfVersionsAreRecorded(t *testing.T) {
	for _, full := range []bool{false, true} {
		var store audit.Store = auditKV{memkv.New(nil)}
		if full {
			store = brokenStore{auditKV{memkv.New(nil)}}
		}
		book, err := audit.Open(store, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		host, err := engine.Open(engine.Config{Store: memkv.New(nil), Account: "111111111111", Region: "us-east-1", Tasks: idle{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = host.Close(context.Background()) })
		a := &auditor{book: book, log: slog.New(slog.DiscardHandler), keys: host.TokenKeys}
		h, ctx := a.host(host, "aws"), identity.WithCaller(t.Context(), identity.Caller{Kind: identity.KindUser, ID: "ada", Via: "api"})
		made, err := host.CreateStateMachine(ctx, sfn.NewStateMachine{Name: "m", Definition: ends, RoleARN: "arn:aws:iam::111111111111:role/r"})
		if err != nil {
			t.Fatal(err)
		}
		text := "d"
		routes := []sfn.Route{{VersionARN: made.ARN + ":1", Weight: 100}}
		_, published := h.PublishStateMachineVersion(ctx, sfn.NewVersion{StateMachineARN: made.ARN})
		_, created := h.CreateStateMachineAlias(ctx, sfn.NewAlias{Name: "A", Routing: routes})
		_, updated := h.UpdateStateMachineAlias(ctx, made.ARN+":A", sfn.AliasUpdate{Description: &text})
		for i, err := range []error{published, created, updated, h.DeleteStateMachineAlias(ctx, made.ARN+":A"), h.DeleteStateMachineVersion(ctx, made.ARN+":1"),
			h.TagResource(ctx, made.ARN, []sfn.Tag{{Key: "k"}}), h.UntagResource(ctx, made.ARN, []string{"k"})} {
			if full != errors.Is(err, errFull) || !full && err != nil {
				t.Errorf("%d, disk full %v: %v", i, full, err)
			}
		}
	}
}
