package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/internal/dataset"
	"stile/internal/kv/kvtest"
	"stile/internal/sfn"
)

// mappedDefinition is the orders' with a distributed Map for the inline one: it
// reads a file, writes its results, and tolerates that one child fails.
var mappedDefinition = strings.Replace(orderDefinition,
	`"Pick": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true, "ItemProcessor": {`,
	`"Pick": {"Type": "Map", "MaxConcurrency": 2, "End": true, "Label": "Picks", "ToleratedFailureCount": 1,
   "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"}, "Parameters": {"Bucket": "data", "Key": "items.jsonl"}},
   "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "WriterConfig": {"OutputType": "JSONL", "Transformation": "COMPACT"},
    "Parameters": {"Bucket": "data", "Prefix": "out"}},
   "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},`, 1)

// mappedWorld is a world whose orders have a Map Run of five items each.
func mappedWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "items.jsonl"), []byte("1\n2\n3\n4\n5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(seed)
	w.definition = mappedDefinition
	w.objects = dataset.Folders{Find: func(name string) (string, bool) { return dir, name == "data" }}
	w.check = func(h *Host) error { return w.checkRuns(h, dir) }
	return w
}

// checkRuns holds what came of the Map Runs against their items: each had one child
// and gave one result, however often the power went.
func (w *world) checkRuns(h *Host, dir string) (power error) {
	faults := len(w.bad)
	defer func() {
		if errors.Is(power, kvtest.ErrPower) {
			w.bad = w.bad[:faults]
		}
	}()
	children := map[string]int{}
	for arn := range w.calls {
		if strings.Contains(arn, ":execution:order/Picks:") {
			children[arn]++
		}
	}
	for _, name := range []string{"small", "large"} {
		arn := sfn.ExecutionARN(region, account, "order", name)
		runs, _, err := h.ListMapRuns(context.Background(), arn, sfn.Page{})
		power = firstError(power, err)
		if err != nil || len(runs) != 1 {
			w.fault("%s: runs %v, %v", name, runs, err)
			continue
		}
		run, err := h.DescribeMapRun(context.Background(), runs[0].ARN)
		counts := sfn.MapRunCounts{Succeeded: 5, Total: 5, ResultsWritten: 5}
		if err != nil || run.Status != sfn.Succeeded || run.Items != counts || run.Executions != counts {
			w.fault("%s: %+v, %v", name, run, err)
		}
		power = firstError(power, err)
		list, _, err := h.ListExecutions(context.Background(), sfn.ListExecutions{MapRunARN: run.ARN})
		power = firstError(power, err)
		if err != nil || len(list) != 5 {
			w.fault("%s: %d children, %v", name, len(list), err)
		}
		for _, x := range list {
			if children[x.ARN]--; children[x.ARN] != 0 || x.Status != sfn.Succeeded {
				w.fault("%s: child %s is %s, and %d others of it", name, x.ARN, x.Status, children[x.ARN])
			}
		}
		a, _ := sfn.ParseARN(run.ARN)
		text, err := os.ReadFile(filepath.Join(dir, "out", a.Sub, "SUCCEEDED_0.jsonl"))
		if err != nil || string(text) != "1\n2\n3\n4\n5\n" {
			w.fault("%s: results %q, %v", name, text, err)
		}
	}
	for arn, n := range children {
		if n > 0 {
			w.fault("%s is a child of no run", arn)
		}
	}
	open := 0
	for _, s := range h.shards {
		open += len(s.runs)
	}
	if open > 0 {
		w.fault("%d runs are still in memory", open)
	}
	return power
}

// TestMapRunCrashes cuts the power before, inside and after the store calls of the
// orders' story with Map Runs in it: each of the story itself, and some of the
// opening's, which are alike.
func TestMapRunCrashes(t *testing.T) {
	if mappedDefinition == orderDefinition {
		t.Fatal("the definition has no distributed Map")
	}
	for name, open := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hit := 0
			for n := 1; ; n++ {
				if n < 500 && n%50 != 0 {
					continue
				}
				s := &tale{world: mappedWorld(t, 0), disk: open(false), plans: []blackout{{point: n, percent: n % 3 * 50, seed: uint64(n)}}}
				for _, b := range tell(t, s) {
					t.Errorf("crash at point %d: %s", n, b)
				}
				if s.crashes.Load() == 0 {
					break
				}
				hit += int(s.crashes.Load())
			}
			t.Logf("%d points hit, nothing lost", hit)
			if hit < 200 {
				t.Errorf("only %d points", hit)
			}
		})
	}
}

// TestMapRunCrashSeeds cuts it up to three times at random.
func TestMapRunCrashSeeds(t *testing.T) {
	for seed := range uint64(60) {
		s := &tale{world: mappedWorld(t, seed), disk: disks["memkv"](false), plans: seeded(seed)}
		for _, b := range tell(t, s) {
			t.Errorf("seed %d: %s", seed, b)
		}
	}
}
