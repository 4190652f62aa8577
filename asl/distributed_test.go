package asl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/recorded"
)

// everyField is a distributed Map with every field.
const everyField = `{"StartAt": "M", "TimeoutSeconds": 60, "States": {"M": {"Type": "Map", "Label": "Each-1", "End": true,
  "MaxConcurrency": 9,
  "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key.$": "$.key"},
    "ReaderConfig": {"InputType": "CSV", "CSVDelimiter": "PIPE", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"], "MaxItemsPath": "$.n"}},
  "ItemSelector": {"v.$": "$$.Map.Item.Value"},
  "ItemBatcher": {"MaxItemsPerBatch": 5, "MaxInputBytesPerBatchPath": "$.bytes", "BatchInput": {"x": 1}},
  "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"},
    "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"}},
  "ToleratedFailureCount": 3, "ToleratedFailurePercentagePath": "$.p",
  "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "P",
    "States": {"P": {"Type": "Pass", "Next": "Q"}, "Q": {"Type": "Succeed"}}}}}}`

func TestDistributedFields(t *testing.T) {
	p, list := Parse(diag.NewSource("", everyField))
	if p == nil {
		t.Fatal(list)
	}
	m := p.States["M"].Map
	d := m.Distributed
	if d == nil || d.Label != "Each-1" || d.ExecutionType != "EXPRESS" || m.MaxConcurrency.Literal != 9 {
		t.Fatalf("%+v", d)
	}
	r := d.Reader
	if r.InputType != "CSV" || r.CSVDelimiter != "PIPE" || r.CSVHeaderLocation != "GIVEN" || !slices.Equal(r.CSVHeaders, []string{"a", "b"}) ||
		r.MaxItems.Path == nil || r.MaxItems.Path.Text() != "$.n" || r.Arguments == nil || r.Resource != "arn:aws:states:::s3:getObject" {
		t.Errorf("reader %+v", r)
	}
	if b := d.Batch; b.MaxItemsPerBatch.Literal != 5 || b.MaxInputBytesPerBatch.Path == nil || b.BatchInput == nil {
		t.Errorf("batcher %+v", b)
	}
	if w := d.Writer; w.Transformation != "COMPACT" || w.OutputType != "JSONL" || w.Arguments == nil || w.Resource == "" {
		t.Errorf("writer %+v", w)
	}
	if d.ToleratedFailureCount.Literal != 3 || d.ToleratedFailurePercentage.Path == nil {
		t.Errorf("thresholds %+v %+v", d.ToleratedFailureCount, d.ToleratedFailurePercentage)
	}
	if c := d.Program; c.TimeoutSeconds != 0 || c.Body != m.Processor || len(c.Ordered) != 3 || c.States["Q"] != p.States["Q"] {
		t.Errorf("the children's program %+v", c)
	}
	if !strings.HasPrefix(d.Definition, `{"ProcessorConfig"`) || !strings.HasSuffix(d.Definition, `{"Type": "Succeed"}}}`) {
		t.Errorf("the children's definition %s", d.Definition)
	}
}

// Zero is a value of its own: tolerated failures of 0 were given.
func TestAmountGiven(t *testing.T) {
	p, list := Parse(diag.NewSource("", strings.Replace(everyField, `"ToleratedFailureCount": 3`, `"ToleratedFailureCount": 0`, 1)))
	if p == nil {
		t.Fatal(list)
	}
	if d := p.States["M"].Map; !d.Distributed.ToleratedFailureCount.Given() || d.Distributed.Reader.ItemsPointer != nil {
		t.Errorf("%+v", d.Distributed)
	}
	inline := `{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true,
		"ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}}}}`
	if p, list = Parse(diag.NewSource("", inline)); p == nil || p.States["M"].Map.Distributed != nil || p.States["M"].Map.MaxConcurrency.Given() {
		t.Errorf("an inline Map: %v", list)
	}
}

// A label that is made is the same each time, has an UUID's form, and differs from
// state to state.
func TestMadeLabel(t *testing.T) {
	label := func(name string) string {
		text := strings.NewReplacer(`"Label": "Each-1", `, "", `"M"`, `"`+name+`"`).Replace(everyField)
		p, list := Parse(diag.NewSource("", text))
		if p == nil {
			t.Fatal(list)
		}
		return p.States[name].Map.Distributed.Label
	}
	a, b := label("One"), label("Two")
	if a != label("One") || a == b || len(a) != 36 || strings.Count(a, "-") != 4 {
		t.Errorf("labels %q and %q", a, b)
	}
}

// TestRecordedLabels: AWS was recorded to refuse these, without its words.
func TestRecordedLabels(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(recorded.Path(t, "conformance", "asl", "api-map-run"), "*label*.json"))
	refused := 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Steps []struct {
				Params   struct{ Definition string }
				Expected []struct{ Error struct{ Code string } }
			}
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Steps {
			for _, e := range s.Expected {
				if e.Error.Code != "InvalidDefinition" {
					continue
				}
				refused++
				if p, _ := Parse(diag.NewSource("", s.Params.Definition)); p != nil {
					t.Errorf("%s is taken", filepath.Base(f))
				}
			}
		}
	}
	if refused < 80 {
		t.Errorf("%d refusals were looked at", refused)
	}
}
