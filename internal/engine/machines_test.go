package engine

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

func TestCreateIsIdempotent(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		in := sfn.NewStateMachine{Name: "m", RoleARN: role, Definition: state(passState), Logging: jsonval.MustParse(`{"level":"OFF"}`)}
		first, err := h.CreateStateMachine(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		same := in
		same.RoleARN, same.Tags = role+"2", []sfn.Tag{{Key: "a", Value: "b"}}
		if got, err := h.CreateStateMachine(t.Context(), same); err != nil || got.ARN != first.ARN || !got.Created.Equal(first.Created) || got.RoleARN != role {
			t.Errorf("again: %+v, %v", got, err)
		}
		for name, f := range map[string]func(*sfn.NewStateMachine){
			"definition": func(n *sfn.NewStateMachine) { n.Definition = state(waitState(1)) },
			"logging":    func(n *sfn.NewStateMachine) { n.Logging = jsonval.MustParse(`{"level":"ALL"}`) },
			"tracing":    func(n *sfn.NewStateMachine) { n.Tracing = jsonval.MustParse(`{"enabled":true}`) },
		} {
			other := in
			f(&other)
			if _, err := h.CreateStateMachine(t.Context(), other); code(err) != "StateMachineAlreadyExists" {
				t.Errorf("other %s: %v", name, err)
			}
		}
		in.Definition = `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}`
		if _, err := h.CreateStateMachine(t.Context(), in); code(err) != "InvalidDefinition" {
			t.Errorf("bad definition: %v", err)
		}
		in.Definition, in.Name, in.Type = state(passState), "e", sfn.Express
		quick, err := h.CreateStateMachine(t.Context(), in)
		if err != nil || quick.Type != sfn.Express {
			t.Errorf("express: %+v, %v", quick, err)
		}
	})
}

// TestExpressMachinesAreKeptAndNotRun: the engine holds them, tells another host what
// a start means, and neither starts nor lists executions.
func TestExpressMachinesAreKeptAndNotRun(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		logging := jsonval.MustParse(`{"includeExecutionData":true,"level":"ALL"}`)
		made, err := h.CreateStateMachine(t.Context(), sfn.NewStateMachine{Name: "quick", Type: sfn.Express, Definition: state(passState), RoleARN: role,
			Publish: true, Logging: logging})
		if err != nil || h.Type(made.ARN) != sfn.Express || h.Type(made.VersionARN) != sfn.Express || h.Type(made.ARN+"-not") != "" {
			t.Fatalf("%+v, %v", made, err)
		}
		if got := h.Logging(made.ARN); !jsonval.Equal(got, logging) || h.Logging(made.ARN+"-not").Exists() {
			t.Errorf("logging: %s", got.Text())
		}
		if _, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: made.ARN}); code(err) != "StateMachineTypeNotSupported" {
			t.Errorf("start: %v", err)
		}
		if _, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{StateMachineARN: made.ARN}); code(err) != "StateMachineTypeNotSupported" {
			t.Errorf("list: %v", err)
		}
		in := sfn.Start{StateMachineARN: made.VersionARN}
		m, revision, p, err := h.Starting(&in)
		if err != nil || in.VersionARN != made.VersionARN || in.StateMachineARN != made.ARN || m.RoleARN != role || len(p.States) != 1 {
			t.Errorf("%+v %+v, %v", in, m, err)
		}
		if again, err := h.Revision(made.ARN, revision); err != nil || again != p {
			t.Errorf("revision %d: %v", revision, err)
		}
		activity := `{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:us-east-1:111111111111:activity:a","End":true}}}`
		if _, err := h.UpdateStateMachine(t.Context(), made.ARN, sfn.StateMachineUpdate{Definition: &activity}); code(err) != "InvalidDefinition" {
			t.Errorf("an activity: %v", err)
		}
	})
}

type noRole struct{}

func (noRole) CheckRole(_ context.Context, arn string) error {
	if arn == role {
		return nil
	}
	return &sfn.Error{Code: "AccessDeniedException", Message: arn}
}

func TestRolesAreAsked(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil, func(c *Config) { c.Roles = noRole{} })
		other := role + "2"
		if _, err := h.CreateStateMachine(t.Context(), sfn.NewStateMachine{Name: "m", RoleARN: other, Definition: state(passState)}); code(err) != "AccessDeniedException" {
			t.Errorf("create: %v", err)
		}
		if _, err := h.UpdateStateMachine(t.Context(), create(t, h, "m", state(passState)), sfn.StateMachineUpdate{RoleARN: &other}); code(err) != "AccessDeniedException" {
			t.Errorf("update: %v", err)
		}
	})
}

func TestUpdateKeepsRunningExecutions(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		old := `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"Next":"P"},"P":{"Type":"Pass","Result":"old","End":true}}}`
		now := `{"StartAt":"P","States":{"P":{"Type":"Pass","Result":"new","End":true}}}`
		m := create(t, h, "m", old)
		a := start(t, h, m, "a", "{}")
		time.Sleep(time.Second)
		role2 := role + "2"
		u, err := h.UpdateStateMachine(t.Context(), m, sfn.StateMachineUpdate{Definition: &now, RoleARN: &role2})
		if err != nil || u.RevisionID == "" || !u.Updated.After(u.Created) {
			t.Fatalf("%+v, %v", u, err)
		}
		b := start(t, h, m, "b", "{}")
		shut(t, h)
		h = host(t, store, nil)
		if x := ends(t, h, a); x.Output.Text() != `"old"` || x.RoleARN != role {
			t.Errorf("running: %+v", x)
		}
		if x := ends(t, h, b); x.Output.Text() != `"new"` || x.RoleARN != role2 {
			t.Errorf("new: %+v", x)
		}
		for arn, want := range map[string]string{a: old, b: now} {
			if d, err := h.DescribeStateMachineForExecution(t.Context(), arn); err != nil || d.Definition != want {
				t.Errorf("for %s: %s, %v", arn, d.Definition, err)
			}
		}
		d, err := h.DescribeStateMachine(t.Context(), m)
		if err != nil || d.Definition != now || d.RevisionID != u.RevisionID || d.Status != "ACTIVE" {
			t.Errorf("%+v, %v", d, err)
		}
		if v, err := h.UpdateStateMachine(t.Context(), m, sfn.StateMachineUpdate{Definition: &now}); err != nil || v.RevisionID != u.RevisionID {
			t.Errorf("an update that changes nothing: %+v, %v", v, err)
		}
		if _, err := h.UpdateStateMachine(t.Context(), m+"x", sfn.StateMachineUpdate{Definition: &now}); code(err) != "StateMachineDoesNotExist" {
			t.Errorf("none: %v", err)
		}
	})
}

func TestDelete(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", state(waitState(5)))
		a, b := start(t, h, m, "a", "{}"), start(t, h, m, "b", "{}")
		for range 2 {
			if err := h.DeleteStateMachine(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if d, err := h.DescribeStateMachine(t.Context(), m); err != nil || d.Status != "DELETING" {
				t.Errorf("%+v, %v", d, err)
			}
		}
		_, startErr := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m})
		_, createErr := h.CreateStateMachine(t.Context(), sfn.NewStateMachine{Name: "m", Definition: state(passState)})
		_, updateErr := h.UpdateStateMachine(t.Context(), m, sfn.StateMachineUpdate{})
		for _, err := range []error{startErr, createErr, updateErr} {
			if code(err) != "StateMachineDeleting" {
				t.Errorf("on a machine that is being deleted: %v", err)
			}
		}
		if _, err := h.StopExecution(t.Context(), a, "", ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		shut(t, h)
		h = host(t, store, nil)
		if x := ends(t, h, b); x.Status != sfn.Succeeded {
			t.Errorf("running ones go on: %+v", x)
		}
		synctest.Wait()
		if _, err := h.DescribeStateMachine(t.Context(), m); code(err) != "StateMachineDoesNotExist" {
			t.Errorf("after the last one's end: %v", err)
		}
		if err := h.DeleteStateMachine(t.Context(), m); err != nil {
			t.Errorf("delete what is gone: %v", err)
		}
		create(t, h, "m", state(passState))
		if d, err := h.DescribeStateMachineForExecution(t.Context(), b); err != nil || d.Definition != state(waitState(5)) {
			t.Errorf("an old execution after a new creation: %s, %v", d.Definition, err)
		}
		if x := ends(t, h, start(t, h, m, "c", "{}")); x.Status != sfn.Succeeded {
			t.Errorf("%+v", x)
		}
	})
}

func TestListStateMachines(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		for i := range 7 {
			create(t, h, fmt.Sprint("m", 6-i), state(passState))
		}
		var names []string
		token := ""
		for page := 0; page == 0 || token != ""; page++ {
			list, next, err := h.ListStateMachines(t.Context(), sfn.Page{Max: 3, Token: token})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				names = append(names, m.Name)
			}
			token = next
		}
		if !slices.Equal(names, []string{"m0", "m1", "m2", "m3", "m4", "m5", "m6"}) {
			t.Error(names)
		}
		if _, _, err := h.ListStateMachines(t.Context(), sfn.Page{Token: "nonsense"}); code(err) != "InvalidToken" {
			t.Errorf("token: %v", err)
		}
	})
}
