package machines

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"stile/internal/engine/codec"
	"stile/internal/sfn"
)

func text(t *rapid.T, label string) string { return rapid.StringN(0, 20, 60).Draw(t, label) }

// TestChoose: each version gets exactly its share of the numbers.
func TestChoose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.IntRange(0, 100).Draw(t, "weight")
		a := &alias{routes: []route{{1, w}, {2, 100 - w}}}
		got := map[uint64]int{}
		for n := range uint64(100) {
			got[a.choose(n+100*rapid.Uint64Max(1<<50).Draw(t, "more"))]++
		}
		if got[1] != w || got[1]+got[2] != 100 {
			t.Fatalf("%d: %v", w, got)
		}
	})
}

func TestPublishedRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := version{rapid.Uint64().Draw(t, "n"), rapid.Uint64().Draw(t, "revision"), rapid.Int64().Draw(t, "at"), text(t, "role"), text(t, "description")}
		got, err := decodeVersion(v.encode())
		if err != nil || *got != v {
			t.Fatalf("%+v, %v", got, err)
		}
		a := alias{name: text(t, "name"), description: text(t, "about"), created: rapid.Int64().Draw(t, "created"), updated: rapid.Int64().Draw(t, "updated"),
			routes: []route{{v.number, rapid.IntRange(0, 100).Draw(t, "weight")}}}
		b, err := decodeAlias(a.encode())
		if err != nil || b.name != a.name || b.description != a.description || b.created != a.created || b.updated != a.updated || !slices.Equal(b.routes, a.routes) {
			t.Fatalf("%+v, %v", b, err)
		}
		junk := append([]byte{codec.Format}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
		_, _ = decodeVersion(junk)
		_, _ = decodeAlias(junk)
		_, _ = decodeMachine(junk)
	})
}

// TestOldMachineRecords: a machine that was never published has the record that it
// had before there were versions.
func TestOldMachineRecords(t *testing.T) {
	m := &Machine{Revision: 3, StateMachine: sfn.StateMachine{ARN: "a", Name: "n", Tags: []sfn.Tag{{Key: "k", Value: "v"}}}}
	old := m.encode(true)
	m.lastVersion, m.born, m.bornText = 7, 2, "text"
	if now := m.encode(true); string(now[:len(old)]) != string(old) || len(now) == len(old) {
		t.Error("a version is not behind the rest")
	}
	got, err := decodeMachine(old)
	if err != nil || got.lastVersion != 0 || got.Revision != 3 || len(got.Tags) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = decodeMachine(m.encode(true)); err != nil || got.lastVersion != 7 || got.born != 2 || got.bornText != "text" {
		t.Errorf("%+v, %v", got, err)
	}
}
