package interp

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"stile/asl/history"
	recordedcases "stile/internal/recorded"
	"stile/jsonval"
)

// recorded is one case of the corpus, as far as this test reads it.
type recorded struct {
	Name, Area, Kind  string
	QueryLanguage     string          `json:"query_language"`
	Type              string          `json:"type"`
	Definition        json.RawMessage `json:"definition"`
	DefinitionText    string          `json:"definition_text"`
	Input             json.RawMessage `json:"input"`
	Needs             []string        `json:"needs"`
	DriverCalls       []any           `json:"driver_calls"`
	Wildcards         []string        `json:"wildcards"`
	ParallelSorted    bool            `json:"parallel_events_sorted"`
	Unreliable        bool            `json:"history_unreliable"`
	IncompleteHistory any             `json:"incomplete_history"`
	DynamicInput      any             `json:"dynamic_input"`
	OutputMasked      bool            `json:"output_masked"`
	StateMachineName  string          `json:"state_machine_name"`
	Source            struct{ Trust string }
	Substitutions     []struct{ Regex, Replacement string }
	Expected          struct {
		Status       string
		Output       json.RawMessage
		Error, Cause any
		Events       []map[string]any
	}
}

// corpus reads the recorded executions of an area, or skips the test.
func corpus(t *testing.T, area string) []recorded {
	files, _ := filepath.Glob(filepath.Join(recordedcases.Path(t, "conformance", "asl", area), "*.json"))
	if len(files) == 0 {
		t.Fatalf("area %s has no cases", area)
	}
	var list []recorded
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var c recorded
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if c.Kind == "execution" && c.Type != "EXPRESS" &&
			c.Source.Trust != "localstack-output" && c.Expected.Status != "RUNNING_WHEN_RECORDED" && c.DynamicInput == nil {
			list = append(list, c)
		}
	}
	return list
}

// text is a recorded member that stands for a text: a JSON string is its content.
func recordedText(raw json.RawMessage, now int64) string {
	s := string(raw)
	return regexp.MustCompile(`\$\{NOW\+(\d+)d\}`).ReplaceAllStringFunc(s, func(m string) string {
		days, _ := strconv.Atoi(m[len("${NOW+") : len(m)-len("d}")])
		return time.UnixMilli(now).UTC().AddDate(0, 0, days).Format(time.RFC3339)
	})
}

func (c *recorded) definition() string {
	if c.DefinitionText != "" {
		return c.DefinitionText
	}
	var s string
	if json.Unmarshal(c.Definition, &s) == nil {
		return s
	}
	return string(c.Definition)
}

// run executes the case, answering its Tasks as the recording says they were.
func (c *recorded) run(t *testing.T, m mode) *rig {
	r := newRig(t, compile(t, c.definition()), m)
	if events := c.Expected.Events; len(events) > 0 {
		r.start.RoleARN, _ = events[0]["executionStartedEventDetails"].(map[string]any)["roleArn"].(string)
	}
	r.env.CheckParameters = checkHeaders
	if gone(c) {
		r.missing = r.p.Activities
	}
	r.open()
	input := recordedText(c.Input, r.now)
	if input == "" || input == "null" {
		input = "{}"
	}
	r.begin(input)
	r.finish(c.answer(r))
	return r
}

// checkHeaders stands in for an integration's own check of its parameters.
func checkHeaders(resource string, params jsonval.Value) string {
	fault := ""
	if strings.Contains(resource, ":apigateway:") {
		params.Get("Headers").EachMember(func(_ string, v jsonval.Value) bool {
			if v.Kind() != jsonval.ArrayKind {
				fault = "The value of the field 'Headers' has an invalid format"
			}
			return fault == ""
		})
	}
	return fault
}

// answer gives, for a scheduled task, the event by which the recorded one went
// on: the recording is the stand-in for the services.
func (c *recorded) answer(r *rig) func(Command) (Event, bool) {
	answered := 0 // of those that a sorted recording has lost the places of
	return func(cmd Command) (Event, bool) {
		if ev, ok := c.sortedAnswer(answered); ok {
			answered++
			return ev, true
		}
		last := int64(0)
		for _, h := range r.history {
			for _, suffix := range []string{"Scheduled", "Started", "Submitted"} {
				if strings.HasSuffix(h.Type, suffix) {
					last = h.ID
				}
			}
		}
		for _, e := range c.Expected.Events {
			if prev, _ := e["previousEventId"].(float64); int64(prev) != last {
				continue
			}
			if ev, ok := recordedAnswer(e); ok {
				return ev, true
			}
		}
		return Event{}, false
	}
}

// sortedAnswer is the n-th answer that stands among the events of a Parallel, which
// the recorder sorted: with one task in it, or tasks whose outputs it masked, any
// order is the right one.
func (c *recorded) sortedAnswer(n int) (Event, bool) {
	for _, e := range c.Expected.Events {
		if _, sorted := e["id"].([]any); !sorted || strings.HasSuffix(e["type"].(string), "Started") {
			continue
		}
		if ev, ok := recordedAnswer(e); ok {
			if n == 0 {
				return ev, true
			}
			n--
		}
	}
	return Event{}, false
}

// recordedAnswer is the event by which a recorded history event came about.
func recordedAnswer(e map[string]any) (Event, bool) {
	typ := e["type"].(string)
	d, _ := e[history.DetailsMember(typ)].(map[string]any)
	switch {
	case strings.HasSuffix(typ, "Started"):
		name, _ := d["workerName"].(string)
		return Event{Kind: EventTaskStarted, WorkerName: name}, true
	case strings.HasSuffix(typ, "Submitted"):
		return Event{Kind: EventTaskSubmitted, Output: payloadOf(d["output"])}, true
	case strings.HasSuffix(typ, "Succeeded"):
		return Event{Kind: EventTaskSucceeded, Output: payloadOf(d["output"])}, true
	case strings.HasSuffix(typ, "Failed"):
		name, _ := d["error"].(string)
		cause := ""
		switch v := d["cause"].(type) {
		case string:
			cause = v
		case map[string]any:
			b, _ := json.Marshal(v)
			cause = string(b)
		}
		return Event{Kind: EventTaskFailed, Error: name, Cause: cause, Definite: true}, true
	}
	return Event{}, false
}

// payloadOf undoes the recorder's parsing of a payload text.
func payloadOf(v any) jsonval.Value {
	if s, ok := v.(string); ok {
		if p, err := jsonval.ParseString(s); err == nil {
			return p
		}
	}
	b, _ := json.Marshal(v)
	return jsonval.MustParse(string(b))
}

// compare gives the differences between the recording and what the rig got.
func (c *recorded) compare(r *rig) []string {
	cmp := comparer{}
	for _, s := range c.Substitutions {
		cmp.words = append(cmp.words, s.Replacement)
	}
	cmp.words = append(cmp.words, c.Wildcards...)
	cmp.words = slices.DeleteFunc(cmp.words, func(s string) bool { return s == "" })
	sort.Slice(cmp.words, func(i, j int) bool { return len(cmp.words[i]) > len(cmp.words[j]) })
	got := map[string]any{"status": r.done.Status}
	if r.done.Status == "SUCCEEDED" {
		got["output"] = r.done.Output.Value.Text()
	}
	if r.done.Error != nil {
		got["error"] = *r.done.Error
	}
	if r.done.Cause != nil {
		got["cause"] = *r.done.Cause
	}
	got = c.rewrite(got).(map[string]any)
	cmp.same(c.Expected.Status, got["status"], "status")
	if len(c.Expected.Output) > 0 && !c.OutputMasked {
		var want any
		json.Unmarshal(c.Expected.Output, &want)
		cmp.same(want, got["output"], "output")
	}
	if c.Expected.Error != nil {
		cmp.same(c.Expected.Error, got["error"], "error")
	}
	if c.Expected.Cause != nil {
		cmp.same(c.Expected.Cause, got["cause"], "cause")
	}
	if len(c.Expected.Events) > 0 && !c.Unreliable {
		c.compareEvents(&cmp, c.rewrite(wire(r.history)).([]any))
	}
	return cmp.diffs
}

func (c *recorded) compareEvents(cmp *comparer, got []any) {
	want := make([]any, 0, len(c.Expected.Events))
	for _, e := range c.Expected.Events {
		e = plainJSON(e).(map[string]any)
		delete(e, "timestamp")
		want = append(want, e)
	}
	if c.ParallelSorted {
		// The recording lost the order inside the Parallel and the event before its Exited.
		types := func(list []any) (out []string) {
			for _, e := range list {
				if t := e.(map[string]any)["type"].(string); t != "ParallelStateSucceeded" && t != "ParallelStateFailed" {
					out = append(out, t)
				}
			}
			sort.Strings(out)
			return out
		}
		cmp.same(strings.Join(types(want), " "), strings.Join(types(got), " "), "event types")
		last := len(want) - 1
		if len(got)-1 != int(want[last].(map[string]any)["id"].(float64))-1 {
			cmp.differ("events", "%d, want the last to be %v", len(got), want[last].(map[string]any)["id"])
		}
		return
	}
	cmp.same(want, got, "events")
}

// rewrite does to an answer what the recorder did to AWS's.
func (c *recorded) rewrite(v any) any {
	b, _ := json.Marshal(v)
	for _, s := range c.Substitutions {
		rx, err := regexp.Compile(s.Regex)
		if err != nil {
			continue
		}
		quoted := jsonval.Quote(s.Replacement)
		if done := rx.ReplaceAllLiteral(b, []byte(quoted[1:len(quoted)-1])); json.Valid(done) {
			b = done
		}
	}
	b = bytes.ReplaceAll(b, []byte(`arn:aws:`), []byte(`arn:<partition>:`))
	var out any
	json.Unmarshal(b, &out)
	return out
}
