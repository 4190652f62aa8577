package diverge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

// side reads events of the form "ID<PREVIOUS TYPE NAME|INDEX INPUT-OR-OUTPUT", one a
// line; in the place of the last field "!ERROR" is an error.
func side(name, status, text string) Side {
	s := Side{Execution: sfn.Execution{Name: name, Status: status, Input: jsonval.MustParse(`{"n":1}`)}}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		var e history.Event
		if _, err := fmt.Sscanf(f[0], "%d<%d", &e.ID, &e.Previous); err != nil {
			panic(line)
		}
		e.Type = f[1]
		if len(f) > 2 && f[2] != "-" {
			name, index, has := strings.Cut(f[2], "|")
			if e.Details.Name = name; has {
				e.Details.Index = new(int64)
				fmt.Sscan(index, e.Details.Index)
			}
			if e.Type == "EvaluationFailed" {
				e.Details.State = name
			}
		}
		if len(f) > 3 {
			if what, is := strings.CutPrefix(f[3], "!"); is {
				e.Details.Error = &what
			} else {
				p := &history.Payload{Value: jsonval.MustParse(f[3])}
				switch {
				case strings.HasSuffix(e.Type, "Entered"):
					e.Details.Input = p
				case strings.HasSuffix(e.Type, "Scheduled"):
					e.Details.Parameters = p
				default:
					e.Details.Output = p
				}
			}
		}
		s.Events = append(s.Events, e)
	}
	return s
}

func told(r Report) []string {
	out := []string{}
	for _, d := range r.Differences {
		s := strings.TrimRight(fmt.Sprintf("%s %s/%s#%d %s%s", d.Kind, d.Thread, d.State, d.Visit, d.What, d.Pointer), " ")
		out = append(out, s+": "+d.Old.Text()+" → "+d.New.Text())
	}
	return out
}

var whole = Options{Data: true, Calls: true}

const retried = `
	1<0 ExecutionStarted
	2<0 TaskStateEntered T {"n":1}
	3<2 TaskScheduled - {"q":1}
	4<3 TaskStarted
	5<4 TaskFailed - !E1
	6<5 TaskScheduled - {"q":1}
	7<6 TaskStarted
	8<7 TaskSucceeded - {"r":1}
	9<8 TaskStateExited T {"r":1}
	10<9 PassStateEntered P {"r":1}
	11<10 PassStateExited P {"r":1}
	12<11 ExecutionSucceeded`

// The same threads in two orders, of which the second is also told apart by ids.
const (
	parallel = `
	1<0 ExecutionStarted
	2<0 ParallelStateEntered B {"n":1}
	3<2 ParallelStateStarted
	4<3 PassStateEntered L {"n":1}
	5<3 PassStateEntered R {"n":1}
	6<4 PassStateExited L {"l":1}
	7<5 PassStateExited R {"x":2}
	8<7 ParallelStateSucceeded
	9<7 ParallelStateExited B [1,2]
	10<9 MapStateEntered M [1,2]
	11<10 MapStateStarted
	12<11 MapIterationStarted M|0
	13<12 PassStateEntered I 1
	14<11 MapIterationStarted M|1
	15<14 PassStateEntered I 2
	16<13 PassStateExited I 1
	17<16 MapIterationSucceeded M|0
	18<15 PassStateExited I 2
	19<18 MapIterationSucceeded M|1
	20<19 MapStateSucceeded
	21<19 MapStateExited M [1,2]
	22<21 ExecutionSucceeded`
	otherOrder = `
	1<0 ExecutionStarted
	2<0 ParallelStateEntered B {"n":1}
	3<2 ParallelStateStarted
	4<3 PassStateEntered R {"n":1}
	5<4 PassStateExited R {"x":2}
	6<3 PassStateEntered L {"n":1}
	7<6 PassStateExited L {"l":1}
	8<7 ParallelStateSucceeded
	9<7 ParallelStateExited B [1,2]
	10<9 MapStateEntered M [1,2]
	11<10 MapStateStarted
	12<11 MapIterationStarted M|1
	13<12 PassStateEntered I 2
	14<13 PassStateExited I 2
	15<14 MapIterationSucceeded M|1
	16<11 MapIterationStarted M|0
	17<16 PassStateEntered I 1
	18<17 PassStateExited I 1
	19<18 MapIterationSucceeded M|0
	20<19 MapStateSucceeded
	21<19 MapStateExited M [1,2]
	22<21 ExecutionSucceeded`
	redriven = `
	1<0 ExecutionStarted
	2<0 MapStateEntered M [1,2]
	3<2 MapStateStarted
	4<3 MapIterationStarted M|0
	5<4 TaskStateEntered T 1
	6<3 MapIterationStarted M|1
	7<6 TaskStateEntered T 2
	8<5 TaskScheduled - 1
	9<7 TaskScheduled - 2
	10<8 TaskFailed - !E
	11<10 ExecutionFailed - !E
	12<11 ExecutionRedriven
	13<12 TaskScheduled - 2
	14<12 TaskScheduled - 1
	15<13 TaskSucceeded - "b"
	16<15 TaskStateExited T "b"
	17<16 MapIterationSucceeded M|1
	18<14 TaskSucceeded - "a"
	19<18 TaskStateExited T "a"
	20<19 MapIterationSucceeded M|0
	21<20 MapStateExited M ["a","b"]
	22<21 ExecutionSucceeded`
)

func TestCompare(t *testing.T) {
	swap := func(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
	for name, tt := range map[string]struct {
		a, b string
		o    Options
		want []string
	}{
		"another order":  {parallel, otherOrder, whole, []string{}},
		"redriven twice": {redriven, swap(redriven, "13<12 TaskScheduled - 2", "13<12 TaskScheduled - 1", "14<12 TaskScheduled - 1", "14<12 TaskScheduled - 2", "15<13", "15<14", "18<14", "18<13"), whole, []string{}},
		"a branch": {parallel, swap(otherOrder, `{"x":2}`, `{"x":3,"y":null}`), whole,
			[]string{"data B/branch 2/R#1 output/x: 2 → 3", "data B/branch 2/R#1 output/y:  → null"}},
		"an item": {parallel, swap(otherOrder, "18<17 PassStateExited I 1", "18<17 PassStateExited I 9"), whole, []string{"data M/item 0/I#1 output: 1 → 9"}},
		"two items alike": {swap(parallel, "Exited I 2", "Exited I 1"), swap(parallel, "Exited I 1", "Exited I 9", "Exited I 2", "Exited I 9"), whole,
			[]string{"data M/item 0/I#1 output: 1 → 9", "data M/item 1/I#1 output: 1 → 9"}},
		"an item more": {parallel, swap(parallel, "20<19 MapStateSucceeded", "20<11 MapIterationStarted M|2"), whole,
			[]string{`path M/item 2/#0 thread:  → []`}},
		"fails at once": {retried, swap(retried, "!E1", "!E2"), whole, []string{`outcome /T#1 attempts: "E1, succeeded" → "E2, succeeded"`}},
		"another way": {retried, swap(retried, "PassStateEntered P", "PassStateEntered Q", "PassStateExited P", "PassStateExited Q"), whole,
			[]string{`path /T#1 next: ["P"] → ["Q"]`}},
		"cut short": {retried, strings.Join(strings.Split(retried, "\n")[:10], "\n"), whole, []string{`path /T#1 next: ["P"] → []`}},
		"passed on": {retried, swap(retried, `"r":1`, `"r":2`), whole, []string{"data /T#1 result/r: 1 → 2"}},
		"no data":   {retried, swap(retried, `"r":1`, `"r":2`), Options{}, []string{}},
		"ids and times": {swap(retried, `"r":1`, `"r":"0aa2c9a6-4b3d-4c7e-9f0a-111111111111,2026-01-01T00:00:00Z,arn:aws:states:us-east-1:1:execution:m:a"`),
			swap(retried, `"r":1`, `"r":"0aa2c9a6-4b3d-4c7e-9f0a-222222222222,2027-01-01T00:00:00.5Z,arn:aws:states:us-east-1:1:execution:m:b"`), whole, []string{}},
		"ids, exactly": {swap(retried, `"r":1`, `"r":"0aa2c9a6-4b3d-4c7e-9f0a-111111111111"`), swap(retried, `"r":1`, `"r":"0aa2c9a6-4b3d-4c7e-9f0a-222222222222"`),
			Options{Data: true, Exact: true}, []string{`data /T#1 result/r: "0aa2c9a6-4b3d-4c7e-9f0a-111111111111" → "0aa2c9a6-4b3d-4c7e-9f0a-222222222222"`}},
		"a state machine's ARN": {swap(retried, `"r":1`, `"r":"arn:aws:states:us-east-1:1:execution:m:a"`), swap(retried, `"r":1`, `"r":"arn:aws:states:us-east-1:1:execution:other:a"`), whole,
			[]string{`data /T#1 result/r: "arn:aws:states:us-east-1:1:execution:m:a" → "arn:aws:states:us-east-1:1:execution:other:a"`}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, told(Compare(side("a", "SUCCEEDED", tt.a), side("b", "SUCCEEDED", tt.b), tt.o))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNoHistory(t *testing.T) {
	if got := told(Compare(Side{}, Side{}, whole)); len(got) != 0 {
		t.Error(got)
	}
	got := told(Compare(side("a", "SUCCEEDED", retried), Side{Execution: sfn.Execution{Status: "RUNNING"}}, whole))
	want := []string{`data /#0 input: {"n":1} → `, `path /#0 next: ["T","P"] → []`, `outcome /#0 status: "SUCCEEDED" → "RUNNING"`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCalls(t *testing.T) {
	call := func(command uint64, attempt, send uint32, text string) sfn.CallRecord {
		return sfn.CallRecord{State: "T", Command: command, Attempt: attempt, Send: send, Call: jsonval.MustParse(text)}
	}
	const ok = `{"target":{"api":"p","operation":"charge"},"status":200,"decisions":[{"policy":"quota","outcome":"ok","file":"p.xml","line":3}],"calls":[{"backend":"b","status":200}],"duration":5}`
	const denied = `{"target":{"api":"p","operation":"charge"},"status":429,"decisions":[{"policy":"quota","outcome":"denied","file":"p.xml","line":3}],
		"verdict":{"policy":"quota","file":"p.xml","line":3,"reason":"QuotaExceeded"}}`
	a, b := side("a", "SUCCEEDED", retried), side("b", "SUCCEEDED", retried)
	a.Calls = []sfn.CallRecord{call(1, 1, 1, denied), call(1, 2, 2, ok)}
	// The same, sent once more after a crash, and later.
	b.Calls = []sfn.CallRecord{call(7, 1, 1, denied), call(7, 2, 2, denied), call(7, 2, 3, strings.Replace(ok, `"duration":5`, `"duration":6`, 1))}
	if got := told(Compare(a, b, whole)); len(got) != 0 {
		t.Error(got)
	}
	b.Calls = []sfn.CallRecord{call(7, 1, 1, ok), call(7, 2, 2, ok)}
	want := []string{
		`gateway /T#1 verdict of call 1: "denied by quota (p.xml:3): QuotaExceeded" → "allowed"`,
		`gateway /T#1 decision of call 1: "quota denied (p.xml:3)" → "quota ok (p.xml:3)"`,
		`gateway /T#1 backend of call 1:  → "b 200"`, `gateway /T#1 status of call 1: "429" → "200"`,
	}
	if d := cmp.Diff(want, told(Compare(a, b, whole))); d != "" {
		t.Error(d)
	}
	if got := told(Compare(a, b, Options{Data: true})); len(got) != 0 {
		t.Errorf("without calls: %q", got)
	}
	// Calls that belong to no visit are held against each other all the same.
	b.Calls = append(b.Calls, call(9, 1, 1, ok))
	if got := told(Compare(a, b, whole)); len(got) == 0 {
		t.Error("a call more is not told")
	}
}

func TestLongValuesAreCutAndManyCounted(t *testing.T) {
	a, b := side("a", "SUCCEEDED", ""), side("b", "SUCCEEDED", "")
	long := `"` + strings.Repeat("é", longest) + `"`
	a.Execution.Output, b.Execution.Output = jsonval.MustParse(long), jsonval.MustParse(`1`)
	r := Compare(a, b, whole)
	if s, _ := r.First.Old.Str(); !r.First.Cut || len(s) > longest+3 || !strings.HasSuffix(s, "é…") {
		t.Errorf("%+v", r.First)
	}
	list := func(n int) jsonval.Value {
		var out jsonval.Array
		for i := range Most + 9 {
			out.Add(jsonval.OfInt(int64(i + n)))
		}
		return out.Value()
	}
	a.Execution.Output, b.Execution.Output = list(0), list(1)
	if r := Compare(a, b, whole); len(r.Differences) != Most || r.More != 9 {
		t.Errorf("%d and %d more", len(r.Differences), r.More)
	}
}
