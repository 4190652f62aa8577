package oidc

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFlowsKeepNothingOfABegin: however many logins begin, the first can still end,
// and the process holds none of them.
func TestFlowsKeepNothingOfABegin(t *testing.T) {
	now := time.Unix(1_000_000, 0).UTC()
	f := NewFlows(func() time.Time { return now })
	first := Flow{Provider: "p", State: "first", Next: "/x?a=<&>", Until: now.Add(FlowLife), nonce: "n", verifier: "v", redirect: "r"}
	cookie, err := f.Seal(first)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 * maxUsed {
		if _, err := f.Seal(Flow{State: strconv.Itoa(i), Until: now.Add(FlowLife)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.used)+len(f.order) != 0 {
		t.Errorf("%d used, %d in order", len(f.used), len(f.order))
	}
	got, ok := f.Open(cookie, "first")
	if d := cmp.Diff(first, got, cmp.AllowUnexported(Flow{})); !ok || d != "" {
		t.Errorf("%v %s", ok, d)
	}
	if !f.Use(got) || f.Use(got) {
		t.Error("the first login was not taken once")
	}
}

// TestSealedFlows are taken as they were made, by who made them.
func TestSealedFlows(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	clock := func() time.Time { return now }
	f := NewFlows(clock)
	flow := Flow{State: "s", Next: "/", Until: now.Add(FlowLife), verifier: "the-verifier"}
	cookie, err := f.Seal(flow)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := f.Seal(flow)
	if cookie == again || strings.Contains(cookie, "the-verifier") {
		t.Errorf("%s", cookie)
	}
	if _, ok := f.Open(cookie, "other"); ok {
		t.Error("the state of another login was taken")
	}
	if _, ok := NewFlows(clock).Open(cookie, "s"); ok {
		t.Error("another process took the cookie")
	}
	for i := range len(cookie) - 1 { // the last character has bits that carry nothing
		changed := []byte(cookie)
		if changed[i] = 'A'; cookie[i] == 'A' {
			changed[i] = 'B'
		}
		if _, ok := f.Open(string(changed), "s"); ok {
			t.Fatalf("changed at %d and taken", i)
		}
	}
	for _, text := range []string{"", "s", cookie[:40], cookie + "A", strings.Repeat("A", maxSealed+4)} {
		if _, ok := f.Open(text, "s"); ok {
			t.Errorf("%q was taken", text)
		}
	}
	flow.Next = "/" + strings.Repeat(`"`, 2000)
	cookie, err = f.Seal(flow)
	if got, ok := f.Open(cookie, "s"); err != nil || !ok || got.Next != "/" || len(cookie) > maxSealed {
		t.Errorf("a long way back: %d characters, %q, %v", len(cookie), got.Next, err)
	}
}

// TestUsedFlowsAreBounded in number and in time.
func TestUsedFlowsAreBounded(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	f := NewFlows(func() time.Time { return now })
	flow := func(i int) Flow { return Flow{State: strconv.Itoa(i), Until: now.Add(FlowLife)} }
	for i := range 2 * maxUsed {
		if !f.Use(flow(i)) {
			t.Fatalf("flow %d is lost", i)
		}
	}
	if len(f.used) != maxUsed || len(f.order) != maxUsed || f.Use(flow(2*maxUsed-1)) {
		t.Errorf("%d used, %d in order", len(f.used), len(f.order))
	}
	now = now.Add(FlowLife)
	if !f.Use(flow(-1)) || len(f.used) != 1 || len(f.order) != 1 {
		t.Errorf("after all were over: %d used, %d in order", len(f.used), len(f.order))
	}
}
