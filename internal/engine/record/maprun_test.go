package record

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/asl/interp"
	"stile/internal/engine/maprun"
	"stile/jsonval"
)

func TestMapRunRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64()
		run := Run{Start: n.Draw(t, "start"), Entered: n.Draw(t, "entered"), Spec: interp.MapRunSpec{
			ARN: text(t, "arn"), Label: text(t, "label"), State: text(t, "state"), Items: payload(t, "items"), Reader: payload(t, "reader"),
			ItemsPointer: text(t, "pointer"), MaxItems: n.Draw(t, "most"), MaxItemsPerBatch: n.Draw(t, "batch"), BatchInput: payload(t, "input"),
			MaxConcurrency: n.Draw(t, "concurrency"), ToleratedFailureCount: n.Draw(t, "failures"), Writer: payload(t, "writer"),
			ToleratedFailurePercentage: rapid.Float64Range(0, 100).Draw(t, "percentage"), Seed: rapid.Uint64().Draw(t, "seed"), Time: n.Draw(t, "time"),
		}}
		if rapid.Bool().Draw(t, "variables") {
			run.Spec.Variables = []interp.Variable{{Name: text(t, "name"), Value: jsonval.OfString(text(t, "value"))}, {Name: "b", Blob: 7}}
		}
		roundTrip(t, run, run.Encode(), DecodeRun)
		p := RunProgress{Status: Status(rapid.IntRange(1, 5).Draw(t, "status")), Stop: n.Draw(t, "stop"), Total: n.Draw(t, "total"),
			Written: rapid.Bool().Draw(t, "written"), Identity: text(t, "identity"), Progress: maprun.Progress{
				Low: n.Draw(t, "low"), Next: n.Draw(t, "next"), Known: n.Draw(t, "known"), Fed: rapid.Bool().Draw(t, "fed"),
				Stopped: rapid.Bool().Draw(t, "stopped"), Stopping: rapid.Bool().Draw(t, "stopping"), Failed: text(t, "failed"), Cause: text(t, "cause"),
				Bounds: maprun.Bounds{Concurrency: n.Draw(t, "c"), Failures: n.Draw(t, "f"), Percentage: rapid.Float64Range(0, 100).Draw(t, "p"),
					Counted: rapid.Bool().Draw(t, "counted"), Rated: rapid.Bool().Draw(t, "rated")},
			}}
		p.Below[maprun.Failed] = maprun.Tally{Children: n.Draw(t, "children"), Items: n.Draw(t, "of items")}
		if rapid.Bool().Draw(t, "redriven") {
			p.Redrives, p.Redriven = 1+uint32(rapid.IntRange(0, 999).Draw(t, "redrives")), n.Draw(t, "redriven at")
		}
		row := ChildRow{Index{p.Status, p.Stop}, 3, p.Redrives}
		if got, err := DecodeChildRow(row.Encode()); err != nil || got != row {
			t.Fatalf("%+v became %+v, %v", row, got, err)
		}
		if got, err := DecodeProgress(p.Encode()); err != nil || got != p {
			t.Fatalf("%+v became %+v, %v", p, got, err)
		}
		c := Child{Run: text(t, "run"), State: text(t, "of"), Parent: RunKey{IDOf("x"), rapid.Uint64().Draw(t, "command")}, Index: n.Draw(t, "index"),
			Items: n.Draw(t, "n"), Express: rapid.Bool().Draw(t, "express")}
		got := (&Fixed{Child: c.Text()}).MapChild()
		if diff := cmp.Diff(&c, got, cmp.AllowUnexported(Child{}, RunKey{})); diff != "" {
			t.Fatal(diff)
		}
	})
}
