package awssdk

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// mapsRows reads a CSV file of the bucket orders, which is a folder of the project.
const mapsRows = `{"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,"Label":"Rows","MaxConcurrency":2,
 "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"},
  "Parameters":{"Bucket":"orders","Key.$":"$.key"}},
 "ItemSelector":{"at.$":"$$.Map.Item.Index","sku.$":"$$.Map.Item.Value.sku"},
 "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Row","States":{"Row":{"Type":"Pass","End":true}}},
 "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"orders","Prefix":"done"}}}}}`

// listsResults maps over what mapsRows wrote.
const listsResults = `{"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,
 "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON"},
  "Parameters":{"Bucket":"orders","Key.$":"$.key"}},
 "ItemSelector":{"in.$":"$$.Map.Item.Value.Input"},
 "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Row","States":{"Row":{"Type":"Pass","End":true}}}}}}`

func TestMapRun(t *testing.T) {
	c := client(t)
	m := machine(t, c, "rows", mapsRows)
	x := finished(t, c, start(t, c, m, "", `{"key":"rows.csv"}`))
	if x.Status != types.ExecutionStatusSucceeded {
		t.Fatalf("ended as %+v", x)
	}
	runs, err := c.ListMapRuns(t.Context(), &sfn.ListMapRunsInput{ExecutionArn: x.ExecutionArn})
	if err != nil || len(runs.MapRuns) != 1 || *runs.MapRuns[0].StateMachineArn != m+"/Rows" {
		t.Fatalf("%+v, %v", runs, err)
	}
	run, err := c.DescribeMapRun(t.Context(), &sfn.DescribeMapRunInput{MapRunArn: runs.MapRuns[0].MapRunArn})
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != types.MapRunStatusSucceeded || run.MaxConcurrency != 2 || run.ItemCounts.Succeeded != 3 || run.ItemCounts.Total != 3 ||
		run.ExecutionCounts.ResultsWritten != 3 || *run.ExecutionArn != *x.ExecutionArn || run.StopDate == nil {
		t.Errorf("described as %+v", run)
	}
	var children []types.ExecutionListItem
	pages := sfn.NewListExecutionsPaginator(c, &sfn.ListExecutionsInput{MapRunArn: run.MapRunArn, MaxResults: 2})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		children = append(children, page.Executions...)
	}
	if len(children) != 3 || *children[0].ItemCount != 1 || *children[0].MapRunArn != *run.MapRunArn {
		t.Fatalf("children %+v", children)
	}
	child, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: children[2].ExecutionArn})
	if err != nil || *child.MapRunArn != *run.MapRunArn || !sameJSON(*child.Output, `{"at":0,"sku":"sku-1"}`) {
		t.Errorf("child %+v, %v", child, err)
	}
	d, err := c.DescribeStateMachineForExecution(t.Context(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: child.ExecutionArn})
	if err != nil || *d.Label != "Rows" || *d.MapRunArn != *run.MapRunArn {
		t.Errorf("described for the child as %+v, %v", d, err)
	}
	events, _ := history(t, c, *child.ExecutionArn, 10)
	if len(events) != 4 {
		t.Errorf("the child has %d events", len(events))
	}
	_, err = c.UpdateMapRun(t.Context(), &sfn.UpdateMapRunInput{MapRunArn: run.MapRunArn, MaxConcurrency: aws.Int32(5)})
	wantCode(t, err, "ValidationException", "")
	readsResults(t, c, *x.Output, *run.MapRunArn)
}

// readsResults reads the result file through another distributed Map.
func readsResults(t *testing.T, c *sfn.Client, output, run string) {
	var written struct {
		MapRunArn           string
		ResultWriterDetails struct{ Bucket, Key string }
	}
	if err := json.Unmarshal([]byte(output), &written); err != nil || written.MapRunArn != run || written.ResultWriterDetails.Bucket != "orders" {
		t.Fatalf("output %s, %v", output, err)
	}
	key := strings.Replace(written.ResultWriterDetails.Key, "manifest.json", "SUCCEEDED_0.json", 1)
	x := finished(t, c, start(t, c, machine(t, c, "results", listsResults), "", `{"key":"`+key+`"}`))
	want := `[{"in":"{\"at\":0,\"sku\":\"sku-1\"}"},{"in":"{\"at\":1,\"sku\":\"sku-2\"}"},{"in":"{\"at\":2,\"sku\":\"sku-3\"}"}]`
	if x.Status != types.ExecutionStatusSucceeded || !sameJSON(*x.Output, want) {
		t.Errorf("the results are %v", x.Output)
	}
}

// TestMapRunWithoutItsDataset reads a file that is not there.
func TestMapRunWithoutItsDataset(t *testing.T) {
	c := client(t)
	x := finished(t, c, start(t, c, machine(t, c, "no-rows", mapsRows), "", `{"key":"none.csv"}`))
	if x.Status != types.ExecutionStatusFailed || *x.Error != "States.ItemReaderFailed" || !strings.Contains(*x.Cause, "none.csv") {
		t.Errorf("ended as %+v", x)
	}
}
