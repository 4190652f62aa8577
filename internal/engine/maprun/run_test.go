package maprun

import (
	"testing"

	"pgregory.net/rapid"
)

// TestCounts holds the core against a plain list of children, over starts, ends,
// repeated ends and crashes after which only what was kept is known.
func TestCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Resume(Progress{Bounds: Bounds{Concurrency: rapid.Int64Range(0, 5).Draw(t, "concurrency"), Failures: 1000, Counted: true}})
		var list []slot // what the children's rows say; outcome 0: its start was lost
		kept := r.Progress
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				if r.Room() == 0 {
					continue
				}
				index, items := r.Next, rapid.Int64Range(1, 9).Draw(t, "items")
				r.Each(Absent, func(i int64) { index = min(index, i) })
				if !r.Start(index, items) {
					t.Fatalf("child %d does not start", index)
				}
				if index == int64(len(list)) {
					list = append(list, slot{})
				}
				list[index] = slot{Open, int32(items)}
			case 2, 3:
				if len(list) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(list)-1).Draw(t, "index")
				outcome := Outcome(rapid.IntRange(int(Succeeded), int(Aborted)).Draw(t, "outcome"))
				if took := r.End(int64(i), outcome); took != (list[i].outcome == Open) {
					t.Fatalf("the end of %+v was taken: %v", list[i], took)
				}
				if list[i].outcome == Open {
					list[i].outcome = outcome
				}
			case 4:
				kept = r.Progress
			case 5:
				crash(t, r, kept, list)
			}
			check(t, r, list)
		}
	})
}

// crash makes the core anew from what was kept and from the rows; the rows of some
// children that had not ended are lost.
func crash(t *rapid.T, r *Run, kept Progress, list []slot) {
	*r = *Resume(kept)
	last := int64(len(list))
	for last > r.Low && list[last-1].outcome <= Open && rapid.Bool().Draw(t, "lost") {
		last--
		list[last] = slot{}
	}
	for i := r.Low; i < int64(len(list)); i++ {
		if list[i].outcome == Open && rapid.Bool().Draw(t, "lost") {
			list[i] = slot{}
		}
		if list[i].outcome != 0 {
			r.Recount(i, int64(list[i].items), list[i].outcome)
		}
	}
	r.Missing(int64(len(list))) // as a run whose dataset was read whole knows
}

func check(t *rapid.T, r *Run, list []slot) {
	var want Run
	for _, c := range list {
		switch c.outcome {
		case Absent:
			want.Absent++
		case Open:
			want.Open.add(int64(c.items))
			want.Read += int64(c.items)
		default:
			want.Ended[c.outcome].add(int64(c.items))
			want.Read += int64(c.items)
		}
	}
	if r.Ended != want.Ended || r.Open != want.Open || r.Absent != want.Absent || r.Read != want.Read || r.Next != int64(len(list)) {
		t.Fatalf("counts %+v of %+v", r, list)
	}
	below := Tallies{}
	for _, c := range list[:r.Low] {
		if c.outcome <= Open {
			t.Fatalf("child below %d has not ended", r.Low)
		}
		below[c.outcome].add(int64(c.items))
	}
	if r.Below != below || len(r.window) != len(list)-int(r.Low) {
		t.Fatalf("below %d: %v, not %v", r.Low, r.Below, below)
	}
	if r.Room() < 0 || r.Open.Children > 0 && r.Over() {
		t.Fatalf("%+v", r)
	}
}

func TestWindowIsBounded(t *testing.T) {
	r := &Run{}
	for r.Room() > 0 {
		r.Start(r.Next, 1)
		if r.Next > 1 {
			r.End(r.Next-1, Succeeded)
		}
	}
	if r.Next != maxWindow || r.Low != 0 || r.Open.Children != 1 {
		t.Fatalf("%d children, %d open", r.Next, r.Open.Children)
	}
	if r.End(0, Succeeded); r.Low != maxWindow || r.Room() != MaxOpen {
		t.Errorf("low %d, room for %d", r.Low, r.Room())
	}
}

func TestJudgesWhenTheTotalIsKnown(t *testing.T) {
	r := Resume(Progress{Bounds: Bounds{Percentage: 50, Rated: true}})
	r.Start(0, 1)
	r.Start(1, 1)
	r.End(0, Failed)
	if r.Stopping {
		t.Fatal("judged before the dataset was read")
	}
	r.Start(2, 1)
	if r.Exhausted(); r.Stopping {
		t.Fatal("one of three is not more than half")
	}
	if r.End(1, TimedOut); !r.Stopping || r.Failed != ErrThreshold || r.Over() {
		t.Fatalf("%+v", r)
	}
	if r.End(2, Aborted); !r.Over() || r.Outcome() != Failed {
		t.Errorf("%+v", r)
	}
}
