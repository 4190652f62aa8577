package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

func publish(t *testing.T, h *Host, in sfn.NewVersion) sfn.Version {
	t.Helper()
	v, err := h.PublishStateMachineVersion(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// revise gives a machine another definition.
func revise(t *testing.T, h *Host, arn, definition string) sfn.StateMachine {
	t.Helper()
	m, err := h.UpdateStateMachine(t.Context(), arn, sfn.StateMachineUpdate{Definition: &definition})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func result(text string) string {
	return state(`{"Type":"Pass","Result":` + text + `,"End":true}`)
}

func versionARNs(t *testing.T, h *Host, arn string, size int) (out []string) {
	t.Helper()
	p := sfn.Page{Max: size}
	for first := true; first || p.Token != ""; first = false {
		list, next, err := h.ListStateMachineVersions(t.Context(), arn, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range list {
			out = append(out, strings.TrimPrefix(v.ARN, arn+":"))
		}
		p.Token = next
	}
	return out
}

func TestARevisionIsPublishedOnce(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", result("1"))
		first := publish(t, h, sfn.NewVersion{StateMachineARN: m, RevisionID: sfn.InitialRevision, Description: "one"})
		time.Sleep(time.Minute)
		if again := publish(t, h, sfn.NewVersion{StateMachineARN: m, Description: "another"}); again != first || first.ARN != m+":1" {
			t.Errorf("%+v, then %+v", first, again)
		}
		r := revise(t, h, m, result("2"))
		if r.VersionARN != "" {
			t.Errorf("an update published %s", r.VersionARN)
		}
		for _, id := range []string{sfn.InitialRevision, "x"} {
			_, err := h.PublishStateMachineVersion(t.Context(), sfn.NewVersion{StateMachineARN: m, RevisionID: id})
			if code(err) != "ConflictException" || !strings.Contains(err.Error(), r.RevisionID) {
				t.Errorf("another revision: %v", err)
			}
		}
		if v := publish(t, h, sfn.NewVersion{StateMachineARN: m, RevisionID: r.RevisionID}); v.ARN != m+":2" {
			t.Errorf("%+v", v)
		}
		now := result("3")
		for range 2 {
			u, err := h.UpdateStateMachine(t.Context(), m, sfn.StateMachineUpdate{Definition: &now, Publish: true, VersionDescription: "three"})
			if err != nil || u.VersionARN != m+":3" {
				t.Errorf("%+v, %v", u.VersionARN, err)
			}
		}
		shut(t, h)
		h = host(t, store, nil)
		for n, want := range map[int]string{1: "one", 2: "", 3: "three"} {
			d, err := h.DescribeStateMachine(t.Context(), fmt.Sprint(m, ":", n))
			if err != nil || d.Definition != result(fmt.Sprint(n)) || d.Description != want || d.Status != "ACTIVE" || d.ARN != fmt.Sprint(m, ":", n) {
				t.Errorf("%+v, %v", d, err)
			}
		}
		for _, arn := range []string{m + ":4", m + ":0", m + ":03", m + "x:1"} {
			if _, err := h.DescribeStateMachine(t.Context(), arn); code(err) != "StateMachineDoesNotExist" || !strings.Contains(err.Error(), arn) {
				t.Errorf("%s: %v", arn, err)
			}
		}
		if _, err := h.PublishStateMachineVersion(t.Context(), sfn.NewVersion{StateMachineARN: m + "x"}); code(err) != "StateMachineDoesNotExist" {
			t.Errorf("of none: %v", err)
		}
	})
}

// TestAVersionKeepsItsRole, definition and configurations whatever the machine becomes.
func TestAVersionKeepsItsRole(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", result("1"))
		publish(t, h, sfn.NewVersion{StateMachineARN: m})
		other, now := role+"2", result("2")
		if _, err := h.UpdateStateMachine(t.Context(), m, sfn.StateMachineUpdate{RoleARN: &other, Definition: &now,
			Logging: jsonval.MustParse(`{"level":"ALL"}`)}); err != nil {
			t.Fatal(err)
		}
		old, last := start(t, h, m+":1", "old", "{}"), start(t, h, m, "new", "{}")
		shut(t, h)
		h = host(t, store, nil)
		for arn, want := range map[string][3]string{old: {"1", role, m + ":1"}, last: {"2", other, ""}, start(t, h, m+":1", "later", "{}"): {"1", role, m + ":1"}} {
			x := ends(t, h, arn)
			if got := [3]string{x.Output.Text(), x.RoleARN, x.VersionARN}; got != want || x.StateMachineARN != m || x.AliasARN != "" {
				t.Errorf("%s: %v, want %v", arn, got, want)
			}
			d, err := h.DescribeStateMachineForExecution(t.Context(), arn)
			if err != nil || d.RoleARN != want[1] || d.Definition != result(want[0]) || d.Logging.Exists() != (want[1] == other) {
				t.Errorf("for %s: %+v, %v", arn, d, err)
			}
			events, _, err := h.GetExecutionHistory(t.Context(), sfn.HistoryPage{ExecutionARN: arn})
			if err != nil || events[0].Details.VersionARN != want[2] || events[0].Details.RoleARN != want[1] {
				t.Errorf("history of %s: %+v, %v", arn, events[0].Details, err)
			}
		}
		if d, err := h.DescribeStateMachine(t.Context(), m+":1"); err != nil || d.RoleARN != role || d.Logging.Exists() {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// TestVersionNumbersAreNotUsedAgain: over a deletion of the version, of the machine,
// and over a restart.
func TestVersionNumbersAreNotUsedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", result("1"))
		for n := 1; n <= 3; n++ {
			if v := publish(t, h, sfn.NewVersion{StateMachineARN: m}); v.ARN != fmt.Sprint(m, ":", n) {
				t.Errorf("%d: %s", n, v.ARN)
			}
			for range 2 {
				if err := h.DeleteStateMachineVersion(t.Context(), fmt.Sprint(m, ":", n)); err != nil {
					t.Error(err)
				}
			}
			shut(t, h)
			h = host(t, store, nil)
		}
		if _, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m + ":3"}); code(err) != "StateMachineDoesNotExist" {
			t.Errorf("start of a deleted version: %v", err)
		}
		if err := h.DeleteStateMachine(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		shut(t, h)
		h = host(t, store, nil)
		in := sfn.NewStateMachine{Name: "m", RoleARN: role, Definition: result("1"), Publish: true, VersionDescription: "d"}
		for range 2 {
			if made, err := h.CreateStateMachine(t.Context(), in); err != nil || made.VersionARN != m+":4" {
				t.Errorf("created anew: %s, %v", made.VersionARN, err)
			}
		}
		if got := versionARNs(t, h, m, 0); !slices.Equal(got, []string{"4"}) {
			t.Error(got)
		}
		for _, change := range []func(*sfn.NewStateMachine){
			func(n *sfn.NewStateMachine) { n.Publish, n.VersionDescription = false, "" },
			func(n *sfn.NewStateMachine) { n.VersionDescription = "e" },
		} {
			other := in
			change(&other)
			if _, err := h.CreateStateMachine(t.Context(), other); code(err) != "StateMachineAlreadyExists" {
				t.Errorf("created otherwise: %v", err)
			}
		}
	})
}

func TestDeletionTakesVersionsAndAliases(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", state(waitState(5)))
		publish(t, h, sfn.NewVersion{StateMachineARN: m})
		aliased(t, h, "PROD", sfn.Route{VersionARN: m + ":1", Weight: 100})
		x := start(t, h, m+":PROD", "x", "{}")
		if err := h.DeleteStateMachineVersion(t.Context(), m+":1"); code(err) != "ConflictException" || !strings.HasSuffix(err.Error(), "[PROD]") {
			t.Errorf("a version in use: %v", err)
		}
		if err := h.DeleteStateMachine(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		_, startErr := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m + ":PROD"})
		_, publishErr := h.PublishStateMachineVersion(t.Context(), sfn.NewVersion{StateMachineARN: m})
		_, aliasErr := h.CreateStateMachineAlias(t.Context(), sfn.NewAlias{Name: "B", Routing: []sfn.Route{{VersionARN: m + ":1", Weight: 100}}})
		_, updateErr := h.UpdateStateMachineAlias(t.Context(), m+":PROD", sfn.AliasUpdate{Description: new(string)})
		for i, err := range []error{startErr, publishErr, aliasErr, updateErr} {
			if code(err) != "StateMachineDeleting" {
				t.Errorf("%d, on a machine that is being deleted: %v", i, err)
			}
		}
		if got := ends(t, h, x); got.Status != sfn.Succeeded || got.VersionARN != m+":1" || got.AliasARN != m+":PROD" {
			t.Errorf("%+v", got)
		}
		time.Sleep(time.Second)
		if _, err := h.DescribeStateMachineAlias(t.Context(), m+":PROD"); code(err) != "ResourceNotFound" {
			t.Errorf("the alias: %v", err)
		}
		create(t, h, "m", result("1"))
		shut(t, h)
		h = host(t, store, nil)
		if got := versionARNs(t, h, m, 0); len(got) != 0 {
			t.Errorf("versions of the deleted one: %v", got)
		}
		if d := ends(t, h, x); d.VersionARN != m+":1" {
			t.Errorf("%+v", d)
		}
	})
}

// TestQuotasOfVersions: 1,000 versions and 100 aliases, and pages of them.
func TestQuotasOfVersions(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", result("1"))
		for i := range sfn.MaxVersions {
			other := fmt.Sprint(role, i)
			if u, err := h.UpdateStateMachine(t.Context(), m, sfn.StateMachineUpdate{RoleARN: &other, Publish: true}); err != nil || u.VersionARN != fmt.Sprint(m, ":", i+1) {
				t.Fatalf("%d: %s, %v", i, u.VersionARN, err)
			}
		}
		other := role
		if _, err := h.UpdateStateMachine(t.Context(), m, sfn.StateMachineUpdate{RoleARN: &other, Publish: true}); code(err) != "ServiceQuotaExceededException" {
			t.Errorf("one more: %v", err)
		}
		if d, err := h.DescribeStateMachine(t.Context(), m); err != nil || d.RoleARN == role {
			t.Errorf("an update that could not publish changed the machine: %v, %v", d.RoleARN, err)
		}
		want := make([]string, 0, sfn.MaxVersions)
		for n := sfn.MaxVersions; n > 0; n-- {
			want = append(want, fmt.Sprint(n))
		}
		if got := versionARNs(t, h, m, 300); !slices.Equal(got, want) {
			t.Errorf("%d versions: %v", len(got), got)
		}
		var names []string
		for i := range sfn.MaxAliases {
			names = append(names, fmt.Sprintf("a%02d", i))
			aliased(t, h, names[i], sfn.Route{VersionARN: fmt.Sprint(m, ":", 1+i%3), Weight: 100})
		}
		if _, err := h.CreateStateMachineAlias(t.Context(), sfn.NewAlias{Name: "b", Routing: []sfn.Route{{VersionARN: m + ":1", Weight: 100}}}); code(err) != "ServiceQuotaExceededException" {
			t.Errorf("one more alias: %v", err)
		}
		if got := aliasNames(t, h, m, 7); !slices.Equal(got, names) {
			t.Error(got)
		}
		if got := aliasNames(t, h, m+":2", 10); len(got) != 33 || got[0] != "a01" {
			t.Errorf("of a version: %v", got)
		}
		for arn, want := range map[string]string{m + "x": "StateMachineDoesNotExist", m + ":1001": "ResourceNotFound"} {
			if _, _, err := h.ListStateMachineAliases(t.Context(), arn, sfn.Page{}); code(err) != want {
				t.Errorf("%s: %v", arn, err)
			}
		}
		shut(t, h)
		h = host(t, store, nil)
		if got := aliasNames(t, h, m, 7); !slices.Equal(got, names) {
			t.Errorf("after a restart: %v", got)
		}
		if got := versionARNs(t, h, m, 999); !slices.Equal(got, want) {
			t.Errorf("after a restart: %d", len(got))
		}
		for _, list := range []func(sfn.Page) error{
			func(p sfn.Page) error { _, _, err := h.ListStateMachineVersions(t.Context(), m, p); return err },
			func(p sfn.Page) error { _, _, err := h.ListStateMachineAliases(t.Context(), m, p); return err },
		} {
			if err := list(sfn.Page{Token: "nonsense"}); code(err) != "InvalidToken" {
				t.Errorf("token: %v", err)
			}
		}
	})
}

func TestTags(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", result("1"))
		publish(t, h, sfn.NewVersion{StateMachineARN: m})
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		check(h.TagResource(ctx(), m, []sfn.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}))
		check(h.TagResource(ctx(), m, []sfn.Tag{{Key: "a", Value: "3"}, {Key: "c"}}))
		check(h.UntagResource(ctx(), m, []string{"b", "none"}))
		revise(t, h, m, result("2"))
		shut(t, h)
		h = host(t, store, nil)
		if got, err := h.ListTagsForResource(ctx(), m); err != nil || !slices.Equal(got, []sfn.Tag{{Key: "a", Value: "3"}, {Key: "c"}}) {
			t.Errorf("%v, %v", got, err)
		}
		var many []sfn.Tag
		for i := range sfn.MaxTags - 2 {
			many = append(many, sfn.Tag{Key: fmt.Sprint("k", i)})
		}
		check(h.TagResource(ctx(), m, many))
		if err := h.TagResource(ctx(), m, []sfn.Tag{{Key: "more"}}); code(err) != "TooManyTags" {
			t.Errorf("more than 50: %v", err)
		}
		check(h.TagResource(ctx(), m, []sfn.Tag{{Key: "a", Value: "4"}}))
		for _, arn := range []string{m + ":1", m + "x"} {
			_, listErr := h.ListTagsForResource(ctx(), arn)
			for _, err := range []error{h.TagResource(ctx(), arn, many), h.UntagResource(ctx(), arn, []string{"a"}), listErr} {
				if code(err) != "ResourceNotFound" || !strings.Contains(err.Error(), arn) {
					t.Errorf("%s: %v", arn, err)
				}
			}
		}
	})
}

// seededBy makes the host's randomness repeatable.
func seededBy(n uint64) func(*Config) {
	return func(c *Config) {
		rng := rand.New(rand.NewPCG(n, n))
		turn := make(chan struct{}, 1)
		c.Seed = func() uint64 {
			turn <- struct{}{}
			defer func() { <-turn }()
			return rng.Uint64()
		}
	}
}
