package interp

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/asl"
)

// TestNamedValuesAreTheProgramsAndNotStored: a command carries the references of its
// state, also what is out after a restart; the frames, the blobs and the history hold
// the definition's text.
func TestNamedValuesAreTheProgramsAndNotStored(t *testing.T) {
	p := compile(t, `{"StartAt":"A","States":{"A":{"Type":"Task","End":true,"Resource":"arn:aws:states:::http:invoke","Parameters":{
		"Headers":{"X":"Bearer {{key}}"},"RequestBody":{"in.$":"$.in","list":["{{key}}"]}}}}}`)
	want := []asl.NamedValueRef{{Pointer: "/Headers/X", Name: "key"}, {Pointer: "/RequestBody/list/0", Name: "key"}}
	r := newRig(t, p, live).open()
	r.begin(`{"in":"{{key}}"}`)
	if len(r.tasks) != 1 {
		t.Fatal("no task was scheduled")
	}
	c := r.tasks[0]
	if d := cmp.Diff(want, c.NamedValues); d != "" {
		t.Error(d)
	}
	if got := c.Parameters.Value.Text(); got != `{"Headers":{"X":"Bearer {{key}}"},"RequestBody":{"in":"{{key}}","list":["{{key}}"]}}` {
		t.Error(got)
	}
	for key, data := range r.frames {
		if bytes.Contains(data, []byte("/RequestBody/list/0")) {
			t.Errorf("frame %d stores a reference", key)
		}
	}
	again, err := Restore(p, r.env, r.stored())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range again.Outstanding() {
		if c.Kind == ScheduleTask {
			if d := cmp.Diff(want, c.NamedValues); d != "" {
				t.Errorf("after a restart: %s", d)
			}
			return
		}
	}
	t.Error("after a restart no task is out")
}
