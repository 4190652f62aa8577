package interp

import (
	"strings"
	"testing"

	"stile/jsonval"
)

// runChildren runs a Map Run's child executions one after another, as a host would,
// with tasks answered as the recording says the parent's were.
func runChildren(t *testing.T, p *rig, c Command, work func(Command) (Event, bool)) Event {
	program := p.p.States[c.State].Map.Distributed.Program
	sel, err := c.MapRun.Selector(p.p, p.env.LoadBlob)
	if err != nil {
		t.Fatal(err)
	}
	items := c.MapRun.Items.Value
	if !items.Exists() {
		items = p.blobs[c.MapRun.Items.Blob]
	}
	var inputs []jsonval.Value
	add := func(key string, v jsonval.Value) {
		in, err := sel.Input(int64(len(inputs)), key, v)
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	for _, v := range items.Items() {
		add("", v)
	}
	items.EachMember(func(key string, v jsonval.Value) bool { add(key, v); return true })
	var results jsonval.Array
	for _, in := range inputs {
		child := newRig(t, program, live)
		child.start.MapRunARN = c.MapRun.ARN
		child.open()
		child.mapRun = func(c Command) Event { return runChildren(t, child, c, work) }
		child.begin(in.Text())
		child.finish(work)
		if child.done.Status != "SUCCEEDED" {
			return Event{Error: text(child.done.Error), Cause: text(child.done.Cause)}
		}
		results.Add(child.done.Output.Value)
	}
	return Event{Output: results.Value()}
}

// TestRecordedMapRuns runs recorded executions whose distributed Maps have their
// items in the input, and compares like TestRecorded. What a service was asked for
// the children is not in the parent's recording; those cases are left out.
func TestRecordedMapRuns(t *testing.T) {
	passed := 0
	for _, c := range corpus(t, "scenarios") {
		def := c.definition()
		if !strings.Contains(def, `"DISTRIBUTED"`) || strings.Contains(def, `"ItemReader"`) ||
			strings.Contains(def, `"ResultWriter"`) || strings.Contains(def, `"Task"`) {
			continue
		}
		sameEra(&c)
		passed++
		t.Run(c.Name, func(t *testing.T) {
			var traces [2][]string
			for i, m := range []mode{live, restored} {
				r := newRig(t, compile(t, def), m)
				r.start.RoleARN, _ = c.Expected.Events[0]["executionStartedEventDetails"].(map[string]any)["roleArn"].(string)
				none := func(Command) (Event, bool) { return Event{}, false }
				r.mapRun = func(cmd Command) Event { return runChildren(t, r, cmd, none) }
				r.open()
				r.begin(recordedText(c.Input, r.now))
				r.finish(none)
				for _, d := range c.compare(r) {
					t.Error(d)
				}
				r.replay()
				traces[i] = r.trace
			}
			for i := range traces[0] {
				if traces[0][i] != traces[1][i] {
					t.Fatalf("event %d gives, restored:\n%s\ninstead of\n%s", i, traces[1][i], traces[0][i])
				}
			}
		})
	}
	if passed < 20 {
		t.Errorf("%d cases were run", passed)
	}
}

// sameEra makes the recordings of early 2024 agree with later ones: MapStateExited of
// a distributed Map that is not its body's first state followed MapRunSucceeded, and
// since late 2024 MapRunStarted.
func sameEra(c *recorded) {
	typ, first := map[float64]string{}, map[string]bool{}
	for _, e := range c.Expected.Events {
		id, _ := e["id"].(float64)
		typ[id], _ = e["type"].(string)
		prev, _ := e["previousEventId"].(float64)
		name := func(member string) string {
			d, _ := e[member].(map[string]any)
			n, _ := d["name"].(string)
			return n
		}
		switch {
		case typ[id] == "MapStateEntered":
			first[name("stateEnteredEventDetails")] = prev == 0 || strings.HasSuffix(typ[prev], "Started")
		case typ[id] == "MapStateExited" && typ[prev] == "MapRunSucceeded" && !first[name("stateExitedEventDetails")]:
			e["previousEventId"] = prev - 1
		}
	}
}
