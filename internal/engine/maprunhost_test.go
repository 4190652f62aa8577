package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/dataset"
	"stile/internal/engine/record"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// distributedMap is a definition with one distributed Map; more are its other
// fields, body the states of its processor from Item on.
func distributedMap(more, body string) string {
	if more != "" {
		more += ","
	}
	return state(`{"Type":"Map",` + more + `"End":true,"Label":"Each","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
 "StartAt":"Item","States":{` + body + `}}}`)
}

const (
	passItem = `"Item":{"Type":"Pass","End":true}`
	taskItem = `"Item":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"it.$":"$"},"End":true}`
	readCSV  = `"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"},
 "Parameters":{"Bucket":"data","Key":"rows.csv"}}`
	writeOut = `"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"data","Prefix":"out"}}`
)

// bucket gives a host the bucket "data" in a folder of its own.
func bucket(t *testing.T, files map[string]string) (dir string, with func(*Config)) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, func(c *Config) {
		c.Objects = dataset.Folders{Find: func(name string) (string, bool) { return dir, name == "data" }}
	}
}

// theRun gives the only Map Run of an execution.
func theRun(t *testing.T, h *Host, execution string) sfn.MapRun {
	t.Helper()
	runs, next, err := h.ListMapRuns(t.Context(), execution, sfn.Page{})
	if err != nil || next != "" || len(runs) != 1 {
		t.Fatalf("runs %v, %q, %v", runs, next, err)
	}
	run, err := h.DescribeMapRun(t.Context(), runs[0].ARN)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func children(t *testing.T, h *Host, run, status string) (out []sfn.Execution) {
	t.Helper()
	in := sfn.ListExecutions{MapRunARN: run, Status: status, Page: sfn.Page{Max: 3}}
	for {
		some, next, err := h.ListExecutions(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, some...)
		if next == "" {
			return out
		}
		in.Token = next
	}
}

func TestMapRunOfItsStatesInput(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		machine := create(t, h, "m", distributedMap(`"ItemSelector":{"n.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value"}`, passItem))
		x := ends(t, h, start(t, h, machine, "one", `["a","b","c","d","e"]`))
		want := `[{"n":0,"v":"a"},{"n":1,"v":"b"},{"n":2,"v":"c"},{"n":3,"v":"d"},{"n":4,"v":"e"}]`
		if x.Status != sfn.Succeeded || x.Output.Text() != want {
			t.Fatalf("%s %s %v", x.Status, x.Output.Text(), x.Cause)
		}
		run := theRun(t, h, x.ARN)
		counts := sfn.MapRunCounts{Succeeded: 5, Total: 5, ResultsWritten: 5}
		if run.Status != sfn.Succeeded || run.Items != counts || run.Executions != counts || run.StopDate.IsZero() {
			t.Errorf("%+v", run)
		}
		list := children(t, h, run.ARN, "")
		if len(list) != 5 || len(children(t, h, run.ARN, sfn.Failed)) != 0 {
			t.Fatalf("%d children", len(list))
		}
		child, err := h.DescribeExecution(t.Context(), list[0].ARN)
		if err != nil || child.MapRunARN != run.ARN || child.StateMachineARN != machine+"/Each" || child.Input.Text() != `{"n":4,"v":"e"}` {
			t.Errorf("%+v, %v", child, err)
		}
		if !strings.Contains(child.ARN, ":execution:m/Each:") {
			t.Error(child.ARN)
		}
		all, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{StateMachineARN: machine})
		if err != nil || len(all) != 1 {
			t.Errorf("listed by its machine: %v, %v", all, err)
		}
		m, err := h.DescribeStateMachineForExecution(t.Context(), child.ARN)
		if err != nil || m.Label != "Each" || m.MapRunARN != run.ARN || !strings.Contains(m.Definition, `"StartAt":"Item"`) || strings.Contains(m.Definition, "Label") {
			t.Errorf("%+v, %v", m, err)
		}
		if n := rows(t, store, record.SpaceOpenRun); n != 0 {
			t.Errorf("%d runs are open", n)
		}
	})
}

func TestMapRunOfNothing(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		x := ends(t, h, start(t, h, create(t, h, "m", distributedMap("", passItem)), "one", `[]`))
		if x.Status != sfn.Succeeded || x.Output.Text() != "[]" {
			t.Fatalf("%s %s", x.Status, x.Output.Text())
		}
	})
}

func TestMapRunOfAFile(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		dir, with := bucket(t, map[string]string{"rows.csv": "id,name\n1,a\n2,b\n3,c\n"})
		h := host(t, store, nil, with)
		machine := create(t, h, "m", distributedMap(readCSV+","+writeOut, passItem))
		x := ends(t, h, start(t, h, machine, "one", `{}`))
		run := theRun(t, h, x.ARN)
		a, _ := sfn.ParseARN(run.ARN)
		want := `{"MapRunArn":"` + run.ARN + `","ResultWriterDetails":{"Bucket":"data","Key":"out/` + a.Sub + `/manifest.json"}}`
		if x.Status != sfn.Succeeded || x.Output.Text() != want {
			t.Fatalf("%s %s %v", x.Status, x.Output.Text(), x.Cause)
		}
		read := func(name string) jsonval.Value {
			text, err := os.ReadFile(filepath.Join(dir, "out", a.Sub, name))
			if err != nil {
				t.Fatal(err)
			}
			return jsonval.MustParse(string(text))
		}
		results := read("SUCCEEDED_0.json")
		if results.Len() != 3 || results.Index(1).Get("Output").Text() != `"{\"id\":\"2\",\"name\":\"b\"}"` {
			t.Error(results.Text())
		}
		manifest := read("manifest.json")
		size, _ := manifest.Get("ResultFiles").Get("SUCCEEDED").Index(0).Get("Size").Int()
		if size != int64(len(results.Raw())) || manifest.Get("ResultFiles").Get("FAILED").Len() != 0 {
			t.Error(manifest.Text())
		}
	})
}

// failingOn fails the tasks whose item is bad.
func failingOn(bad string) workers {
	return func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
		if c.Parameters.Get("it").Text() == bad {
			done(sfn.TaskResult{Error: "Bad", Cause: "it is bad", Definite: true})
			return
		}
		done(sfn.TaskResult{Output: c.Parameters.Get("it"), Definite: true})
	}
}

func TestMapRunTolerance(t *testing.T) {
	for _, test := range []struct{ more, input, status, output string }{
		{``, `[1,2,3]`, sfn.Failed, ""},
		{`"ToleratedFailureCount":1`, `[1,2,3]`, sfn.Succeeded, "[1,3]"},
		{`"ToleratedFailureCount":1`, `[1,2,2]`, sfn.Failed, ""},
		{`"ToleratedFailurePercentage":50`, `[1,2,2,3]`, sfn.Succeeded, "[1,3]"},
		{`"ToleratedFailurePercentage":49`, `[1,2,2,3]`, sfn.Failed, ""},
		{`"ToleratedFailurePercentage":100,"ToleratedFailureCount":1`, `[2,2,2]`, sfn.Failed, ""},
	} {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			h := host(t, store, failingOn("2"))
			x := ends(t, h, start(t, h, create(t, h, "m", distributedMap(test.more, taskItem)), "one", test.input))
			if x.Status != test.status || x.Output.Exists() && x.Output.Text() != test.output {
				t.Errorf("%s of %s: %s %s", test.more, test.input, x.Status, x.Output.Text())
			}
			if x.Status == sfn.Failed && (*x.Error != "States.ExceedToleratedFailureThreshold" || *x.Cause != "The specified tolerated failure threshold was exceeded") {
				t.Errorf("%s: %s", *x.Error, *x.Cause)
			}
			if run := theRun(t, h, x.ARN); run.Status != test.status {
				t.Errorf("%+v", run)
			}
		})
	}
}

func TestMapRunFailsOfItsDataset(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		cause string
	}{
		"no file":    {nil, "The specified key does not exist: rows.csv in the bucket data"},
		"duplicates": {map[string]string{"rows.csv": "a,a\n1,2\n"}, "CSV headers cannot contain duplicates."},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, store *memkv.Store) {
				_, with := bucket(t, test.files)
				h := host(t, store, nil, with)
				x := ends(t, h, start(t, h, create(t, h, "m", distributedMap(readCSV, passItem)), "one", `{}`))
				if x.Status != sfn.Failed || *x.Error != "States.ItemReaderFailed" || *x.Cause != test.cause {
					t.Errorf("%s %v %v", x.Status, *x.Error, *x.Cause)
				}
			})
		})
	}
}

func TestMapRunBatches(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		machine := create(t, h, "m", distributedMap(`"ItemBatcher":{"MaxItemsPerBatch":2,"BatchInput":{"f":1}}`, passItem))
		x := ends(t, h, start(t, h, machine, "one", `[1,2,3]`))
		if x.Output.Text() != `[{"BatchInput":{"f":1},"Items":[1,2]},{"BatchInput":{"f":1},"Items":[3]}]` {
			t.Fatalf("%s %s", x.Status, x.Output.Text())
		}
		if run := theRun(t, h, x.ARN); run.Items.Succeeded != 3 || run.Executions.Succeeded != 2 {
			t.Errorf("%+v", run)
		}
	})
}

func TestMapRunOutputTooLarge(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, workers(func(_ context.Context, _ sfn.TaskCall, done func(sfn.TaskResult)) {
			done(sfn.TaskResult{Output: jsonval.OfString(strings.Repeat("x", 200_000))})
		}))
		x := ends(t, h, start(t, h, create(t, h, "m", distributedMap("", taskItem)), "one", `[1,2]`))
		if x.Status != sfn.Failed || *x.Error != "States.DataLimitExceeded" ||
			*x.Cause != "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit." {
			t.Errorf("%s %v %v", x.Status, *x.Error, *x.Cause)
		}
	})
}

// hanging holds every task until its execution no longer waits for it.
func hanging(ctx context.Context, _ sfn.TaskCall, _ func(sfn.TaskResult)) { <-ctx.Done() }

func TestMapRunStops(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, workers(hanging))
		arn := start(t, h, create(t, h, "m", distributedMap(`"MaxConcurrency":2`, taskItem)), "one", `[1,2,3]`)
		synctest.Wait()
		run := theRun(t, h, arn)
		if run.Executions != (sfn.MapRunCounts{Pending: 1, Running: 2, Total: 3}) || run.Status != sfn.Running || !run.StopDate.IsZero() {
			t.Fatalf("%+v", run)
		}
		if _, err := h.StopExecution(t.Context(), arn, "", ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if run = theRun(t, h, arn); run.Status != sfn.Aborted || run.Executions.Aborted != 2 || run.Executions.Running != 0 {
			t.Errorf("%+v", run)
		}
		if n := len(children(t, h, run.ARN, sfn.Aborted)); n != 2 {
			t.Errorf("%d are aborted", n)
		}
		if err := h.UpdateMapRun(t.Context(), run.ARN, sfn.MapRunUpdate{}); code(err) != "ValidationException" {
			t.Error(err)
		}
	})
}

func TestMapRunUpdate(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, workers(hanging))
		arn := start(t, h, create(t, h, "m", distributedMap(`"MaxConcurrency":1`, taskItem)), "one", `[1,2,3,4]`)
		synctest.Wait()
		run := theRun(t, h, arn)
		three := int64(3)
		if err := h.UpdateMapRun(t.Context(), run.ARN, sfn.MapRunUpdate{MaxConcurrency: &three}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if run = theRun(t, h, arn); run.MaxConcurrency != 3 || run.Executions.Running != 3 {
			t.Errorf("%+v", run)
		}
		shut(t, h)
		h = host(t, store, failingOn("nothing"))
		if x := ends(t, h, arn); x.Output.Text() != "[1,2,3,4]" {
			t.Errorf("%s %s", x.Status, x.Output.Text())
		}
		if run = theRun(t, h, arn); run.MaxConcurrency != 3 {
			t.Errorf("%+v", run)
		}
	})
}

func TestMapRunDatasetChanges(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		dir, with := bucket(t, map[string]string{"rows.csv": "id\n1\n2\n3\n"})
		h := host(t, store, workers(hanging), with)
		arn := start(t, h, create(t, h, "m", distributedMap(`"MaxConcurrency":1,`+readCSV, taskItem)), "one", `{}`)
		synctest.Wait()
		shut(t, h)
		if err := os.WriteFile(filepath.Join(dir, "rows.csv"), []byte("id\n7\n8\n9\n10\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		h = host(t, store, failingOn("nothing"), with)
		if x := ends(t, h, arn); x.Status != sfn.Failed || *x.Error != "States.ItemReaderFailed" || *x.Cause != errChanged.Error() {
			t.Errorf("%s %v", x.Status, x.Cause)
		}
	})
}

func TestMapRunNested(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, failingOn("nothing"))
		inner := `"Item":{"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"Deep",
 "States":{"Deep":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"it.$":"$"},"End":true}}}}`
		x := ends(t, h, start(t, h, create(t, h, "m", distributedMap("", inner)), "one", `[[1,2],[3]]`))
		if x.Output.Text() != "[[1,2],[3]]" {
			t.Fatalf("%s %s %v", x.Status, x.Output.Text(), x.Cause)
		}
	})
}

func TestExpressChildTimesOut(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, workers(hanging))
		definition := strings.Replace(distributedMap("", taskItem), `"STANDARD"`, `"EXPRESS"`, 1)
		arn := start(t, h, create(t, h, "m", definition), "one", `[1]`)
		begun := time.Now()
		x := ends(t, h, arn)
		run := theRun(t, h, arn)
		if x.Status != sfn.Failed || run.Executions.TimedOut != 1 || time.Since(begun).Round(time.Second) != 5*time.Minute {
			t.Errorf("%s %+v %v", x.Status, run.Executions, time.Since(begun))
		}
		if c := children(t, h, run.ARN, ""); !strings.Contains(c[0].ARN, ":express:m/Each:") {
			t.Error(c[0].ARN)
		}
	})
}

func TestMapRunOfManyItems(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var csv strings.Builder
		csv.WriteString("n\n")
		for n := range 3000 {
			fmt.Fprintf(&csv, "%d\n", n)
		}
		_, with := bucket(t, map[string]string{"rows.csv": csv.String()})
		h := host(t, store, nil, with)
		x := ends(t, h, start(t, h, create(t, h, "m", distributedMap(readCSV, passItem)), "one", `{}`))
		if x.Output.Len() != 3000 {
			t.Fatalf("%s %d %v", x.Status, x.Output.Len(), x.Cause)
		}
		for i, v := range x.Output.Items() {
			if v.Text() != fmt.Sprintf(`{"n":"%d"}`, i) {
				t.Fatalf("item %d: %s", i, v.Text())
			}
		}
	})
}

// parallelMap is a distributed Map beside a branch that fails when its Task does.
const parallelMap = `{"StartAt":"Both","States":{"Both":{"Type":"Parallel","Next":"Done","Catch":[{"ErrorEquals":["States.ALL"],"Next":"Done"}],"Branches":[
 {"StartAt":"A","States":{"A":{"Type":"Map","End":true,"Label":"Each","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
  "StartAt":"Item","States":{` + taskItem + `}}}}},
 {"StartAt":"B","States":{"B":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true}}}]},"Done":{"Type":"Wait","Seconds":60,"End":true}}}`

// TestMapRunGivenUp: a branch fails beside the Map, and the execution goes on without
// the Map Run; a host that starts in between goes on with stopping it.
func TestMapRunGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		fail := make(chan struct{})
		h := host(t, store, workers(func(ctx context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			if c.State == "B" {
				<-fail
				done(sfn.TaskResult{Error: "Bad", Definite: true})
				return
			}
			<-ctx.Done()
		}))
		arn := start(t, h, create(t, h, "m", parallelMap), "one", `[1,2,3]`)
		synctest.Wait()
		if x := describe(t, h, arn); x.Waiting != "task" {
			t.Errorf("the parent waits for %q", x.Waiting)
		}
		close(fail)
		synctest.Wait()
		if run := theRun(t, h, arn); run.Status != sfn.Aborted || run.Executions.Aborted != 3 {
			t.Errorf("%+v", run)
		}
		if x := describe(t, h, arn); x.Status != sfn.Running || x.State != "Done" {
			t.Errorf("%s in %s", x.Status, x.State)
		}
		if n := rows(t, store, record.SpaceOpenRun); n != 0 {
			t.Errorf("%d runs are open", n)
		}
	})
}

// TestMapRunWritesWhatFailed: a Map that fails by its threshold exports all kinds.
func TestMapRunWritesWhatFailed(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		dir, with := bucket(t, map[string]string{"rows.csv": "n\n1\n2\n3\n4\n"})
		h := host(t, store, failingOn(`{"n":"2"}`), with)
		machine := create(t, h, "m", distributedMap(`"MaxConcurrency":1,`+readCSV+","+writeOut, taskItem))
		x := ends(t, h, start(t, h, machine, "one", `{}`))
		run := theRun(t, h, x.ARN)
		a, _ := sfn.ParseARN(run.ARN)
		if x.Status != sfn.Failed || *x.Error != "States.ExceedToleratedFailureThreshold" || run.Status != sfn.Failed {
			t.Fatalf("%s %v", x.Status, x.Cause)
		}
		for name, want := range map[string]string{"SUCCEEDED": "1", "FAILED": "2", "PENDING": "3"} {
			text, err := os.ReadFile(filepath.Join(dir, "out", a.Sub, name+"_0.json"))
			if err != nil {
				t.Fatal(err)
			}
			list := jsonval.MustParse(string(text))
			if in, _ := list.Index(0).Get("Input").Str(); in != `{"n":"`+want+`"}` || list.Len() != map[string]int{"SUCCEEDED": 1, "FAILED": 1, "PENDING": 2}[name] {
				t.Errorf("%s: %s", name, text)
			}
			if s, _ := list.Index(0).Get("Status").Str(); s != name {
				t.Errorf("%s has a child that is %s", name, s)
			}
		}
	})
}

// TestMapRunWhoseResultsCannotBeWritten has no such bucket.
func TestMapRunWhoseResultsCannotBeWritten(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		_, with := bucket(t, nil)
		h := host(t, store, nil, with)
		x := ends(t, h, start(t, h, create(t, h, "m", distributedMap(strings.Replace(writeOut, `"data"`, `"none"`, 1), passItem)), "one", `[1]`))
		if x.Status != sfn.Failed || *x.Error != "States.ResultWriterFailed" || *x.Cause != "The specified bucket does not exist: none" {
			t.Errorf("%s %v %v", x.Status, *x.Error, *x.Cause)
		}
	})
}

// TestMapRunCostsAlikePerItem: what one item writes does not grow with their number.
func TestMapRunCostsAlikePerItem(t *testing.T) {
	written := map[int]uint64{}
	for _, n := range []int{100, 1000, 10_000} {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			_, with := bucket(t, map[string]string{"rows.csv": "n\n" + strings.Repeat("1234567\n", n)})
			h := host(t, store, nil, with)
			before := h.committer.written.Load()
			ends(t, h, start(t, h, create(t, h, "m", distributedMap(readCSV+","+writeOut, passItem)), "one", `{}`))
			written[n] = (h.committer.written.Load() - before) / uint64(n)
		})
	}
	t.Logf("bytes an item: %v", written)
	if written[10_000] > written[100]*5/4 {
		t.Errorf("bytes an item: %v", written)
	}
}
