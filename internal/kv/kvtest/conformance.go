// Package kvtest holds what every kv.Store must do, as one function, and a store
// that stands between a caller and a real store to stop it at a chosen point.
//
// It is for tests of stores (memkv, pebblekv and any later one) and for crash
// tests of their users; nothing of the product imports it.
//
// Invariants: Conformance assumes nothing but the words of package kv.
package kvtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/kv"
)

// Conformance runs every check on stores that open makes, each on an empty one.
func Conformance(t *testing.T, open func(t *testing.T) kv.Store) {
	for _, c := range []struct {
		name string
		f    func(t *testing.T, s kv.Store)
	}{
		{"get", testGet}, {"order", testOrder}, {"ranges", testRanges},
		{"group order", testWithinGroup}, {"one view", testOneView}, {"model", testModel},
		{"close waits", testCloseWaits}, {"ownership", testOwnership},
	} {
		t.Run(c.name, func(t *testing.T) { c.f(t, open(t)) })
	}
}

// Commit commits ops as one group of shard 0 and waits until it is durable.
func Commit(s kv.Store, ops ...kv.Op) error {
	done := make(chan error, 1)
	s.Commit(kv.Group{Writes: []kv.ShardWrites{{Epoch: 1, Ops: ops}}}, func(err error) { done <- err })
	return <-done
}

func mustCommit(t *testing.T, s kv.Store, ops ...kv.Op) {
	t.Helper()
	if err := Commit(s, ops...); err != nil {
		t.Fatal(err)
	}
}

func set(space kv.Space, k, v string) kv.Op {
	return kv.Op{Kind: kv.Set, Space: space, Key: []byte(k), Value: []byte(v)}
}

// list reads a range as "k=v k=v".
func list(t *testing.T, s kv.Store, space kv.Space, r kv.Range) string {
	t.Helper()
	var out []string
	if err := s.Iterate(space, r, func(k, v []byte) bool {
		out = append(out, fmt.Sprintf("%s=%s", k, v))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func testGet(t *testing.T, s kv.Store) {
	mustCommit(t, s, set(1, "a", "1"), set(1, "empty", ""), set(2, "a", "other space"), set(255, "z", "last"))
	got, err := s.GetMany(1, [][]byte{[]byte("empty"), []byte("absent"), []byte("a"), []byte("z")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]byte{{}, nil, []byte("1"), nil}, got); diff != "" {
		t.Error(diff)
	}
	if got := list(t, s, 255, kv.Range{}); got != "z=last" {
		t.Errorf("space 255: %q", got)
	}
}

// testOrder commits without waiting: completions come in the order of commits.
func testOrder(t *testing.T, s kv.Store) {
	const n = 200
	order := make(chan int, n)
	for i := range n {
		s.Commit(kv.Group{Writes: []kv.ShardWrites{{Shard: uint16(i), Epoch: 1, Ops: []kv.Op{set(1, "k", fmt.Sprint(i))}}}},
			func(err error) {
				if err != nil {
					t.Error(err)
				}
				order <- i
			})
	}
	for want := range n {
		if got := <-order; got != want {
			t.Fatalf("completion %d came at place %d", got, want)
		}
	}
	if got := list(t, s, 1, kv.Range{}); got != "k=199" {
		t.Errorf("last write lost: %q", got)
	}
	// An empty group still has its place.
	mustCommit(t, s)
}

func testRanges(t *testing.T, s kv.Store) {
	mustCommit(t, s, set(7, "a", "1"), set(7, "b", "2"), set(7, "c", "3"), set(7, "c\x00", "4"), set(7, "\xff\xff", "5"),
		set(6, "x", "-"), set(8, "", "-"))
	for _, c := range []struct {
		r    kv.Range
		want string
	}{
		{kv.Range{}, "a=1 b=2 c=3 c\x00=4 \xff\xff=5"},
		{kv.Range{Reverse: true}, "\xff\xff=5 c\x00=4 c=3 b=2 a=1"},
		{kv.Range{Lower: []byte("b"), Upper: []byte("c")}, "b=2"},
		{kv.Range{Lower: []byte("b"), Upper: []byte("c\x00"), Reverse: true}, "c=3 b=2"},
		{kv.Range{Lower: []byte("d"), Upper: []byte("e")}, ""},
	} {
		if got := list(t, s, 7, c.r); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.r, got, c.want)
		}
	}
	mustCommit(t, s, kv.Op{Kind: kv.DeleteRange, Space: 7, Key: []byte("b"), End: []byte("c\x00")})
	if got := list(t, s, 7, kv.Range{}); got != "a=1 c\x00=4 \xff\xff=5" {
		t.Errorf("after DeleteRange: %q", got)
	}
	mustCommit(t, s, kv.Op{Kind: kv.DeleteRange, Space: 7, Key: []byte("c")})
	if got := list(t, s, 7, kv.Range{}); got != "a=1" {
		t.Errorf("DeleteRange without End ends with the space: %q", got)
	}
	if list(t, s, 6, kv.Range{}) != "x=-" || list(t, s, 8, kv.Range{}) != "=-" {
		t.Error("DeleteRange left its space")
	}
	n := 0
	if err := s.Iterate(7, kv.Range{}, func(_, _ []byte) bool { n++; return false }); err != nil || n != 1 {
		t.Errorf("stop after the first: %d, %v", n, err)
	}
}

func testWithinGroup(t *testing.T, s kv.Store) {
	mustCommit(t, s, set(1, "a", "1"), kv.Op{Kind: kv.Delete, Space: 1, Key: []byte("a")}, set(1, "b", "1"), set(1, "b", "2"),
		kv.Op{Kind: kv.DeleteRange, Space: 1, Key: []byte("b"), End: []byte("c")}, set(1, "bb", "3"))
	if got := list(t, s, 1, kv.Range{}); got != "bb=3" {
		t.Errorf("ops of one group apply in order: %q", got)
	}
}

// testOneView changes the space while it is being read.
func testOneView(t *testing.T, s kv.Store) {
	mustCommit(t, s, set(1, "a", "1"), set(1, "b", "1"), set(1, "c", "1"))
	var got []string
	err := s.Iterate(1, kv.Range{}, func(k, v []byte) bool {
		if len(got) == 0 {
			mustCommit(t, s, set(1, "b", "2"), kv.Op{Kind: kv.Delete, Space: 1, Key: []byte("c")}, set(1, "d", "2"))
		}
		got = append(got, string(k)+string(v))
		return true
	})
	if err != nil || !slices.Equal(got, []string{"a1", "b1", "c1"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// testModel compares with a Go map over random groups.
func testModel(t *testing.T, s kv.Store) {
	rng := rand.New(rand.NewPCG(1, 2))
	model := map[string]string{}
	for range 300 {
		var ops []kv.Op
		for range 1 + rng.IntN(6) {
			k := fmt.Sprintf("%02d", rng.IntN(40))
			switch rng.IntN(8) {
			case 0, 1:
				ops = append(ops, kv.Op{Kind: kv.Delete, Space: 3, Key: []byte(k)})
				delete(model, k)
			case 2:
				end := fmt.Sprintf("%02d", rng.IntN(40))
				if end < k {
					k, end = end, k
				}
				ops = append(ops, kv.Op{Kind: kv.DeleteRange, Space: 3, Key: []byte(k), End: []byte(end)})
				for m := range model {
					if m >= k && m < end {
						delete(model, m)
					}
				}
			default:
				v := fmt.Sprint(rng.IntN(1000))
				ops = append(ops, set(3, k, v))
				model[k] = v
			}
		}
		mustCommit(t, s, ops...)
	}
	var want []string
	for k, v := range model {
		want = append(want, k+"="+v)
	}
	slices.Sort(want)
	if got := list(t, s, 3, kv.Range{}); got != strings.Join(want, " ") {
		t.Errorf("got %s\nwant %s", got, strings.Join(want, " "))
	}
}

func testCloseWaits(t *testing.T, s kv.Store) {
	const n = 50
	durable := make(chan error, n+1)
	for i := range n {
		s.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: []kv.Op{set(1, fmt.Sprint(i), "x")}}}}, func(err error) { durable <- err })
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(durable) != n {
		t.Fatalf("Close came back with %d of %d groups settled", len(durable), n)
	}
	for range n {
		if err := <-durable; err != nil {
			t.Error(err)
		}
	}
	if _, err := s.GetMany(1, [][]byte{[]byte("1")}); err == nil {
		t.Error("a closed store reads")
	}
	if err := Commit(s, set(1, "late", "")); err == nil {
		t.Error("a closed store commits")
	}
}

// testOwnership changes what the store gave and what it let see.
func testOwnership(t *testing.T, s kv.Store) {
	mustCommit(t, s, set(1, "a", "value"))
	got, err := s.GetMany(1, [][]byte{[]byte("a")})
	if err != nil {
		t.Fatal(err)
	}
	copy(got[0], "XXXXX")
	again, err := s.GetMany(1, [][]byte{[]byte("a")})
	if err != nil || !bytes.Equal(again[0], []byte("value")) {
		t.Errorf("got %q, %v", again[0], err)
	}
}
