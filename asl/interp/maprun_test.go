package interp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stile/asl"
	"stile/jsonval"
)

// distributedMap is a definition whose state M is a distributed Map with more fields.
func distributedMap(fields string) string {
	return `{"StartAt": "S", "States": {
  "S": {"Type": "Pass", "Assign": {"unit": {"name": "kg", "long": "` + fill(300) + `"}}, "Next": "M"},
  "M": {"Type": "Map", ` + fields + ` "End": true,
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
      "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}}`
}

// startedRun gives the rig of an execution that waits for its Map Run, and the spec as a
// restarted host gets it.
func startedRun(t testing.TB, definition, input string) (*rig, *MapRunSpec) {
	t.Helper()
	r := newRig(t, compile(t, definition), live).open()
	r.begin(input)
	if len(r.runs) != 1 {
		t.Fatalf("%d Map Runs are out", len(r.runs))
	}
	x, err := Restore(r.p, r.env, r.stored())
	if err != nil {
		t.Fatal(err)
	}
	out := x.Outstanding()
	if len(out) != 1 || out[0].Kind != StartMapRun {
		t.Fatalf("outstanding: %+v", out)
	}
	if a, b := mapRunRecord(r.runs[0]), mapRunRecord(out[0]); string(a) != string(b) {
		t.Fatalf("the Map Run changes in a restart:\n%x\n%x", a, b)
	}
	return r, out[0].MapRun
}

func TestChildInput(t *testing.T) {
	for _, tt := range []struct{ name, fields, input, key, want string }{
		{"item itself", ``, `[{"a": 1}]`, "", `{"a": 1}`},
		{"item and index", `"ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"},`, `[{"a": 1}]`, "", `{"v":{"a": 1},"i":7}`},
		{"a member", `"ItemSelector": {"k.$": "$$.Map.Item.Key"},`, `{"x": {"a": 1}}`, "x", `{"k":"x"}`},
		{"its source", `"ItemSelector": {"s.$": "$$.Map.Item.Source"},`, `[{"a": 1}]`, "", `{"s":"STATE_DATA"}`},
		{"the rest of the context", `"ItemSelector": {"n.$": "$$.Execution.Name", "s.$": "$$.State.Name", "v.$": "$$.Map.Item.Value.a"},`, `[{"a": 1}]`, "", `{"n":"exec","s":"M","v":1}`},
		{"the input", `"ItemsPath": "$.l", "ItemSelector": {"who.$": "$.who"},`, `{"l": [{"a": 1}], "who": "` + fill(300) + `"}`, "", `{"who":"` + fill(300) + `"}`},
		{"a variable", `"ItemSelector": {"u.$": "$unit.name"},`, `[{"a": 1}]`, "", `{"u":"kg"}`},
		{"in a call", `"ItemSelector": {"u.$": "States.Format('{} {}', $unit.name, $$.Execution.Name)"},`, `[{"a": 1}]`, "", `{"u":"kg exec"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, spec := startedRun(t, distributedMap(tt.fields), tt.input)
			got, err := spec.ChildInput(r.p, 7, tt.key, jsonval.MustParse(`{"a": 1}`), r.env.LoadBlob)
			if err != nil || got.Text() != tt.want {
				t.Errorf("got %s, %v; want %s", got.Text(), err, tt.want)
			}
		})
	}
}

// A selector that reads nothing else of the context keeps none of it.
func TestSelectorKeepsWhatItReads(t *testing.T) {
	_, spec := startedRun(t, distributedMap(`"ItemSelector": {"v.$": "$$.Map.Item.Value"},`), `[1]`)
	if spec.Context.Blob != 0 || spec.Context.Value.Exists() || spec.Variables != nil {
		t.Errorf("kept: context %+v, variables %+v", spec.Context, spec.Variables)
	}
}

// What fails for an item has the expression's own words; what cannot be loaded is
// told, too.
func TestChildInputFails(t *testing.T) {
	r, spec := startedRun(t, distributedMap(`"ItemSelector": {"v.$": "$$.Map.Item.Value.b", "u.$": "$unit.name"},`), `[1]`)
	_, err := spec.ChildInput(r.p, 0, "", jsonval.MustParse(`{"a": 1}`), r.env.LoadBlob)
	if err == nil || err.Name != asl.ErrRuntime || !strings.Contains(err.Cause, "'$.Map.Item.Value.b'") {
		t.Errorf("a missing member: %v", err)
	}
	lost := errors.New("lost")
	_, err = spec.ChildInput(r.p, 0, "", jsonval.MustParse(`1`), func(uint64) (jsonval.Value, error) { return jsonval.Value{}, lost })
	if err == nil || err.Cause != "lost" {
		t.Errorf("a lost blob: %v", err)
	}
}

// UUIDs differ from item to item, and are the same for the same item.
func TestSelectorRandom(t *testing.T) {
	r, spec := startedRun(t, distributedMap(`"ItemSelector": {"id.$": "States.UUID()"},`), `[1]`)
	seen := map[string]int64{}
	for _, i := range []int64{0, 1, 2, 1 << 32, 0} {
		v, err := spec.ChildInput(r.p, i, "", jsonval.NullValue, r.env.LoadBlob)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[v.Text()]; ok != (i == 0 && len(seen) == 4) {
			t.Errorf("items %d and %d have %s", i, other, v.Text())
		}
		seen[v.Text()] = i
	}
}

func TestBatcher(t *testing.T) {
	one := func(n int) jsonval.Value { return jsonval.OfInt(int64(n)) }
	for _, tt := range []struct {
		name  string
		spec  MapRunSpec
		items []jsonval.Value
		want  string
	}{
		{"by count", MapRunSpec{MaxItemsPerBatch: 2}, []jsonval.Value{one(1), one(2), one(3)}, `{"Items":[1,2]} {"Items":[3]}`},
		{"one each", MapRunSpec{MaxItemsPerBatch: 1}, []jsonval.Value{one(1), one(2)}, `{"Items":[1]} {"Items":[2]}`},
		{"none", MapRunSpec{MaxItemsPerBatch: 1}, nil, ``},
		{"with input", MapRunSpec{MaxItemsPerBatch: 3, BatchInput: Payload{Value: jsonval.MustParse(`{"a":1}`)}},
			[]jsonval.Value{one(1), one(2)}, `{"BatchInput":{"a":1},"Items":[1,2]}`},
		{"by bytes", MapRunSpec{MaxInputBytesPerBatch: 15}, []jsonval.Value{one(1), one(2), one(33), one(4)}, // {"Items":[1,2]} is 15
			`{"Items":[1,2]} {"Items":[33]} {"Items":[4]}`},
		{"by both", MapRunSpec{MaxInputBytesPerBatch: 17, MaxItemsPerBatch: 2}, []jsonval.Value{one(1), one(2), one(3), one(4), one(555555), one(6)},
			`{"Items":[1,2]} {"Items":[3,4]} {"Items":[555555]} {"Items":[6]}`},
		{"larger than allowed", MapRunSpec{MaxInputBytesPerBatch: 3}, []jsonval.Value{one(1), one(2)}, `{"Items":[1]} {"Items":[2]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(batchesOf(t, &tt.spec, 0, tt.items), " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if (&MapRunSpec{}).Batched() {
		t.Error("a Map without ItemBatcher has batches")
	}
}

func batchesOf(t interface{ Fatal(...any) }, spec *MapRunSpec, maxInput int, items []jsonval.Value) (list []string) {
	b, err := spec.Batcher(maxInput, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range items {
		if full, ok := b.Add(v); ok {
			list = append(list, full.Text())
		}
	}
	if rest, ok := b.Rest(); ok {
		list = append(list, rest.Text())
	}
	return list
}

// Batches hold all items in order, within both bounds, and no batch could have
// taken the first item of the next.
func TestBatchesAreFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := MapRunSpec{MaxItemsPerBatch: rapid.Int64Range(0, 5).Draw(t, "items"), MaxInputBytesPerBatch: rapid.Int64Range(0, 60).Draw(t, "bytes")}
		if rapid.Bool().Draw(t, "input") {
			spec.BatchInput.Value = jsonval.MustParse(`{"a": 1}`)
		}
		var items []jsonval.Value
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 30), 0, 40).Draw(t, "sizes") {
			items = append(items, jsonval.MustParse(strings.Repeat("7", n)))
		}
		most := 100
		if n := int(spec.MaxInputBytesPerBatch); n > 0 {
			most = n
		}
		i := 0
		for _, text := range batchesOf(t, &spec, 100, items) {
			batch := jsonval.MustParse(text).Get("Items").Items()
			for _, v := range batch {
				if v.Text() != items[i].Text() {
					t.Fatalf("item %d is %s", i, v.Text())
				}
				i++
			}
			if len(batch) > 1 && len(text) > most || spec.MaxItemsPerBatch > 0 && int64(len(batch)) > spec.MaxItemsPerBatch {
				t.Fatalf("too large: %s", text)
			}
			if i < len(items) && int64(len(batch)) != spec.MaxItemsPerBatch && len(text)+1+len(items[i].Raw()) <= most {
				t.Fatalf("%s has room for %s", text, items[i].Text())
			}
		}
		if i != len(items) {
			t.Fatalf("%d items of %d", i, len(items))
		}
	})
}

// The parent's records do not grow with the items.
func TestMapRunCostsNothingPerItem(t *testing.T) {
	size := func(n int) (total int) {
		r, _ := startedRun(t, distributedMap(`"ItemsPath": "$.l",`), `{"l": [`+strings.Repeat(`{"some": "item"},`, n)+`0]}`)
		for _, f := range r.frames {
			total += len(f)
		}
		return total
	}
	if few, many := size(100), size(10000); many > few+8 {
		t.Errorf("%d bytes of frames for 100 items, %d for 10000", few, many)
	}
}

// The numbers of phases are stored.
func TestPhasesKeepTheirNumbers(t *testing.T) {
	for i, p := range []phase{phaseEnter, phaseTask, phaseWait, phaseRetry, phaseAgain, phaseChildren, phaseDone, phaseMapRun} {
		if int(p) != i {
			t.Errorf("phase %d is stored as %d", p, i)
		}
	}
}

// A frame that waits for no Map Run is written as before there were any.
func TestMapRunHasItsOwnFormat(t *testing.T) {
	r, _ := startedRun(t, distributedMap(``), `[1]`)
	if r.frames[rootKey][0] != partsFormat {
		t.Errorf("format %d while the Map Run is out", r.frames[rootKey][0])
	}
	c := r.runs[0]
	r.runs = nil
	r.apply(Event{Kind: EventMapRunEnded, Command: c.ID, Output: jsonval.EmptyArray})
	if r.frames[rootKey][0] != frameFormat || r.done == nil {
		t.Errorf("format %d behind it", r.frames[rootKey][0])
	}
}

// The child's definition is the item processor.
func TestChildProgram(t *testing.T) {
	p := compile(t, strings.Replace(distributedMap(``), `{"StartAt"`, `{"TimeoutSeconds": 9, "StartAt"`, 1))
	d := p.States["M"].Map.Distributed
	if d.Program.TimeoutSeconds != 0 || d.Program.Body != p.States["M"].Map.Processor || len(d.Program.Ordered) != len(p.Ordered) {
		t.Errorf("the child's program is %+v", d.Program)
	}
	if !jsonval.MustParse(d.Definition).Get("ProcessorConfig").Exists() {
		t.Errorf("the child's definition is %s", d.Definition)
	}
	r := newRig(t, d.Program, restored).open()
	r.begin(`{"a":1}`)
	r.finish(func(Command) (Event, bool) { return Event{}, false })
	if r.done.Status != "SUCCEEDED" || fmt.Sprint(len(r.history)) != "4" {
		t.Errorf("%s with %d events", r.done.Status, len(r.history))
	}
}
