package visibility

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stile/internal/engine/codec"
	"stile/jsonpath"
	"stile/jsonval"
)

func field(t *testing.T, name string, output bool, path string) Field {
	t.Helper()
	p, err := jsonpath.CompileReference(path)
	if err != nil {
		t.Fatal(err)
	}
	return Field{name, output, p}
}

func TestValues(t *testing.T) {
	fields := Fields{field(t, "sku", false, "$.sku"), field(t, "first", false, "$.items[0].id"), field(t, "whole", false, "$.items"),
		field(t, "none", false, "$.no.such"), field(t, "long", false, "$.long"), field(t, "null", false, "$.nil"), field(t, "total", true, "$.total")}
	in := jsonval.MustParse(`{"sku":"a\u0062\/c","items":[{"id":17.50}],"nil":null,"long":"` + strings.Repeat("x", 255) + `","total":3}`)
	want := []Value{{"sku", `"ab/c"`}, {"first", "17.50"}, {"null", "null"}}
	if got := fields.Values(false, in); !slices.Equal(got, want) {
		t.Errorf("of the input: %v", got)
	}
	if got := fields.Values(true, in); !slices.Equal(got, []Value{{"total", "3"}}) {
		t.Errorf("of the output: %v", got)
	}
	if got := fields.Values(true, jsonval.Value{}); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	if HashOf("m", Value{"a", "1"}) == HashOf("m", Value{"a", "2"}) || HashOf("m", Value{"a", "1"}) == HashOf("n", Value{"a", "1"}) {
		t.Error("other values have the same rows")
	}
}

func TestHashesRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Hashes
		for i := range rapid.IntRange(0, MaxFields).Draw(t, "n") {
			l = l.Add("m", []Value{{fmt.Sprint(i), "1"}})
		}
		b := l.Encode()
		if got, err := DecodeHashes(b); err != nil || !slices.Equal(got, l) {
			t.Fatalf("%v, %v", got, err)
		}
		if cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut"); len(l) > 0 {
			if _, err := DecodeHashes(b[:cut]); err != codec.ErrRecord {
				t.Fatalf("cut at %d: %v", cut, err)
			}
		}
	})
}

// TestBetween holds the range of rows against the bounds themselves, and their order
// against that of the starts.
func TestBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "prefix")
		ms := rapid.OneOf(rapid.Int64Range(1, 6), rapid.Int64Range(1, 1<<50))
		bound := rapid.OneOf(rapid.Int64Range(-1, 6), rapid.Int64Range(-1, 1<<50))
		from, to := bound.Draw(t, "from"), bound.Draw(t, "to")
		r, empty := Between(prefix, from, to)
		before := ms.Draw(t, "before")
		for range 8 {
			start := ms.Draw(t, "start")
			key := Newest(prefix, start, ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")))
			in := !empty && bytes.Compare(key, r.Lower) >= 0 && (r.Upper == nil || bytes.Compare(key, r.Upper) < 0)
			if want := (from <= 0 || start >= from) && (to == 0 || start < to); in != want {
				t.Fatalf("%d in [%d, %d): %t", start, from, to, in)
			}
			if start > before && bytes.Compare(key, Newest(prefix, before, ID{})) > 0 {
				t.Fatal("a later start stands behind an earlier one")
			}
		}
	})
}

func TestEndRow(t *testing.T) {
	for _, e := range []End{{Stop: 7, ID: ID{1}}, {Stop: 1 << 50, ID: ID{15: 9}, Trimmed: true}} {
		if got, ok := OpenEnd(e.Key(), e.Value()); !ok || got != e {
			t.Errorf("%v: %v, %t", e, got, ok)
		}
	}
	if _, ok := OpenEnd(End{}.Key()[1:], End{}.Value()); ok {
		t.Error("a key that is cut opens")
	}
	if _, ok := OpenEnd(End{}.Key(), []byte{2, 0}); ok {
		t.Error("a row of a later format opens")
	}
}

// archive is a Keeper in memory.
type archive struct {
	rows             []End
	held             map[ID]bool // left alone
	deleted, trimmed int
}

func (a *archive) Ended(behind []byte, before int64, most int) (out []End, err error) {
	slices.SortFunc(a.rows, func(x, y End) int { return bytes.Compare(x.Key(), y.Key()) })
	for _, e := range a.rows {
		if bytes.Compare(e.Key(), behind) > 0 && e.Stop < before && len(out) < most {
			out = append(out, e)
		}
	}
	return out, nil
}

func (a *archive) Delete(_ context.Context, rows []End) error {
	a.rows = slices.DeleteFunc(a.rows, func(e End) bool {
		gone := slices.Contains(rows, e) && !a.held[e.ID]
		if gone {
			a.deleted++
		}
		return gone
	})
	return nil
}

func (a *archive) Trim(_ context.Context, rows []End) error {
	for i, e := range a.rows {
		if slices.Contains(rows, e) {
			a.rows[i].Trimmed = true
			a.trimmed++
		}
	}
	return nil
}

// TestSweeper: at rest nothing is past its age, nothing went before, each step is small
// and the next one comes when something is due.
func TestSweeper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := &archive{held: map[ID]bool{}}
		s := NewSweeper(a)
		r := Retention{Executions: 90 * time.Minute, History: 30 * time.Minute}
		if rapid.Bool().Draw(t, "histories go with executions") {
			r.History = 0
		}
		now := time.UnixMilli(1_000_000_000)
		n := 0
		for range rapid.IntRange(1, 12).Draw(t, "sweeps") {
			for range rapid.IntRange(0, 200).Draw(t, "ends") {
				n++
				a.rows = append(a.rows, End{Stop: now.Add(-time.Duration(n%7) * time.Millisecond).UnixMilli(), ID: ID{byte(n >> 8), byte(n)}})
			}
			var wait time.Duration
			for steps := 0; ; steps++ {
				was := a.deleted + a.trimmed
				var err error
				if wait, err = s.Step(t.Context(), r, now); err != nil || steps > 100 {
					t.Fatal(steps, err)
				}
				if a.deleted+a.trimmed-was > StepRows {
					t.Fatal("a step is too large")
				}
				if wait != StepPause {
					break
				}
			}
			for _, e := range a.rows {
				age := now.Sub(time.UnixMilli(e.Stop))
				if age > r.Executions || r.History > 0 && e.Trimmed != (age > r.History) || r.History == 0 && e.Trimmed {
					t.Fatalf("age %v, trimmed %t", age, e.Trimmed)
				}
				due := r.Executions - age
				if r.History > 0 && !e.Trimmed {
					due = r.History - age
				}
				if wait > max(due+time.Millisecond, time.Second) {
					t.Fatalf("%v is due, and the next step is in %v", due, wait)
				}
			}
			now = now.Add(max(wait, time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes"))*time.Minute))
		}
	})
}

// TestOneThatIsHeldHoldsUpNoOther, and does not make the sweeper spin.
func TestOneThatIsHeldHoldsUpNoOther(t *testing.T) {
	a := &archive{held: map[ID]bool{{1}: true}}
	for i := range byte(200) {
		a.rows = append(a.rows, End{Stop: 1, ID: ID{i}})
	}
	s := NewSweeper(a)
	now := time.UnixMilli(0).Add(time.Hour)
	steps := 0
	for {
		steps++
		if wait, err := s.Step(t.Context(), Retention{Executions: time.Minute}, now); err != nil || wait != StepPause {
			break
		}
	}
	if len(a.rows) != 1 || steps > 6 {
		t.Errorf("%d left after %d steps", len(a.rows), steps)
	}
}
