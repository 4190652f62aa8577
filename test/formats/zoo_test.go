package formats

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	account = "111111111111"
	region  = "us-east-1"
	prefix  = "arn:aws:states:" + region + ":" + account + ":"
)

// A kind is one way in which an execution can wait.
type kind struct {
	name, definition, input string
	since                   int // the first format whose binary has it
	// events says that the execution is where it is to be: so many of each type.
	events map[string]int
	// waits is how many tokens are open, which stand in the notes.
	waits int
	ends  string // the status when the folder is written; empty: it waits
}

// call is a Task that calls the backend at path, with more members of the state.
func call(path, more string) string {
	return `{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","Parameters":{"ApiEndpoint":"backend.test","Path":"/b` + path +
		`","Method":"POST","RequestBody":{"at.$":"$$.State.Name"}}` + more + `}`
}

// waiting is a Task that waits for its token.
func waiting(more string) string {
	return strings.Replace(strings.Replace(call("/ok", more), "apigateway:invoke", "apigateway:invoke.waitForTaskToken", 1),
		`"RequestBody":{`, `"RequestBody":{"token.$":"$$.Task.Token",`, 1)
}

func machine(start string, states ...string) string {
	return `{"StartAt":"` + start + `","States":{` + strings.Join(states, ",") + `}}`
}

const (
	month   = `{"Type":"Wait","Seconds":2592000,"Next":"Done"}`
	done    = `"Done":{"Type":"Pass","End":true}`
	toDone  = `,"Next":"Done"`
	theEnd  = `,"End":true`
	packARN = prefix + "activity:pack"
)

// kinds are all ways, in the order in which they are started.
func kinds() []kind {
	item := machine("Half", `"Half":{"Type":"Choice","Choices":[{"Variable":"$","NumericLessThan":2,"Next":"Quick"}],"Default":"Slow"}`,
		`"Quick":{"Type":"Pass","End":true}`, `"Slow":`+call("/hang", theEnd))
	child := strings.Replace(item, `{"StartAt"`, `{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt"`, 1)
	activity := `{"Type":"Task","Resource":"` + packARN + `","Next":"Done"}`
	return []kind{
		{name: "wait", definition: machine("Wait", `"Wait":`+month, done), events: map[string]int{"WaitStateEntered": 1}},
		{name: "token", definition: machine("Ask", `"Ask":`+waiting(toDone), done), events: map[string]int{"TaskSubmitted": 1}, waits: 1},
		{name: "callback", definition: machine("Ask", `"Ask":`+waiting(toDone), done), events: map[string]int{"TaskSubmitted": 1}, waits: 1},
		{name: "heartbeat", definition: machine("Ask", `"Ask":`+waiting(`,"HeartbeatSeconds":86400,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Done"}],"Next":"Done"`), done),
			events: map[string]int{"TaskSubmitted": 1}},
		{name: "parked", definition: machine("Try", `"Try":`+call("/broken", `,"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":86400,"MaxAttempts":3}],"Next":"Done"`), done),
			events: map[string]int{"TaskFailed": 1}},
		{name: "flight", definition: machine("Call", `"Call":`+call("/hang", toDone), done), events: map[string]int{"TaskStarted": 1}},
		{name: "map", definition: machine("Each", `"Each":{"Type":"Map","MaxConcurrency":3,"Next":"Done","ItemProcessor":`+item+`}`, done), input: `[0,1,2,3,4]`,
			events: map[string]int{"MapIterationSucceeded": 2, "TaskStarted": 3}},
		{name: "parallel", definition: machine("Both", `"Both":{"Type":"Parallel","Next":"Done","Branches":[`+
			machine("Wait", `"Wait":`+strings.Replace(month, `"Next":"Done"`, `"End":true`, 1))+`,`+machine("Ask", `"Ask":`+waiting(theEnd))+`]}`, done), events: map[string]int{"WaitStateEntered": 1, "TaskSubmitted": 1}, waits: 1},
		{name: "activity", since: 2, definition: machine("Pack", `"Pack":`+activity, done), events: map[string]int{"ActivityScheduled": 1}},
		{name: "worker", since: 2, definition: machine("Pack", `"Pack":`+strings.Replace(activity, "pack", "taken", 1), done),
			events: map[string]int{"ActivityStarted": 1}, waits: 1},
		{name: "distributed", since: 2, definition: machine("Each", `"Each":{"Type":"Map","MaxConcurrency":3,"Next":"Done","ItemProcessor":`+child+`}`, done), input: `[0,1,2,3,4]`,
			events: map[string]int{"MapRunStarted": 1}},
		{name: "jsonata", since: 2, definition: `{"QueryLanguage":"JSONata","StartAt":"Set","States":{"Set":{"Type":"Pass","Assign":{"n":"{% 6*7 %}"},"Next":"Wait"},` +
			`"Wait":{"Type":"Wait","Seconds":2592000,"Next":"Say"},"Say":{"Type":"Pass","Output":{"n":"{% $n %}"},"End":true}}}`,
			events: map[string]int{"WaitStateEntered": 1}},
		{name: "nested", since: 2, definition: machine("Start", `"Start":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2","Parameters":{"StateMachineArn":"`+
			prefix+`stateMachine:wait","Input":{}},"Next":"Done"}`, done), events: map[string]int{"TaskSubmitted": 1}},
		{name: "good", definition: machine("Done", done), events: map[string]int{"ExecutionSucceeded": 1}, ends: "SUCCEEDED"},
		{name: "bad", definition: machine("Off", `"Off":{"Type":"Fail","Error":"E","Cause":"off"}`), events: map[string]int{"ExecutionFailed": 1}, ends: "FAILED"},
		{name: "stopped", definition: machine("Wait", `"Wait":`+month, done), events: map[string]int{"ExecutionAborted": 1}, ends: "ABORTED"},
	}
}

// ofFormat are the kinds that the binary of a format has.
func ofFormat(format int) (out []kind) {
	for _, k := range kinds() {
		if k.since <= format {
			out = append(out, k)
		}
	}
	return out
}

// writeProject writes the zoo's project, whose states call backend.
func writeProject(t *testing.T, backend string, list []kind) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := "name: zoo\nmap:\n  backend.test: {gateway: self}\n"
	for _, k := range list {
		if k.name == "activity" {
			config += "activities: [pack, taken]\n"
		}
	}
	write("stile.yaml", config)
	write("apim/apis/b/apiInformation.json", `{"properties":{"displayName":"b","path":"b","subscriptionRequired":false,"serviceUrl":"`+backend+`"}}`)
	spec := "openapi: 3.0.1\ninfo: {title: b, version: '1'}\npaths:\n"
	for _, path := range []string{"ok", "broken", "hang"} {
		spec += "  /" + path + ":\n    post:\n      operationId: " + path + "\n      responses: {'200': {description: ok}}\n"
	}
	write("apim/apis/b/specification.yaml", spec)
	write("roles/zoo.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["apim:Invoke","states:StartExecution"],"Resource":"**"}]}`)
	for _, k := range list {
		write("workflows/"+k.name+".asl.json", k.definition)
		write("workflows/"+k.name+".workflow.yaml", "role: zoo\n")
	}
	return dir
}

// reached says how far an execution's history is from what its kind wants.
func (k kind) reached(types []string) (ok bool, state string) {
	have := map[string]int{}
	for _, t := range types {
		have[t]++
	}
	for t, n := range k.events {
		if have[t] < n {
			return false, fmt.Sprintf("%s has %d of %d %s in %v", k.name, have[t], n, t, types)
		}
	}
	return true, ""
}
