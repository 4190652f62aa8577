package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/asl/interp"
	"stile/internal/engine/maprun"
	"stile/internal/sfn"
	"stile/jsonval"
)

func TestMapRunRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64()
		run := runRecord{start: n.Draw(t, "start"), entered: n.Draw(t, "entered"), spec: interp.MapRunSpec{
			ARN: text(t, "arn"), Label: text(t, "label"), State: text(t, "state"), Items: payload(t, "items"), Reader: payload(t, "reader"),
			ItemsPointer: text(t, "pointer"), MaxItems: n.Draw(t, "most"), MaxItemsPerBatch: n.Draw(t, "batch"), BatchInput: payload(t, "input"),
			MaxConcurrency: n.Draw(t, "concurrency"), ToleratedFailureCount: n.Draw(t, "failures"), Writer: payload(t, "writer"),
			ToleratedFailurePercentage: rapid.Float64Range(0, 100).Draw(t, "percentage"), Seed: rapid.Uint64().Draw(t, "seed"), Time: n.Draw(t, "time"),
		}}
		if rapid.Bool().Draw(t, "variables") {
			run.spec.Variables = []interp.Variable{{Name: text(t, "name"), Value: jsonval.OfString(text(t, "value"))}, {Name: "b", Blob: 7}}
		}
		roundTrip(t, run, run.encode(), decodeRun)
		p := runProgress{status: statusCode(rapid.IntRange(1, 5).Draw(t, "status")), stop: n.Draw(t, "stop"), total: n.Draw(t, "total"),
			written: rapid.Bool().Draw(t, "written"), identity: text(t, "identity"), Progress: maprun.Progress{
				Low: n.Draw(t, "low"), Next: n.Draw(t, "next"), Known: n.Draw(t, "known"), Fed: rapid.Bool().Draw(t, "fed"),
				Stopped: rapid.Bool().Draw(t, "stopped"), Stopping: rapid.Bool().Draw(t, "stopping"), Failed: text(t, "failed"), Cause: text(t, "cause"),
				Bounds: maprun.Bounds{Concurrency: n.Draw(t, "c"), Failures: n.Draw(t, "f"), Percentage: rapid.Float64Range(0, 100).Draw(t, "p"),
					Counted: rapid.Bool().Draw(t, "counted"), Rated: rapid.Bool().Draw(t, "rated")},
			}}
		p.Below[maprun.Failed] = maprun.Tally{Children: n.Draw(t, "children"), Items: n.Draw(t, "of items")}
		if rapid.Bool().Draw(t, "redriven") {
			p.redrives, p.redriven = 1+uint32(rapid.IntRange(0, 999).Draw(t, "redrives")), n.Draw(t, "redriven at")
		}
		row := childRow{indexRecord{p.status, p.stop}, 3, p.redrives}
		if got, err := decodeChildRow(row.encode()); err != nil || got != row {
			t.Fatalf("%+v became %+v, %v", row, got, err)
		}
		if got, err := decodeProgress(p.encode()); err != nil || got != p {
			t.Fatalf("%+v became %+v, %v", p, got, err)
		}
		c := childRecord{run: text(t, "run"), state: text(t, "of"), parent: runKey{idOf("x"), rapid.Uint64().Draw(t, "command")}, index: n.Draw(t, "index"),
			items: n.Draw(t, "n"), express: rapid.Bool().Draw(t, "express")}
		got := (&fixedRecord{child: c.text()}).mapChild()
		if diff := cmp.Diff(&c, got, cmp.AllowUnexported(childRecord{}, runKey{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestChildNames(t *testing.T) {
	run := "arn:aws:states:us-east-1:111111111111:mapRun:m/L:u"
	seen := map[string]bool{}
	for index := range int64(100) {
		for _, express := range []bool{false, true} {
			arn := maprun.ChildARN(run, index, express)
			if a, ok := sfn.ParseARN(arn); !ok || a.Name != "m/L" || seen[arn] || arn != maprun.ChildARN(run, index, express) {
				t.Fatalf("child %d is %s", index, arn)
			}
			seen[arn] = true
		}
	}
}
