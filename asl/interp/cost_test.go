package interp

import (
	"fmt"
	"strings"
	"testing"

	"stile/jsonval"
)

// loop is Pass → Choice → Pass … until n.
func loop(n int) string {
	return fmt.Sprintf(`{"StartAt": "Count", "States": {
  "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
  "More": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": %d, "Next": "Count"}], "Default": "Enough"},
  "Enough": {"Type": "Succeed"}}}`, n)
}

// chain is n Pass states that hand their input on.
func chain(n int) string {
	var b strings.Builder
	b.WriteString(`{"StartAt": "S0", "States": {`)
	for i := range n {
		fmt.Fprintf(&b, `"S%d": {"Type": "Pass", "Next": "S%d"}, `, i, i+1)
	}
	fmt.Fprintf(&b, `"S%d": {"Type": "Wait", "Seconds": 60, "End": true}}}`, n)
	return b.String()
}

const taskOnly = `{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke",
  "Retry": [{"ErrorEquals": ["Again"], "MaxAttempts": 1000000, "IntervalSeconds": 1, "BackoffRate": 1}], "End": true}}}`

func startEvent(r *rig, input string) Event {
	start := r.start
	start.Input = jsonval.MustParse(input)
	return Event{Kind: EventStarted, Time: r.now, Seed: 1, Start: &start}
}

// TestAllocations counts what one transition, one Task event and one timer cost.
// The counts may fall freely; where they must rise, say why in the commit.
func TestAllocations(t *testing.T) {
	t.Run("a Pass to a Pass", func(t *testing.T) {
		const n = 400
		p := compile(t, chain(n))
		r := newRig(t, p, live)
		ev := startEvent(r, `{"a": 1}`)
		short := testing.AllocsPerRun(20, func() { New(p, r.env).Apply(ev) })
		if per := short / n; per > 3 {
			t.Errorf("%.2f allocations a transition", per)
		}
	})
	t.Run("a Task fails and is sent again", func(t *testing.T) {
		r := newRig(t, compile(t, taskOnly), live)
		x := New(r.p, r.env)
		x.Apply(startEvent(r, `{"a": 1}`))
		attempt, timer := uint32(1), uint64(1)
		frames, per := 0, testing.AllocsPerRun(200, func() {
			x.Apply(Event{Kind: EventTaskFailed, Time: 1, Seed: 1, Command: 1, Attempt: attempt, Error: "Again"})
			x.Apply(Event{Kind: EventTimer, Time: 2, Seed: 1, Timer: timer})
			attempt, timer = attempt+1, timer+1
		})
		if per > 30 {
			t.Errorf("%.1f allocations", per)
		}
		for _, f := range x.Snapshot() {
			if f.Key == rootKey {
				frames += len(f.Data)
			}
		}
		if frames > 128 {
			t.Errorf("the root's record has %d bytes", frames)
		}
	})
}

// TestMapCost: a Map of n items writes O(n) records and bytes in all, whether
// its items end in one slice or each by an event of its own.
func TestMapCost(t *testing.T) {
	def := `{"StartAt": "Each", "States": {"Each": {"Type": "Map", "MaxConcurrency": 5, "ResultPath": null, "End": true,
  "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "T"},
    "T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true}}}}}}`
	p := compile(t, def)
	cost := func(n int) (records, bytes int) {
		r := newRig(t, p, live)
		x := New(p, r.env)
		items := strings.Repeat(`{"item":1},`, n)
		var open []Command
		take := func(ch Changes) {
			for _, f := range ch.Frames {
				records++
				bytes += len(f.Data)
			}
			for _, c := range ch.Commands {
				if c.Kind == ScheduleTask {
					open = append(open, c)
				}
			}
		}
		take(x.Apply(startEvent(r, "["+items[:len(items)-1]+"]")))
		output := jsonval.MustParse(`{"result":"` + fill(200) + `"}`)
		for len(open) > 0 {
			c := open[0]
			open = open[1:]
			take(x.Apply(Event{Kind: EventTaskSucceeded, Time: r.now, Seed: 1, Command: c.ID, Attempt: c.Attempt, Output: output}))
		}
		if x.Status() != "SUCCEEDED" {
			t.Fatalf("status %s", x.Status())
		}
		return records, bytes
	}
	smallRecords, smallBytes := cost(100)
	bigRecords, bigBytes := cost(800)
	if bigRecords > 8*smallRecords+20 || bigBytes > 9*smallBytes {
		t.Errorf("100 items: %d records, %d bytes; 800 items: %d and %d", smallRecords, smallBytes, bigRecords, bigBytes)
	}
	if per := bigBytes / 800; per > 380 {
		t.Errorf("%d bytes of frames an item", per)
	}
}

// TestUnchangedPayload: a payload that passes through n states is stored once.
func TestUnchangedPayload(t *testing.T) {
	r := newRig(t, compile(t, chain(50)), live).open()
	r.begin(`{"big": "` + fill(5000) + `"}`)
	if len(r.blobs) != 1 {
		t.Errorf("%d blobs", len(r.blobs))
	}
	frames, history := 0, 0
	for _, data := range r.frames {
		frames += len(data)
	}
	for _, h := range r.history {
		history += len(AppendHistory(nil, &h))
	}
	if frames > 600 || history > 40*len(r.history) {
		t.Errorf("frames hold %d bytes, %d events hold %d", frames, len(r.history), history)
	}
}

// TestMemory: what one Apply remembers of texts does not pile up.
func TestMemory(t *testing.T) {
	r := newRig(t, compile(t, `{"StartAt": "T", "States": {
  "T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Next": "C"},
  "C": {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": true, "Next": "E"}], "Default": "T"},
  "E": {"Type": "Succeed"}}}`), live).open()
	r.begin(`{}`)
	for range 100 {
		r.answer(r.tasks[0], Event{Kind: EventTaskSucceeded, Output: jsonval.MustParse(`{"big": "` + fill(300) + `"}`)})
	}
	if n := len(r.x.seen); n > 4 {
		t.Errorf("%d texts remembered", n)
	}
	if n := len(r.blobs); n != 100 {
		t.Errorf("%d blobs for 100 answers", n)
	}
}

func BenchmarkUnitTransition(b *testing.B) {
	for name, def := range map[string]string{"pass": chain(400), "count": loop(200)} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, compile(b, def), live)
			ev := startEvent(r, `{"n": 0}`)
			b.ReportAllocs()
			transitions := 0
			for b.Loop() {
				x := New(r.p, r.env)
				x.Apply(ev)
				transitions += x.transitions
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(transitions), "ns/transition")
		})
	}
}

func BenchmarkTask(b *testing.B) {
	r := newRig(b, compile(b, taskOnly), live)
	x := New(r.p, r.env)
	x.Apply(startEvent(r, `{"a": 1}`))
	b.ReportAllocs()
	attempt, timer := uint32(1), uint64(1)
	for b.Loop() {
		x.env.MaxHistory = 1 << 40
		x.Apply(Event{Kind: EventTaskFailed, Time: 1, Seed: 1, Command: 1, Attempt: attempt, Error: "Again"})
		x.Apply(Event{Kind: EventTimer, Time: 2, Seed: 1, Timer: timer})
		attempt, timer = attempt+1, timer+1
	}
}
