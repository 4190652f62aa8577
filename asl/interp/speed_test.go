package interp

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"stile/jsonval"
)

// runWhole runs an execution that waits for nothing to its end, slice by slice, and
// gives how many transitions and history events it made.
func runWhole(tb testing.TB, r *rig, input string) (transitions, events int) {
	x := New(r.p, r.env)
	ch := x.Apply(startEvent(r, input))
	transitions, events = x.transitions, len(ch.History)
	for ch.More {
		ch = x.Apply(Event{Kind: EventContinue, Time: r.now, Seed: 1})
		transitions, events = transitions+x.transitions, events+len(ch.History)
	}
	if x.Status() != "SUCCEEDED" {
		tb.Fatalf("status %q", x.Status())
	}
	return transitions, events
}

func passes(n int) string {
	return strings.Replace(chain(n), `"Wait", "Seconds": 60, "End": true`, `"Succeed"`, 1)
}

// mapOf is an inline Map whose items pass through one state.
const mapOf = `{"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {
  "P": {"Type": "Pass", "End": true}}}}}}`

// assigning is n Pass states each of which assigns a variable of its own.
func assigning(n int) string {
	var b strings.Builder
	b.WriteString(`{"StartAt": "S0", "States": {`)
	for i := range n {
		fmt.Fprintf(&b, `"S%d": {"Type": "Pass", "Assign": {"v%d": %d}, "Next": "S%d"}, `, i, i, i, i+1)
	}
	fmt.Fprintf(&b, `"S%d": {"Type": "Succeed"}}}`, n)
	return b.String()
}

func listOf(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`{"id":1},`, n), ",") + "]" }

// curves are the dimensions in which an execution grows: its definition and its
// input for size n.
var curves = []struct {
	name              string
	definition, input func(n int) string
}{
	{"states", passes, func(int) string { return `{"a": 1}` }},
	{"items", func(int) string { return mapOf }, listOf},
	{"history", loop, func(int) string { return `{"n": 0}` }},
	{"variables", assigning, func(int) string { return `{"a": 1}` }},
}

// TestNothingQuadratic: what an execution allocates in all, compilation left out,
// grows as its states, items, events and variables do: bytes for each at 10,000
// are those at 100, within a third (a root record that names every variable may
// be written once a slice, never once a state).
func TestNothingQuadratic(t *testing.T) {
	for _, c := range curves {
		per := func(n int) float64 {
			r := newRig(t, compile(t, c.definition(n)), live)
			r.env.MaxHistory = 1 << 40
			r.env.MaxPayload = 1 << 30
			input := c.input(n)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			runWhole(t, r, input)
			runtime.ReadMemStats(&after)
			return float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
		}
		per(100)
		small, middle, big := per(100), per(1000), per(10000)
		t.Logf("%s: bytes for each at 100, 1,000, 10,000: %.0f, %.0f, %.0f", c.name, small, middle, big)
		if big > small*4/3+100 {
			t.Errorf("%s: %.0f bytes for each of 100, %.0f for each of 10,000", c.name, small, big)
		}
	}
}

// BenchmarkUnitCurve is the time of the same curves: ns for each state, item,
// turn of a loop or variable.
func BenchmarkUnitCurve(b *testing.B) {
	for _, c := range curves {
		for _, n := range []int{100, 1000, 10000} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				r := newRig(b, compile(b, c.definition(n)), live)
				r.env.MaxHistory = 1 << 40
				r.env.MaxPayload = 1 << 30
				input := c.input(n)
				b.ReportAllocs()
				for b.Loop() {
					runWhole(b, r, input)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/each")
			})
		}
	}
}

// BenchmarkUnitState is what the issue of speed counts: a Choice decided by what
// an intrinsic function computed, and 2 KB of state passed through.
func BenchmarkUnitState(b *testing.B) {
	big := `{"n": 0, "rest": "` + fill(2000) + `"}`
	intrinsic := `{"StartAt": "C0", "States": {`
	for i := range 100 {
		intrinsic += fmt.Sprintf(`"C%d": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "End"},
  {"And": [{"Variable": "$.s", "StringMatches": "a*z"}, {"Variable": "$.n", "NumericLessThanPath": "$.m"}], "Next": "P%d"}]},
  "P%d": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 0)", "m": 3, "s": "abcz"}, "Next": "C%d"}, `, i, i, i, i+1)
	}
	intrinsic += `"C100": {"Type": "Succeed"}, "End": {"Type": "Succeed"}}}`
	cases := []struct{ name, definition, input string }{
		{"choice-intrinsic", intrinsic, `{"n": 1, "m": 3, "s": "abcz"}`},
		{"2KB", passes(100), big},
		{"2KB-shaped", strings.ReplaceAll(passes(100), `"Type": "Pass"`,
			`"Type": "Pass", "Parameters": {"n.$": "$.n", "rest.$": "$.rest"}`), big},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b, compile(b, c.definition), live)
			if !jsonval.MustParse(c.input).Exists() {
				b.Fatal("no input")
			}
			b.ReportAllocs()
			transitions := 0
			for b.Loop() {
				n, _ := runWhole(b, r, c.input)
				transitions += n
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(transitions), "ns/transition")
		})
	}
}

// BenchmarkUnitCompile reads and compiles a definition of 50 states.
func BenchmarkUnitCompile(b *testing.B) {
	var parts strings.Builder
	parts.WriteString(`{"StartAt": "S0", "States": {`)
	for i := range 49 {
		fmt.Fprintf(&parts, `"S%d": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {"ApiEndpoint.$": "$.url",
  "Method": "POST", "RequestBody": {"id.$": "$.items[0].id", "at.$": "$$.State.EnteredTime", "text.$": "States.Format('{}-{}', $.a, $.b)"}},
  "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 5}], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S49"}],
  "ResultPath": "$.r%d", "Next": "S%d"}, `, i, i, i+1)
	}
	parts.WriteString(`"S49": {"Type": "Succeed"}}}`)
	definition := parts.String()
	b.ReportAllocs()
	b.SetBytes(int64(len(definition)))
	for b.Loop() {
		compile(b, definition)
	}
}
