package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/engine"
	"stile/internal/kv/memkv"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/jsonval"
	"stile/policy/exchange"
)

const readingRole = `{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"apim:Invoke","Resource":"api/shop/operation/reserve"},
  {"Effect":"Allow","Action":"apim:ReadNamedValue","Resource":"named-value/token"}]}`

// tokenCall is a Task that sends the named value token to the shop.
const tokenCall = `"Type":"Task","Resource":"` + invoke + `","Parameters":{"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/reserve",` +
	`"Headers":{"X-Token":["Bearer {{token}}"]},"RequestBody":{"id.$":"$.id"}}`

// staged is a gated server whose engine runs too, in a bubble: states call its
// gateway.
func staged(t *testing.T, s *server) *engine.Host {
	t.Helper()
	l, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	s.current.Store(l.project)
	s.opts.Account, s.opts.Region = "111111111111", "us-east-1"
	s.roles = &authority{project: s.current.Load, log: s.log, now: time.Now}
	tasks, err := task.New(task.Config{Gateway: s.gateway, Map: s.target, NamedValue: s.namedValue, NamedValueRefused: s.namedValuesRefused,
		Mask: s.secrets.mask, Identify: func(call sfn.TaskCall) task.Identity {
			return task.Identity{Principal: exchange.NewPrincipal(exchange.Claims{Role: "one-role", State: call.State})}
		}, Now: time.Now, NewGUID: newGUID}, task.Table())
	if err != nil {
		t.Fatal(err)
	}
	store := memkv.New(nil)
	host, err := engine.Open(engine.Config{Store: store, Account: s.opts.Account, Region: s.opts.Region, Log: s.log, Tasks: tasks,
		CheckParameters: tasks.CheckParameters})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(context.Background()); err != nil {
			t.Error(err)
		}
		_ = store.Close()
	})
	s.host = host
	if err := s.takeMachines(t.Context(), l.project.StateMachines); err != nil {
		t.Fatal(err)
	}
	return host
}

// crossing counts what the shop saw of each execution.
type crossing struct {
	mu     sync.Mutex
	seen   map[string][]string // tokens by execution id
	first  map[string]time.Time
	failed int
}

func (c *crossing) Do(_ context.Context, ex *exchange.Exchange) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, err := ex.Request.Body.Bytes()
	if err != nil {
		return err
	}
	id, _ := jsonval.MustParse(string(body)).Get("id").Str()
	token := ex.Request.Header.Get("X-Token")
	c.seen[id] = append(c.seen[id], token)
	if _, ok := c.first[token]; !ok {
		c.first[token] = time.Now()
	}
	// The worst backend: it sends back what it was sent.
	ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Text(`{"id":"` + id + `","echo":"` + token + `"}`)}
	ex.Response.Header.Set("Content-Type", "application/json")
	return nil
}

// TestAStateWaitsAcrossARotation: executions that wait while Key Vault gets a new
// version call with it afterwards, through ten minutes without the vault too, and
// fail closed once the last good value is too old. No secret is in any history.
func TestAStateWaitsAcrossARotation(t *testing.T) {
	dir, fake := vaulted(t)
	write(t, dir, "workflows/one.asl.json", `{"StartAt":"Before","States":{"Before":{`+tokenCall+`,"ResultPath":"$.before","Next":"Pause"},
		"Pause":{"Type":"Wait","Seconds":300,"Next":"After"},"After":{`+tokenCall+`,"ResultPath":"$.after","End":true}}}`)
	write(t, dir, "workflows/one.workflow.yaml", "role: one-role\nnamed-values: [token]\n")
	write(t, dir, "roles/one-role.json", readingRole)
	write(t, dir, "apim/apis/shop/policy.xml", shopPolicy(""))
	one, two := canary+"-1", canary+"-2"
	fake.Set("acme", "token", one)
	synctest.Test(t, func(t *testing.T) {
		var log narration
		back := &crossing{seen: map[string][]string{}, first: map[string]time.Time{}}
		s, _ := gatedTo(t, dir, fake, &log, back)
		host := staged(t, s)
		arn, started := sfn.StateMachineARN("us-east-1", "111111111111", "one"), 0
		start := func(n int, every time.Duration) (arns []string) {
			for range n {
				started++
				got, err := host.StartExecution(t.Context(), sfn.Start{StateMachineARN: arn, Input: jsonval.MustParse(fmt.Sprintf(`{"id":"x%d"}`, started))})
				if err != nil {
					t.Fatal(err)
				}
				arns = append(arns, got.ExecutionARN)
				time.Sleep(every)
			}
			return arns
		}
		across := start(60, time.Second)
		fake.Set("acme", "token", two)
		rotated := time.Now()
		across = append(across, start(120, time.Second)...)
		after := back.first["Bearer "+two].Sub(rotated)
		if back.first["Bearer "+two].IsZero() || after > time.Minute {
			t.Errorf("the new version was used after %v", after)
		}
		time.Sleep(6 * time.Minute)
		fake.Down(true)
		across = append(across, start(120, 5*time.Second)...)
		st, _ := s.secrets.store.State(tokenRef(t))
		if st.Condition != secret.Stale || st.Age < 9*time.Minute {
			t.Errorf("the state of a vault that is down: %+v", st)
		}
		time.Sleep(6 * time.Minute)
		failed := 0
		for i, x := range across {
			d, err := host.DescribeExecution(t.Context(), x)
			if err != nil || d.Status != sfn.Succeeded {
				failed++
				t.Errorf("%s: %s %v", x, d.Status, err)
			}
			want := []string{"Bearer " + one, "Bearer " + two}
			if got := back.seen[fmt.Sprintf("x%d", i+1)]; i < 60 && !slices.Equal(got, want) {
				t.Errorf("%d calls with %v", i, len(got))
			}
			tellsNothing(t, host, x, one, two)
		}
		t.Logf("%d executions, %d calls, failed %d; the new version was used after %v; with the vault down for 10 min the value's age was %v",
			len(across), 2*len(across), failed, after, st.Age)
		time.Sleep(25 * time.Hour)
		late := start(1, time.Minute)
		d, err := host.DescribeExecution(t.Context(), late[0])
		if err != nil || d.Error == nil || *d.Error != "States.TaskFailed" || !strings.Contains(*d.Cause, "named value 'token' cannot be used") {
			t.Errorf("beyond max-age: %s %v %v %v", d.Status, d.Error, d.Cause, err)
		}
		if back.seen[fmt.Sprintf("x%d", started)] != nil {
			t.Error("something was sent")
		}
		if strings.Contains(log.String(), canary) {
			t.Error("the log tells a secret")
		}
	})
}

// tellsNothing looks for values in all that is kept of an execution.
func tellsNothing(t *testing.T, host *engine.Host, arn string, values ...string) {
	t.Helper()
	events, _, err := host.GetExecutionHistory(t.Context(), sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	calls, err := host.Calls(t.Context(), arn)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range events {
		all.WriteString(fullEvent(e).Text())
	}
	for _, c := range calls {
		all.WriteString(c.Call.Text())
	}
	for _, v := range values {
		if strings.Contains(all.String(), v) {
			t.Fatalf("a secret is in the history or the journal of %s", arn)
		}
	}
	if !strings.Contains(all.String(), "{{token}}") || !strings.Contains(all.String(), `***`) {
		t.Fatalf("the definition's text or the mask is not in the history: %s", all.String())
	}
}

// startWith starts an execution with an input.
func (p *product) startWith(machine, input string) string {
	p.t.Helper()
	var started struct{ ExecutionArn string }
	wire(p.t, p.Console, "StartExecution", map[string]string{
		"stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:" + machine, "input": input}, &started)
	return started.ExecutionArn
}

// historyText is the history as AWS's API answers it.
func (p *product) historyText(arn string) string {
	p.t.Helper()
	var page json.RawMessage
	wire(p.t, p.Console, "GetExecutionHistory", map[string]any{"executionArn": arn, "maxResults": 1000}, &page)
	return string(page)
}

// TestNamedValuesOfAState, over the product as it is: a literal is resolved, the
// same text in the input arrives unchanged, what is not listed is sent as it is, and
// a role that may not read it fails with its place.
func TestNamedValuesOfAState(t *testing.T) {
	var mu sync.Mutex
	var got []string
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]string
		_ = json.NewDecoder(r.Body).Decode(&body)
		mu.Lock()
		got = append(got, r.Header.Get("X-Key")+"|"+r.URL.Query().Get("k")+"|"+body["literal"]+"|"+body["data"]+"|"+body["unlisted"])
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"key":%q}`, r.Header.Get("X-Key"))
	}))
	defer back.Close()
	dir := folder(t, back.URL, invoke,
		"apim/namedValues/key/namedValueInformation.json", `{"properties":{"displayName":"key","secret":true,"value":"hunter-`+canary+`"}}`,
		"apim/namedValues/plain/namedValueInformation.json", `{"properties":{"displayName":"plain","value":"open"}}`,
		"workflows/one.workflow.yaml", "role: one-role\nnamed-values:\n  - key\n  - plain\n",
		"roles/one-role.json", strings.ReplaceAll(readingRole, "named-value/token", "named-value/*"))
	state := `{"Type":"Task","Resource":"` + invoke + `","End":true,"Parameters":{"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/reserve",` +
		`"Headers":{"X-Key":["{{key}}"]},"QueryParameters":{"k":["a {{plain}} b"]},` +
		`"RequestBody":{"literal":"{{key}}/{{plain}}","data.$":"$.text","unlisted":"{{stile-issuer}}"}}}`
	write(t, dir, "workflows/one.asl.json", `{"StartAt":"Call","States":{"Call":`+state+`}}`)
	p := dev(t, dir, t.TempDir())
	arn := p.startWith("one", `{"text":"{{key}}"}`)
	p.until(arn, "the end", ended)
	key := "hunter-" + canary
	mu.Lock()
	if diff := cmp.Diff([]string{key + "|a open b|" + key + "/open|{{key}}|{{stile-issuer}}"}, got); diff != "" {
		t.Error(diff)
	}
	mu.Unlock()
	if text := p.historyText(arn); strings.Contains(text, canary) || !strings.Contains(text, "{{key}}/{{plain}}") || !strings.Contains(text, "***") {
		t.Errorf("the history: %s", text)
	}
	write(t, dir, "roles/one-role.json", strings.Replace(readingRole, "named-value/token", "named-value/plain", 1))
	p.tells("taken up again")
	arn = p.startWith("one", `{"text":"x"}`)
	p.until(arn, "the end", ended)
	if text := p.historyText(arn); !strings.Contains(text, "States.Permissions") || !strings.Contains(text, "apim:ReadNamedValue on named-value/key") ||
		!strings.Contains(text, "one-role.json:1") {
		t.Errorf("the denial: %s", text)
	}
	list, err := Check([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, d := range list {
		told = append(told, fmt.Sprintf("%s %d: %s", d.Code, d.Line, d.Message))
	}
	if !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, CodeNotReadable+" 1: state Call") }) ||
		!slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, CodeUnlisted) && strings.Contains(s, "stile-issuer") }) {
		t.Errorf("check says %q", told)
	}
}
