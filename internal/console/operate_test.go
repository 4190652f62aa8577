package console

import (
	"net/http"
	"strings"
	"testing"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

// operated has two executions that were at Reserve with different inputs.
func operated() (*fake, []string) {
	f, one := story()
	two := f.addExecution("order", "fork", sfn.Failed, 1)
	f.execs[len(f.execs)-1].ForkedFrom, f.execs[len(f.execs)-1].ForkedAt = one, "Reserve"
	entered := func(input string) history.Event {
		e := event(2, "PassStateEntered", "Reserve")
		e.Details.Input = &history.Payload{Value: jsonval.MustParse(input)}
		return e
	}
	f.events[one] = append([]history.Event{event(1, "ExecutionStarted", ""), entered(`{"a":{"b":1,"c":{"d":2}},"n":1}`)}, f.events[one][2:]...)
	f.events[two] = []history.Event{event(1, "ExecutionStarted", ""), entered(`{"a":{"b":1,"c":{"d":2}},"n":2}`)}
	return f, []string{one, two}
}

func TestFork(t *testing.T) {
	f, arns := operated()
	h := New(config(f))
	w := do(h, "POST", "/-/v1/executions/one/fork", `{"name":"f","at":"Reserve","set":{"n":5},"merge":{"a":{"c":{"e":3}},"n":{"x":1}}}`)
	want := `{"id":"onef","arn":"` + arns[0] + `f","startDate":"2023-11-14T22:13:20.123Z"}` + "\n"
	if w.Code != 201 || w.Body.String() != want {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if got := f.forked[0]; got.ExecutionARN != arns[0] || got.Name != "f" || got.At != "Reserve" || got.Input.Exists() || got.StateInput.Exists() ||
		got.Set.Text() != `{"n":{"x":1},"a":{"b":1,"c":{"d":2,"e":3}}}` {
		t.Errorf("%+v %s", got, got.Set.Text())
	}
	w = do(h, "POST", "/-/v1/executions/one/fork", `{"at":"Reserve","stateInput":{"a":{"z":0}},"merge":{"a":{"y":1}}}`)
	if got := f.forked[1].Set.Text(); w.Code != 201 || got != `{"a":{"z":0,"y":1}}` {
		t.Errorf("%d %s", w.Code, got)
	}
	for body, code := range map[string]string{`{"set":1}`: "NotAnObject", `{"merge":1}`: "BadMerge", `{"merge":{},"input":1}`: "BadMerge", `{"at":1}`: "NotAString"} {
		if w := do(h, "POST", "/-/v1/executions/one/fork", body); w.Code != 400 || !strings.Contains(w.Body.String(), code) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := get(t, h, "/-/v1/executions/fork"); !strings.Contains(w.Body.String(), `"forkedFrom":"`+arns[0]+`","forkedAt":"Reserve"`) {
		t.Error(w.Body)
	}
}

func TestForkAndDiffWantRights(t *testing.T) {
	all := []string{readHistory, readPayload, "states:StartExecution", describeExecution, readTrace, readDefinition}
	for _, missing := range all {
		f, _ := operated()
		c := config(f)
		c.Permissions = allowing(func(action string, _ []string) bool { return action != missing })
		w := do(New(c), "POST", "/-/v1/executions/one/fork", `{}`)
		want := http.StatusCreated
		if missing == readHistory || missing == readPayload || missing == "states:StartExecution" {
			want = http.StatusForbidden
		}
		if w.Code != want || (want == http.StatusForbidden) != (len(f.forked) == 0) {
			t.Errorf("a fork without %s: %d %s", missing, w.Code, w.Body)
		}
		w = get(t, New(c), "/-/v1/executions/one/diff?with=fork")
		body := w.Body.String()
		switch missing {
		case readHistory:
			if w.Code != http.StatusForbidden {
				t.Errorf("a diff without %s: %d", missing, w.Code)
			}
		default:
			if w.Code != 200 || strings.Contains(body, `"dataHidden":true`) != (missing == readPayload) || strings.Contains(body, `"pointer"`) != (missing != readPayload) ||
				strings.Contains(body, `"callsHidden":true`) != (missing == readTrace) || strings.Contains(body, `"definitions"`) != (missing != readDefinition) {
				t.Errorf("a diff without %s: %d %s", missing, w.Code, body)
			}
		}
	}
}

func TestDiff(t *testing.T) {
	f, _ := operated()
	h := New(config(f))
	w := get(t, h, "/-/v1/executions/one/diff?with=fork")
	const first = `"first":{"kind":"data","state":"Reserve","visit":1,"what":"input","pointer":"/n","old":1,"new":2,"events":[2,2]}`
	if w.Code != 200 || !strings.Contains(w.Body.String(), first) || !strings.Contains(w.Body.String(), `"definitions":"same"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(t, h, "/-/v1/executions/one/diff?with=one"); !strings.Contains(w.Body.String(), `"first":null,"differences":[]`) {
		t.Error(w.Body)
	}
	f.execs[0].HistoryDropped, f.execs[1].HistoryDropped, f.execs[2].HistoryDropped = true, true, true
	for query, code := range map[string]int{"": 400, "?with=nobody": 404, "?with=fork": 409} {
		if w := get(t, h, "/-/v1/executions/one/diff"+query); w.Code != code {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func TestHistoryIsPaged(t *testing.T) {
	f, arns := operated()
	h := New(config(f))
	n := len(f.events[arns[0]])
	for query, want := range map[string]int{"": n, "?max=2": 2, "?reverse=true": 3, "?token=1": n - 1} {
		w := get(t, h, "/-/v1/executions/one/history"+query)
		if got := strings.Count(w.Body.String(), `"id":`); w.Code != 200 || got != min(want, n) {
			t.Errorf("%s: %d events, want %d: %s", query, got, want, w.Body)
		}
	}
	if w := get(t, h, "/-/v1/executions/one/history?max=2"); !strings.HasSuffix(w.Body.String(), `"next":"2"}`+"\n") {
		t.Error(w.Body)
	}
}
