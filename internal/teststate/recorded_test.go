package teststate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"stile/internal/recorded"
	"stile/internal/sfn"
	"stile/internal/teststate"
	"stile/jsonval"
)

// recordedCase is a case of kind test_state (stile-asl-case/1).
type recordedCase struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Needs   []string `json:"needs"`
	Request struct {
		Definition, StateName, RoleArn, Input, InspectionLevel, Variables, Context string
		RevealSecrets                                                              bool
		Mock                                                                       *struct {
			Result              *string
			ErrorOutput         *teststate.MockError
			FieldValidationMode string
		}
		StateConfiguration struct {
			RetrierRetryCount        int64
			ErrorCausedByState       string
			MapIterationFailureCount *int64
			MapItemReaderData        *string
		}
	} `json:"request"`
	Expected struct {
		Error        string
		ErrorMessage string `json:"error_message"`
		Response     map[string]any
	} `json:"expected"`
	Substitutions []struct{ Regex, Replacement string } `json:"substitutions"`
}

func parsed(text string) jsonval.Value {
	if text == "" {
		return jsonval.Value{}
	}
	return jsonval.MustParse(text)
}

func (c *recordedCase) request() teststate.Request {
	q := &c.Request
	r := teststate.Request{Definition: q.Definition, StateName: q.StateName, RoleARN: q.RoleArn, Input: parsed(q.Input),
		Variables: parsed(q.Variables), Context: parsed(q.Context), Level: q.InspectionLevel, Reveal: q.RevealSecrets,
		Configuration: teststate.Configuration(q.StateConfiguration)}
	if r.Level == "" {
		r.Level = "INFO"
	}
	if m := q.Mock; m != nil {
		r.Mock = &teststate.Mock{Result: m.Result, Error: m.ErrorOutput, Mode: m.FieldValidationMode}
		if r.Mock.Mode == "" {
			r.Mock.Mode = "STRICT"
		}
	}
	return r
}

// answered is a result as the recordings have it.
func answered(res *teststate.Result) map[string]any {
	out := map[string]any{"status": string(res.Status)}
	put := func(m map[string]any, name string, v jsonval.Value) {
		var x any
		_ = json.Unmarshal(v.Raw(), &x) // a value is JSON
		m[name] = x
	}
	if res.Output.Exists() {
		put(out, "output", res.Output)
	}
	for name, s := range map[string]*string{"error": res.Error, "cause": res.Cause} {
		if s != nil {
			out[name] = *s
		}
	}
	if res.Next != "" {
		out["nextState"] = res.Next
	}
	if in := res.Inspection; in != nil {
		data := map[string]any{}
		for _, m := range append(in.Stages, in.Numbers...) {
			put(data, m.Name, m.Value)
		}
		details := map[string]any{}
		if in.RetryIndex != nil {
			details["retryIndex"] = float64(*in.RetryIndex)
		}
		if in.CatchIndex != nil {
			details["catchIndex"] = float64(*in.CatchIndex)
		}
		if in.BackoffSeconds != nil {
			details["retryBackoffIntervalSeconds"] = float64(*in.BackoffSeconds)
		}
		if len(details) > 0 {
			data["errorDetails"] = details
		}
		out["inspectionData"] = data
	}
	return out
}

var mask = regexp.MustCompile(`<[A-Za-z][^<>]*>`)

// differ lists where got is not as recorded; masked parts of texts match anything.
func differ(want, got any, path string, more []string) (out []string) {
	if text, ok := want.(string); ok {
		for _, m := range append([]string{"date", "start-date"}, more...) {
			if text == m {
				return nil
			}
		}
		if s, ok := got.(string); ok {
			rx := regexp.QuoteMeta(text)
			rx = mask.ReplaceAllString(rx, `(?s:.*?)`)
			if regexp.MustCompile(`^` + rx + `$`).MatchString(s) {
				return nil
			}
		} else if err := json.Unmarshal([]byte(text), &want); err != nil {
			return []string{fmt.Sprintf("%s: got %v, want %q", path, got, text)}
		}
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: got %v, want an object", path, got)}
		}
		for k, v := range w {
			if _, ok := g[k]; !ok {
				out = append(out, path+"."+k+": missing")
			} else {
				out = append(out, differ(v, g[k], path+"."+k, more)...)
			}
		}
		for k := range g {
			if _, ok := w[k]; !ok {
				out = append(out, fmt.Sprintf("%s.%s: not expected: %v", path, k, g[k]))
			}
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return []string{fmt.Sprintf("%s: got %v, want %v", path, got, w)}
		}
		for i := range w {
			out = append(out, differ(w[i], g[i], fmt.Sprintf("%s[%d]", path, i), more)...)
		}
		return out
	}
	if fmt.Sprint(want) != fmt.Sprint(got) {
		return []string{fmt.Sprintf("%s: got %v, want %v", path, got, want)}
	}
	return nil
}

// faulty are cases that no server can meet, with the fault of the recording.
var faulty = map[string]string{
	"TestStateMockScenarios::test_sfn_start_execution_success#test_case_response": "the request kept is not the one that was sent: its mock has the word auto for an ARN",
}

// TestRecorded runs the recorded cases of TestState that call nothing.
func TestRecorded(t *testing.T) {
	dir := recorded.Path(t, "conformance", "asl")
	tester := teststate.New(teststate.Config{Account: "111111111111", Region: "us-east-1",
		Now:   func() time.Time { return time.UnixMilli(1764000000000) },
		NewID: func() string { return "01234567-89ab-4cde-8f01-23456789abcd" }})
	passed := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var c recordedCase
		if err := json.Unmarshal(raw, &c); err != nil || c.Kind != "test_state" {
			return nil // other kinds have other members
		}
		if strings.Contains(strings.Join(c.Needs, " "), "lambda") && c.Expected.Error == "" {
			return nil // it calls a function
		}
		if _, name, _ := strings.Cut(c.Name, "::"); faulty[name] != "" {
			t.Logf("%s: %s", name, faulty[name])
			return nil
		}
		for _, line := range c.run(tester) {
			t.Errorf("%s\n\t%s", c.Name, line)
		}
		passed++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("figure: tests of states: %d pass", passed)
	if passed < 150 {
		t.Errorf("only %d cases ran", passed)
	}
}

func (c *recordedCase) run(tester *teststate.Tester) []string {
	var more []string
	for _, s := range c.Substitutions {
		more = append(more, s.Replacement)
	}
	delete(c.Expected.Response, "ResponseMetadata")
	delete(c.Expected.Response, "SdkHttpMetadata")
	res, err := tester.Test(context.Background(), c.request())
	if err != nil {
		var refusal *sfn.Error
		if !errors.As(err, &refusal) || refusal.Code != c.Expected.Error || refusal.Message != c.Expected.ErrorMessage {
			return []string{fmt.Sprintf("got %v, want %s: %s", err, c.Expected.Error, c.Expected.ErrorMessage)}
		}
		return nil
	}
	if c.Expected.Error != "" {
		return []string{fmt.Sprintf("got %v, want %s: %s", answered(&res), c.Expected.Error, c.Expected.ErrorMessage)}
	}
	return differ(any(c.Expected.Response), any(answered(&res)), "", more)
}
