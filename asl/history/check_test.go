package history_test

import (
	"strings"
	"testing"

	"stile/asl/history"
)

// ev is an event of the text "ID<PREVIOUS TYPE [NAME] [INDEX]"; its time is its place.
func ev(id, previous int64, typ, name string, index ...int64) history.Event {
	e := history.Event{ID: id, Previous: previous, Time: 1000 + id, Type: typ, Details: history.Details{Name: name}}
	if typ == "EvaluationFailed" {
		e.Details = history.Details{State: name}
	}
	if len(index) > 0 {
		e.Details.Index = &index[0]
	}
	return e
}

// good has each rule's matter: an attempt that is retried, a Parallel, a Map of two
// iterations side by side, a Map Run, a failure that is caught, a redrive.
func good() []history.Event {
	return []history.Event{
		ev(1, 0, "ExecutionStarted", ""),
		ev(2, 0, "TaskStateEntered", "T"),
		ev(3, 2, "TaskScheduled", ""), ev(4, 3, "TaskStarted", ""), ev(5, 4, "TaskSubmitted", ""), ev(6, 5, "TaskFailed", ""),
		ev(7, 6, "TaskScheduled", ""), ev(8, 7, "TaskStarted", ""), ev(9, 8, "TaskSucceeded", ""),
		ev(10, 9, "TaskStateExited", "T"),
		ev(11, 10, "ParallelStateEntered", "P"), ev(12, 11, "ParallelStateStarted", ""),
		ev(13, 12, "PassStateEntered", "A"), ev(14, 13, "PassStateExited", "A"),
		ev(15, 12, "WaitStateEntered", "B"), ev(16, 15, "WaitStateExited", "B"),
		ev(17, 16, "ParallelStateSucceeded", ""), ev(18, 16, "ParallelStateExited", "P"),
		ev(19, 18, "MapStateEntered", "M"), ev(20, 19, "MapStateStarted", ""),
		ev(21, 20, "MapIterationStarted", "M", 0), ev(22, 21, "PassStateEntered", "I"), ev(23, 20, "MapIterationStarted", "M", 1),
		ev(24, 23, "PassStateEntered", "I"), ev(25, 22, "PassStateExited", "I"), ev(26, 25, "MapIterationSucceeded", "M", 0),
		ev(27, 24, "PassStateExited", "I"), ev(28, 27, "MapIterationSucceeded", "M", 1),
		ev(29, 28, "MapStateSucceeded", ""), ev(30, 28, "MapStateExited", "M"),
		ev(31, 30, "MapStateEntered", "D"), ev(32, 31, "MapStateStarted", ""), ev(33, 32, "MapRunStarted", ""),
		ev(34, 33, "MapRunFailed", ""), ev(35, 34, "MapStateFailed", ""), ev(36, 35, "MapStateExited", "D"),
		ev(37, 36, "TaskStateEntered", "T"), ev(38, 37, "ActivityScheduled", ""), ev(39, 38, "ActivityStarted", ""),
		ev(40, 39, "ActivityTimedOut", ""), ev(41, 40, "ExecutionFailed", ""),
		ev(42, 41, "ExecutionRedriven", ""),
		ev(43, 42, "ActivityScheduled", ""), ev(44, 43, "ActivityStarted", ""), ev(45, 44, "ActivitySucceeded", ""),
		ev(46, 45, "TaskStateExited", "T"), ev(47, 46, "PassStateEntered", "Z"), ev(48, 46, "EvaluationFailed", "Z"),
		ev(49, 0, "ExecutionAborted", ""),
	}
}

// insert puts an event in the place of its id and moves those behind it.
func insert(list []history.Event, e history.Event) []history.Event {
	var out []history.Event
	for _, old := range list {
		if old.ID == e.ID {
			out = append(out, e)
		}
		if old.ID >= e.ID {
			old.ID++
		}
		if old.Previous >= e.ID {
			old.Previous++
		}
		old.Time++
		out = append(out, old)
	}
	if e.ID > int64(len(list)) {
		out = append(out, e)
	}
	return out
}

// without takes an event out; those behind it move up, and who followed it follows
// what it followed.
func without(list []history.Event, id int64) []history.Event {
	var out []history.Event
	for _, e := range list {
		if e.ID == id {
			continue
		}
		if e.Previous == id {
			e.Previous = list[id-1].Previous
		}
		if e.ID > id {
			e.ID--
		}
		if e.Previous > id {
			e.Previous--
		}
		out = append(out, e)
	}
	return out
}

func TestCheckFindsEachBreak(t *testing.T) {
	if wrong := history.Check(good()); len(wrong) > 0 {
		t.Fatalf("a good history: %v", wrong)
	}
	change := func(id int64, f func(*history.Event)) []history.Event {
		list := good()
		f(&list[id-1])
		return list
	}
	for name, tt := range map[string]struct {
		events []history.Event
		want   string
	}{
		"a gap":                    {append(good()[:20:20], good()[21:]...), "a gap"},
		"an id twice":              {append(good()[:20:20], good()[19:]...), "a gap"},
		"time goes back":           {change(30, func(e *history.Event) { e.Time = 1000 }), "is before"},
		"follows itself":           {change(30, func(e *history.Event) { e.Previous = 30 }), "previous event is 30"},
		"follows nothing":          {change(30, func(e *history.Event) { e.Previous = 0 }), "follows no event"},
		"no start":                 {change(1, func(e *history.Event) { e.Type = "ExecutionAborted" }), "starts once"},
		"starts again":             {insert(good(), ev(20, 19, "ExecutionStarted", "")), "starts once"},
		"two ends":                 {insert(good(), ev(42, 41, "ExecutionFailed", "")), "after the end"},
		"goes on after the end":    {append(good(), ev(50, 49, "PassStateEntered", "X")), "after the end"},
		"redriven while it runs":   {insert(good(), ev(20, 19, "ExecutionRedriven", "")), "before its end"},
		"left, not entered":        {change(13, func(e *history.Event) { e.Details.Name = "other" }), "left where it was not entered"},
		"left as another kind":     {change(14, func(e *history.Event) { e.Type = "WaitStateExited" }), "left where it was not entered"},
		"left twice":               {insert(good(), ev(15, 14, "PassStateExited", "A")), "left where it was not entered"},
		"left twice, beside":       {insert(good(), ev(26, 25, "PassStateExited", "I")), "left where it was not entered"},
		"an attempt ends twice":    {insert(good(), ev(10, 9, "TaskFailed", "")), "no attempt is open"},
		"ends after its timeout":   {insert(good(), ev(41, 39, "ActivitySucceeded", "")), "no attempt is open"},
		"an end without a start":   {without(good(), 3), "no attempt is open"},
		"another family's end":     {change(9, func(e *history.Event) { e.Type = "ActivitySucceeded" }), "no attempt is open"},
		"an attempt starts twice":  {insert(good(), ev(5, 4, "TaskStarted", "")), "starts twice"},
		"submitted twice":          {insert(good(), ev(6, 5, "TaskSubmitted", "")), "twice"},
		"retried while it runs":    {insert(good(), ev(9, 8, "TaskScheduled", "")), "has no end"},
		"old attempt, redriven":    {change(45, func(e *history.Event) { e.Previous = 39 }), "no attempt is open"},
		"Parallel succeeds twice":  {insert(good(), ev(18, 17, "ParallelStateSucceeded", "")), "succeeds twice"},
		"Parallel, never started":  {without(good(), 12), "succeeds twice, or before it started"},
		"Map fails for ever":       {insert(insert(good(), ev(36, 35, "MapStateFailed", "")), ev(37, 36, "MapStateFailed", "")), "none that has not ended"},
		"iteration starts twice":   {change(23, func(e *history.Event) { e.Details.Index = new(int64) }), "starts twice"},
		"iteration ends twice":     {insert(good(), ev(29, 27, "MapIterationFailed", "M", 1)), "ends twice"},
		"iteration, never started": {change(28, func(e *history.Event) { *e.Details.Index = 5 }), "before it starts"},
		"iteration of nothing":     {insert(good(), ev(20, 18, "MapIterationStarted", "M", 0)), "no Map of its name"},
		"Map Run starts twice":     {insert(good(), ev(34, 33, "MapRunStarted", "")), "starts twice"},
		"Map Run ends twice":       {insert(good(), ev(35, 34, "MapRunSucceeded", "")), "or twice"},
		"no type":                  {change(30, func(e *history.Event) { e.Type = "Holiday" }), "is no type"},
		"aborted twice":            {insert(insert(good(), ev(16, 15, "WaitStateAborted", "")), ev(17, 15, "WaitStateAborted", "")), "aborted twice"},
		"aborted, not there":       {insert(good(), ev(11, 10, "WaitStateAborted", "")), "no state of this kind"},
	} {
		t.Run(name, func(t *testing.T) {
			if wrong := strings.Join(history.Check(tt.events), "\n"); !strings.Contains(wrong, tt.want) {
				t.Errorf("found %q, want %q", wrong, tt.want)
			}
		})
	}
}

func TestCheckTurnFindsEachBreak(t *testing.T) {
	turn := func() []history.Event {
		list := []history.Event{ev(8, 7, "TaskFailed", ""), ev(9, 8, "ExecutionFailed", "")}
		for i := range list {
			list[i].Time = 5
		}
		return list
	}
	if wrong := history.CheckTurn(7, 5, true, turn()); wrong != "" {
		t.Fatal(wrong)
	}
	if wrong := history.CheckTurn(7, 5, false, nil); wrong != "" {
		t.Fatal(wrong)
	}
	for name, tt := range map[string]struct {
		last, now int64
		ends      bool
		change    func([]history.Event) []history.Event
		want      string
	}{
		"a gap":               {6, 5, true, nil, "in the place of"},
		"another time":        {7, 6, true, nil, "has the time"},
		"an end that is none": {7, 5, false, nil, "is no end"},
		"follows itself":      {7, 5, true, func(l []history.Event) []history.Event { l[0].Previous = 8; return l }, "follows 8"},
		"no end":              {7, 5, true, func(l []history.Event) []history.Event { return l[:1] }, "ended without"},
		"nothing":             {7, 5, true, func(l []history.Event) []history.Event { return nil }, "ended without"},
		"goes on": {7, 5, true, func(l []history.Event) []history.Event {
			l[0], l[1] = l[1], l[0]
			l[0].ID, l[1].ID = 8, 9
			l[0].Previous = 7
			return l
		}, "is no end"},
	} {
		t.Run(name, func(t *testing.T) {
			list := turn()
			if tt.change != nil {
				list = tt.change(list)
			}
			if wrong := history.CheckTurn(tt.last, tt.now, tt.ends, list); !strings.Contains(wrong, tt.want) {
				t.Errorf("found %q, want %q", wrong, tt.want)
			}
		})
	}
}

// BenchmarkChecks shows what the rules cost for each event.
func BenchmarkChecks(b *testing.B) {
	events := good()
	b.Run("turn", func(b *testing.B) {
		one := []history.Event{ev(8, 7, "TaskStarted", ""), ev(9, 8, "TaskSucceeded", ""), ev(10, 9, "TaskStateExited", "T")}
		for i := range one {
			one[i].Time = 5
		}
		for b.Loop() {
			if wrong := history.CheckTurn(7, 5, false, one); wrong != "" {
				b.Fatal(wrong)
			}
		}
	})
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			history.Check(events)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/event")
	})
}
