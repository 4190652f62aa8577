package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/machines"
	"stile/internal/kv"
	"stile/internal/kv/kvtest"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

func aliased(t *testing.T, h *Host, name string, routes ...sfn.Route) sfn.Alias {
	t.Helper()
	a, err := h.CreateStateMachineAlias(t.Context(), sfn.NewAlias{Name: name, Routing: routes})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func aliasNames(t *testing.T, h *Host, arn string, size int) (out []string) {
	t.Helper()
	p := sfn.Page{Max: size}
	for first := true; first || p.Token != ""; first = false {
		list, next, err := h.ListStateMachineAliases(t.Context(), arn, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			out = append(out, a.Name)
		}
		p.Token = next
	}
	return out
}

// twoVersions makes a machine with versions 1 and 2, which give their numbers.
func twoVersions(t *testing.T, h *Host) string {
	m := create(t, h, "m", result("1"))
	publish(t, h, sfn.NewVersion{StateMachineARN: m})
	revise(t, h, m, result("2"))
	publish(t, h, sfn.NewVersion{StateMachineARN: m})
	revise(t, h, m, result("3"))
	return m
}

func TestAnAliasStartsByWeight(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil, seededBy(7))
		m := twoVersions(t, h)
		a := aliased(t, h, "PROD", sfn.Route{VersionARN: m + ":1", Weight: 80}, sfn.Route{VersionARN: m + ":2", Weight: 20})
		count := func(n int, tag string) map[string]int {
			got := map[string]int{}
			for i := range n {
				time.Sleep(time.Millisecond)
				x := ends(t, h, start(t, h, a.ARN, fmt.Sprint(tag, i), "{}"))
				if x.VersionARN != m+":"+x.Output.Text() || x.AliasARN != a.ARN || x.StateMachineARN != m {
					t.Fatalf("%+v", x)
				}
				got[x.Output.Text()]++
			}
			return got
		}
		const n = 500
		if got := count(n, "a"); math.Abs(float64(got["1"])-0.8*n) > 4*math.Sqrt(0.16*n) || got["1"]+got["2"] != n {
			t.Errorf("80 and 20 percent of %d: %v", n, got)
		}
		if d, err := h.DescribeStateMachine(t.Context(), a.ARN); err != nil || d.ARN != m+":1" || d.Definition != result("1") {
			t.Errorf("%+v, %v", d, err)
		}
		time.Sleep(time.Minute)
		u, err := h.UpdateStateMachineAlias(t.Context(), a.ARN, sfn.AliasUpdate{Routing: []sfn.Route{{VersionARN: m + ":1", Weight: 0}, {VersionARN: m + ":2", Weight: 100}}})
		if err != nil || !u.Updated.After(u.Created) || !u.Created.Equal(a.Created) {
			t.Errorf("%+v, %v", u, err)
		}
		if got := count(50, "b"); got["2"] != 50 {
			t.Errorf("0 and 100: %v", got)
		}
		one := pages(t, h, sfn.ListExecutions{StateMachineARN: m + ":1", Page: sfn.Page{Max: 100}})
		two := pages(t, h, sfn.ListExecutions{StateMachineARN: m + ":2", Status: sfn.Succeeded, Page: sfn.Page{Max: 7}})
		all := pages(t, h, sfn.ListExecutions{StateMachineARN: a.ARN, Page: sfn.Page{Max: 100}})
		machine := pages(t, h, sfn.ListExecutions{StateMachineARN: m, Page: sfn.Page{Max: 100}})
		both := slices.Sorted(slices.Values(append(slices.Clone(one), two...)))
		if len(all) != n+50 || !slices.Equal(all, machine) || !slices.Equal(both, slices.Sorted(slices.Values(all))) || two[0] != "b49" {
			t.Errorf("listed %d by the alias, %d and %d by its versions, %d by the machine", len(all), len(one), len(two), len(machine))
		}
		for _, arn := range []string{m + ":9", m + ":TEST"} {
			if _, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{StateMachineARN: arn}); code(err) != "StateMachineDoesNotExist" {
				t.Errorf("%s: %v", arn, err)
			}
		}
		// The same start again is the same execution, whatever the alias chooses now.
		w := create(t, h, "w", state(waitState(60)))
		publish(t, h, sfn.NewVersion{StateMachineARN: w})
		revise(t, h, w, state(waitState(61)))
		publish(t, h, sfn.NewVersion{StateMachineARN: w})
		b := aliased(t, h, "B", sfn.Route{VersionARN: w + ":1", Weight: 50}, sfn.Route{VersionARN: w + ":2", Weight: 50})
		for range 20 {
			start(t, h, b.ARN, "same", "{}")
		}
	})
}

func TestAliases(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := twoVersions(t, h)
		in := sfn.NewAlias{Name: "PROD", Description: "d", Routing: []sfn.Route{{VersionARN: m + ":1", Weight: 100}}}
		first, err := h.CreateStateMachineAlias(t.Context(), in)
		if err != nil || first.ARN != m+":PROD" {
			t.Fatal(first, err)
		}
		time.Sleep(time.Second)
		if again, err := h.CreateStateMachineAlias(t.Context(), in); err != nil || !again.Created.Equal(first.Created) {
			t.Errorf("again: %+v, %v", again, err)
		}
		for _, change := range []func(*sfn.NewAlias){
			func(a *sfn.NewAlias) { a.Description = "e" },
			func(a *sfn.NewAlias) { a.Routing = []sfn.Route{{VersionARN: m + ":2", Weight: 100}} },
		} {
			other := in
			change(&other)
			if _, err := h.CreateStateMachineAlias(t.Context(), other); code(err) != "ConflictException" {
				t.Errorf("another one of the name: %v", err)
			}
		}
		route := func(arn string, weight int) sfn.Route { return sfn.Route{VersionARN: arn, Weight: weight} }
		for name, c := range map[string]struct {
			code   string
			routes []sfn.Route
		}{
			"none":             {"ValidationException", nil},
			"sum":              {"ValidationException", []sfn.Route{route(m+":1", 50), route(m+":2", 51)}},
			"twice":            {"ValidationException", []sfn.Route{route(m+":1", 50), route(m+":1", 50)}},
			"no version":       {"ValidationException", []sfn.Route{route(m, 100)}},
			"an alias":         {"ValidationException", []sfn.Route{route(m+":PROD", 100)}},
			"two machines":     {"ValidationException", []sfn.Route{route(m+":1", 50), route(m+"x:1", 50)}},
			"absent":           {"ResourceNotFound", []sfn.Route{route(m+":9", 100)}},
			"of no machine":    {"ResourceNotFound", []sfn.Route{route(m+"x:1", 100)}},
			"three":            {"ValidationException", []sfn.Route{route(m+":1", 50), route(m+":2", 25), route(m+":3", 25)}},
			"a padded version": {"ValidationException", []sfn.Route{route(m+":01", 100)}},
		} {
			if _, err := h.CreateStateMachineAlias(t.Context(), sfn.NewAlias{Name: "X", Routing: c.routes}); code(err) != c.code {
				t.Errorf("%s: %v", name, err)
			}
			if c.routes == nil {
				continue
			}
			if _, err := h.UpdateStateMachineAlias(t.Context(), m+":PROD", sfn.AliasUpdate{Routing: c.routes}); code(err) != c.code {
				t.Errorf("%s, update: %v", name, err)
			}
		}
		text := "new"
		if _, err := h.UpdateStateMachineAlias(t.Context(), m+":PROD", sfn.AliasUpdate{Description: &text}); err != nil {
			t.Error(err)
		}
		if d, err := h.DescribeStateMachineAlias(t.Context(), m+":PROD"); err != nil || d.Description != "new" || len(d.Routing) != 1 || d.Routing[0] != in.Routing[0] {
			t.Errorf("%+v, %v", d, err)
		}
		_, describeErr := h.DescribeStateMachineAlias(t.Context(), m+":NONE")
		_, updateErr := h.UpdateStateMachineAlias(t.Context(), m+":NONE", sfn.AliasUpdate{Description: &text})
		_, startErr := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m + ":NONE"})
		if code(describeErr) != "ResourceNotFound" || code(updateErr) != "ResourceNotFound" || code(startErr) != "StateMachineDoesNotExist" {
			t.Errorf("%v; %v; %v", describeErr, updateErr, startErr)
		}
		for range 2 {
			if err := h.DeleteStateMachineAlias(t.Context(), m+":PROD"); err != nil {
				t.Error(err)
			}
		}
		if err := h.DeleteStateMachineVersion(t.Context(), m+":1"); err != nil {
			t.Errorf("a version that no alias refers to any more: %v", err)
		}
		if err := h.DeleteStateMachineAlias(t.Context(), m+"x:PROD"); code(err) != "ResourceNotFound" {
			t.Errorf("of no machine: %v", err)
		}
	})
}

func ctx() context.Context { return context.Background() }

// publications are changes of one machine's versions and aliases, in order.
func publications(h *Host) []func() error {
	arn := sfn.StateMachineARN(region, account, "m")
	to := func(versions ...int) (routes []sfn.Route) {
		for _, n := range versions {
			routes = append(routes, sfn.Route{VersionARN: fmt.Sprint(arn, ":", n), Weight: 100 / len(versions)})
		}
		return routes
	}
	update := func(n string) func() error {
		return func() error {
			d := result(n)
			_, err := h.UpdateStateMachine(ctx(), arn, sfn.StateMachineUpdate{Definition: &d, Publish: true, VersionDescription: n})
			return err
		}
	}
	create := func() error {
		_, err := h.CreateStateMachine(ctx(), sfn.NewStateMachine{Name: "m", RoleARN: role, Definition: result("1"), Publish: true})
		return err
	}
	alias := func(name string, versions ...int) func() error {
		return func() error {
			_, err := h.CreateStateMachineAlias(ctx(), sfn.NewAlias{Name: name, Routing: to(versions...)})
			return err
		}
	}
	return []func() error{
		create, update("2"), alias("PROD", 1, 2), update("3"),
		func() error {
			_, err := h.UpdateStateMachineAlias(ctx(), arn+":PROD", sfn.AliasUpdate{Routing: to(2, 3)})
			return err
		},
		func() error { return h.DeleteStateMachineVersion(ctx(), arn+":1") },
		alias("TEST", 3),
		func() error { return h.TagResource(ctx(), arn, []sfn.Tag{{Key: "k", Value: "v"}}) },
		func() error {
			_, err := h.StartExecution(ctx(), sfn.Start{StateMachineARN: arn + ":TEST", Name: "x"})
			return err
		},
		func() error { return h.DeleteStateMachineAlias(ctx(), arn+":TEST") },
		func() error { return h.DeleteStateMachine(ctx(), arn) },
		create,
	}
}

// standing is all that publications change: the rows, which hold no definition but
// those of revisions, and what the actions show.
func standing(h *Host) string {
	arn := sfn.StateMachineARN(region, account, "m")
	var out strings.Builder
	for _, space := range []kv.Space{machines.SpaceMachine, machines.SpaceRevision, machines.SpaceVersion, machines.SpaceAlias} {
		err := h.store.Iterate(space, kv.Range{}, func(k, v []byte) bool {
			fmt.Fprintf(&out, "%x %q %q\n", space, k, v)
			return true
		})
		fmt.Fprintln(&out, err)
	}
	m, err := h.DescribeStateMachine(ctx(), arn)
	fmt.Fprintln(&out, m.Status, m.Tags, m.Definition, err)
	versions, _, err := h.ListStateMachineVersions(ctx(), arn, sfn.Page{})
	for _, v := range versions {
		d, err := h.DescribeStateMachine(ctx(), v.ARN)
		fmt.Fprintln(&out, d.VersionARN, d.Description, d.RoleARN, d.Definition, err)
	}
	fmt.Fprintln(&out, err)
	aliases, _, err := h.ListStateMachineAliases(ctx(), arn, sfn.Page{})
	for _, a := range aliases {
		fmt.Fprintln(&out, a.Name, a.Routing)
	}
	fmt.Fprintln(&out, err)
	list, _, err := h.ListExecutions(ctx(), sfn.ListExecutions{})
	for _, x := range list {
		fmt.Fprintln(&out, x.VersionARN, x.AliasARN)
	}
	fmt.Fprintln(&out, err)
	return out.String()
}

// publishedLife runs publications on a disk whose power goes at a point, 0 for never.
// It gives what stood after each change that was acknowledged, and where the power went
// what stands when it is on again; where it did not, why a change was refused.
func publishedLife(t *testing.T, d disk, point int, p plant) (states []string, after string, wasCut bool) {
	var cut atomic.Bool
	h, closed := opened(t, d, point, &cut, p)
	if h != nil {
		states = append(states, "")
		for n, f := range publications(h) {
			if point == 0 {
				states[n] = standing(h)
			}
			if err := f(); err != nil {
				if !cut.Load() {
					after = fmt.Sprintf("change %d: %v", n, err)
				}
				break
			}
			synctest.Wait()
			states = append(states, "")
		}
		if point == 0 {
			states[len(states)-1] = standing(h)
		}
	}
	closed()
	if cut.Load() {
		h, closed = opened(t, d, 0, new(atomic.Bool), plant{})
		time.Sleep(time.Second) // a deletion that was cut goes on
		synctest.Wait()
		after = standing(h)
		closed()
	}
	d.end()
	return states, after, cut.Load()
}

// lostPublications cuts the power at every store call of publications and says where
// what was acknowledged does not stand, or what was not is there in part.
func lostPublications(t *testing.T, open func(bool) disk, p plant) (lost []string, crashes int) {
	var want []string // after each change, without a crash
	synctest.Test(t, func(t *testing.T) { want, _, _ = publishedLife(t, open(false), 0, plant{}) })
	for point := 1; ; point++ {
		var states []string
		var after string
		cut := false
		synctest.Test(t, func(t *testing.T) { states, after, cut = publishedLife(t, open(false), point, p) })
		if after != "" && !cut {
			lost = append(lost, after)
		}
		if !cut {
			return lost, crashes
		}
		crashes++
		done := max(0, len(states)-1)
		if after != want[done] && (done+1 >= len(want) || after != want[done+1]) {
			lost = append(lost, fmt.Sprintf("cut at point %d, after %d changes:\n%s\nwant\n%s", point, done, after, want[done]))
		}
	}
}

// TestPublishedSurvivesCrashes: what was acknowledged stands, what was not is there
// whole or not at all. A host that answers too early is caught.
func TestPublishedSurvivesCrashes(t *testing.T) {
	for name, open := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lost, crashes := lostPublications(t, open, plant{})
			for _, l := range lost {
				t.Error(l)
			}
			t.Logf("%d crashes, lost %d", crashes, len(lost))
			if crashes < 40 {
				t.Errorf("only %d crashes", crashes)
			}
			if lost, _ := lostPublications(t, open, plant{answerEarly: true}); len(lost) == 0 {
				t.Error("an answer before it is durable is not caught")
			}
		})
	}
}

// opened opens a host on a disk whose power goes at a point, 0 for never; nil where it
// goes before the host is open.
func opened(t *testing.T, d disk, point int, cut *atomic.Bool, p plant) (*Host, func()) {
	t.Helper()
	var store atomic.Pointer[kvtest.Store]
	inner, err := d.open(func() {
		if s := store.Load(); s != nil {
			s.Pass("Sync", kvtest.Inside)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var at *kvtest.Store
	at = kvtest.Intercept(inner, func(p kvtest.Point) {
		if point > 0 && p.N == point {
			at.Cut()
			d.crash(point%3*50, uint64(point))
			cut.Store(true)
		}
	})
	store.Store(at)
	cfg := Config{Store: at, Account: account, Region: region, Fatal: func(error) {}, Tasks: workers(nil)}
	seededBy(1)(&cfg) // revisions get the same ids in every life
	h, err := openWith(cfg, p)
	if err != nil {
		if !errors.Is(err, kvtest.ErrPower) {
			t.Error(err)
		}
		return nil, d.next
	}
	return h, func() {
		_ = h.Close(ctx())
		d.next()
	}
}
