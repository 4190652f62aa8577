package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"stile/diag"
	"stile/internal/activity"
	"stile/internal/console"
	"stile/internal/engine"
	"stile/internal/identity"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/internal/sfnapi"
	"stile/jsonval"
	"stile/policy/exchange"
)

// matrixRoles are the roles of the matrix; one with each action alone is added.
func matrixRoles() map[string]string {
	statement := func(effect, action, resource string) string {
		return fmt.Sprintf(`{"Effect":%q,"Action":%s,"Resource":%s}`, effect, action, resource)
	}
	role := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	out := map[string]string{
		"all":         role(statement("Allow", `"*"`, `"**"`)),
		"none":        role(),
		"states":      role(statement("Allow", `"states:*"`, `"**"`)),
		"order":       role(statement("Allow", `["states:*","apim:Trace"]`, `["stateMachine/order","stateMachine/order/**"]`)),
		"order-arns":  role(statement("Allow", `"STATES:*"`, `["arn:aws:states:*:*:stateMachine:order","arn:aws:states:*:*:execution:order:*"]`)),
		"readers":     role(statement("Allow", `["states:Describe*","states:List*","states:GetExecutionHistory"]`, `"**"`)),
		"payload":     role(statement("Allow", `["states:Describe*","states:ReadPayload","states:GetExecutionHistory"]`, `"stateMachine/*"`)),
		"approver":    role(statement("Allow", `"states:SendTask*"`, `"stateMachine/order/state/Approve"`)),
		"completer":   role(statement("Allow", `"states:SendTask*"`, `"stateMachine/*/state/*"`)),
		"not-stop":    role(statement("Allow", `"*"`, `"**"`), statement("Deny", `"states:StopExecution"`, `"**"`)),
		"not-payroll": role(statement("Allow", `"*"`, `"**"`), statement("Deny", `"*"`, `["stateMachine/payroll","stateMachine/payroll/**"]`)),
		"not-approve": role(statement("Allow", `"*"`, `"**"`), statement("Deny", `"states:*"`, `"stateMachine/order/state/Approve"`)),
		"deny":        role(statement("Deny", `"*"`, `"**"`)),
		"payments":    role(statement("Allow", `"apim:Invoke"`, `"api/payments/operation/*"`)),
		"charge":      role(statement("Allow", `"apim:Invoke"`, `"api/payments/operation/charge"`)),
		"not-refund":  role(statement("Allow", `"apim:*"`, `"api/**"`), statement("Deny", `"apim:Invoke"`, `"api/payments/operation/refund"`)),
		"deleter":     role(statement("Allow", `"stile:DeleteExecution"`, `"stateMachine/order"`)),
		"configure":   role(statement("Allow", `"stile:*"`, `"**"`)),
	}
	for _, a := range append(slices.Sorted(maps.Keys(awsCalls())), "ReadPayload") {
		out["only-"+a] = role(statement("Allow", `"states:`+a+`"`, `"**"`))
	}
	return out
}

// frozen is the engine, whose content no cell of the matrix changes.
type frozen struct{ *engine.Host }

func (f frozen) CreateStateMachine(context.Context, sfn.NewStateMachine) (sfn.StateMachine, error) {
	return sfn.StateMachine{}, nil
}
func (f frozen) UpdateStateMachine(ctx context.Context, arn string, _ sfn.StateMachineUpdate) (sfn.StateMachine, error) {
	return f.DescribeStateMachine(ctx, arn)
}
func (f frozen) DeleteStateMachine(context.Context, string) error { return nil }
func (f frozen) StartExecution(ctx context.Context, in sfn.Start) (sfn.Started, error) {
	_, err := f.DescribeStateMachine(ctx, in.StateMachineARN)
	return sfn.Started{ExecutionARN: strings.Replace(in.StateMachineARN, "stateMachine", "execution", 1) + ":new"}, err
}
func (f frozen) StopExecution(ctx context.Context, arn, _, _ string) (time.Time, error) {
	_, err := f.DescribeExecution(ctx, arn)
	return time.UnixMilli(0), err
}
func (f frozen) RedriveExecution(ctx context.Context, arn, _ string) (time.Time, error) {
	_, err := f.DescribeExecution(ctx, arn)
	return time.UnixMilli(0), err
}
func (f frozen) ForkExecution(ctx context.Context, in sfn.Fork) (sfn.Started, error) {
	_, err := f.DescribeExecution(ctx, in.ExecutionARN)
	return sfn.Started{ExecutionARN: in.ExecutionARN + "-fork"}, err
}
func (f frozen) DeleteExecution(ctx context.Context, arn string) error {
	_, err := f.DescribeExecution(ctx, arn)
	return err
}
func (f frozen) PublishStateMachineVersion(ctx context.Context, in sfn.NewVersion) (sfn.Version, error) {
	_, err := f.DescribeStateMachine(ctx, in.StateMachineARN)
	return sfn.Version{}, err
}
func (f frozen) CreateStateMachineAlias(context.Context, sfn.NewAlias) (sfn.Alias, error) {
	return sfn.Alias{}, nil
}
func (f frozen) SendTaskSuccess(context.Context, string, jsonval.Value) error  { return nil }
func (f frozen) SendTaskFailure(context.Context, string, string, string) error { return nil }
func (f frozen) SendTaskHeartbeat(context.Context, string) error               { return nil }

// unpolled has one activity, of which there is nothing to do.
type unpolled struct{ *activity.Activities }

func (unpolled) CreateActivity(context.Context, sfn.NewActivity) (sfn.Activity, error) {
	return sfn.Activity{}, nil
}
func (unpolled) DescribeActivity(context.Context, string) (sfn.Activity, error) {
	return sfn.Activity{}, nil
}
func (unpolled) DeleteActivity(context.Context, string) error { return nil }
func (unpolled) GetActivityTask(context.Context, string, string) (sfn.ActivityTask, error) {
	return sfn.ActivityTask{}, nil
}
func (unpolled) ListActivities(context.Context, sfn.Page) ([]sfn.Activity, string, error) {
	return []sfn.Activity{{ARN: arnPrefix + "activity:order", Name: "order"}}, "", nil
}

// pending accepts every Task, which then waits for its token.
type pending struct{ tokens chan sfn.TaskCall }

func (p pending) Start(_ context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
	p.tokens <- call
	done(sfn.TaskResult{Submitted: true, Output: jsonval.EmptyObject})
}
func (pending) Cancel(string, uint64) {}

// matrix is both APIs over one engine, with state machines order and payroll and
// an execution e1 of each, in which two states wait.
type matrix struct {
	t       *testing.T
	oracle  *oracle
	access  *access
	aws     http.Handler
	control http.Handler
	tokens  map[string]string // MACHINE/STATE → task token
	told    int               // refusals that the hook was told of
	cells   map[string]int
}

const matrixMachine = `{"StartAt":"Both","States":{"Both":{"Type":"Parallel","End":true,"Branches":[
	{"StartAt":"Approve","States":{"Approve":{"Type":"Task","Resource":"arn:aws:states:::http:invoke.waitForTaskToken","Parameters":{"t.$":"$$.Task.Token"},"End":true}}},
	{"StartAt":"Check","States":{"Check":{"Type":"Task","Resource":"arn:aws:states:::http:invoke.waitForTaskToken","Parameters":{"t.$":"$$.Task.Token"},"End":true}}}]}}}`

var matrixStates = []string{"Approve", "Check"}

func newMatrix(t *testing.T, roles map[string]string, grants []grant) *matrix {
	t.Helper()
	calls := pending{make(chan sfn.TaskCall, 8)}
	host, err := engine.Open(engine.Config{Store: memkv.New(nil), Account: "111111111111", Region: "us-east-1", Tasks: calls})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close(context.Background()) })
	m := &matrix{t: t, oracle: newOracle(t, roles, grants), tokens: map[string]string{}, cells: map[string]int{}}
	for _, name := range []string{"order", "payroll"} {
		made, err := host.CreateStateMachine(t.Context(), sfn.NewStateMachine{Name: name, Type: sfn.Standard, Definition: matrixMachine,
			RoleARN: "arn:aws:iam::111111111111:role/all"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := host.StartExecution(t.Context(), sfn.Start{StateMachineARN: made.ARN, Name: "e1", Input: jsonval.MustParse(`{"pay":"load"}`)}); err != nil {
			t.Fatal(err)
		}
		for range matrixStates {
			call := <-calls.tokens
			m.tokens[call.StateMachineName+"/"+call.State] = call.TaskToken
		}
	}
	p := &project{roles: map[string]*identity.Role{}}
	for name, text := range roles {
		role, faults := identity.ParseRole(diag.NewSource("roles/"+name+".json", text))
		if role == nil {
			t.Fatal(faults)
		}
		p.roles[name] = role
	}
	var assignments strings.Builder
	for _, g := range grants {
		line := map[string]string{"principal": g.principal, "role": g.role}
		for key, value := range map[string]string{"provider": g.provider, "scope": g.scope} {
			if value != "" {
				line[key] = value
			}
		}
		text, _ := json.Marshal(line)
		assignments.WriteString("- " + string(text) + "\n")
	}
	list, faults := identity.ParseAssignments(diag.NewSource("assignments.yaml", assignments.String()),
		identity.Known{Roles: slices.Collect(maps.Keys(roles))})
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	p.access = identity.NewAccess(p.roles, list)
	m.access = &access{project: func() *project { return p }, tokenOf: host.TokenOf,
		Denied: func(context.Context, string, string, identity.Decision) { m.told++ }}
	m.aws = sfnapi.New(sfnapi.Config{Host: frozen{host}, Permissions: m.access, Activities: unpolled{}, Account: "111111111111", Region: "us-east-1"})
	m.control = console.New(console.Config{Host: frozen{host}, Permissions: m.access, Account: "111111111111", Region: "us-east-1",
		Event: fullEvent, Metadata: sfnapi.EncodeMetadata, Info: func() console.Info { return console.Info{} },
		Token: func(context.Context, string) (string, time.Time, error) { return "t", time.UnixMilli(0), nil }})
	return m
}

var requestIDs = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// ask sends a request on behalf of a person.
func (m *matrix) ask(h http.Handler, p person, method, path, body string, header ...string) (int, string) {
	c := identity.Caller{Provider: p.provider, Groups: p.groups, Roles: []string{"all"}, Via: "api"}
	c.Kind, c.ID, _ = strings.Cut(p.principal, ":")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1"
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	ctx, cancel := context.WithCancel(identity.WithCaller(m.t.Context(), c))
	defer cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(ctx))
	return w.Code, requestIDs.ReplaceAllString(w.Body.String(), "ID")
}

// cell counts one answer, and tells of a wrong one.
func (m *matrix) cell(edge string, p person, what string, got, want any) {
	m.t.Helper()
	m.cells[edge]++
	if got != want {
		m.t.Errorf("%s: %s %s: got %v, want %v", edge, p.principal, what, got, want)
	}
}

const (
	arnPrefix   = "arn:aws:states:us-east-1:111111111111:"
	someMachine = `,"definition":"{}","roleArn":"arn:aws:iam::111111111111:role/all"}`
)

// awsCalls are all actions of the AWS API: what each is asked with, %s being what
// it is asked on, and the kind of that.
func awsCalls() map[string][2]string {
	return map[string][2]string{
		"CreateStateMachine":               {"name", `{"name":"%s"` + someMachine},
		"DescribeStateMachine":             {"machine", `{"stateMachineArn":"%s"}`},
		"UpdateStateMachine":               {"machine", `{"stateMachineArn":"%s"` + someMachine},
		"DeleteStateMachine":               {"machine", `{"stateMachineArn":"%s"}`},
		"ListStateMachines":                {"", `{}`},
		"TestState":                        {"", `{"definition":"{}"}`},
		"ValidateStateMachineDefinition":   {"", `{"definition":"{}"}`},
		"ListExecutions":                   {"machine", `{"stateMachineArn":"%s"}`},
		"StartExecution":                   {"machine", `{"stateMachineArn":"%s"}`},
		"DescribeExecution":                {"execution", `{"executionArn":"%s"}`},
		"DescribeStateMachineForExecution": {"execution", `{"executionArn":"%s"}`},
		"StopExecution":                    {"execution", `{"executionArn":"%s"}`},
		"RedriveExecution":                 {"execution", `{"executionArn":"%s"}`},
		"GetExecutionHistory":              {"execution", `{"executionArn":"%s"}`},
		"PublishStateMachineVersion":       {"machine", `{"stateMachineArn":"%s"}`},
		"ListStateMachineVersions":         {"machine", `{"stateMachineArn":"%s"}`},
		"DeleteStateMachineVersion":        {"version", `{"stateMachineVersionArn":"%s"}`},
		"CreateStateMachineAlias":          {"machine", `{"name":"A","routingConfiguration":[{"stateMachineVersionArn":"%s:1","weight":100}]}`},
		"DescribeStateMachineAlias":        {"alias", `{"stateMachineAliasArn":"%s"}`},
		"UpdateStateMachineAlias":          {"alias", `{"stateMachineAliasArn":"%s","description":"d"}`},
		"DeleteStateMachineAlias":          {"alias", `{"stateMachineAliasArn":"%s"}`},
		"ListStateMachineAliases":          {"machine", `{"stateMachineArn":"%s"}`},
		"TagResource":                      {"machine", `{"resourceArn":"%s","tags":[]}`},
		"UntagResource":                    {"machine", `{"resourceArn":"%s","tagKeys":[]}`},
		"ListTagsForResource":              {"machine", `{"resourceArn":"%s"}`},
		"CreateActivity":                   {"activity-name", `{"name":"%s"}`},
		"DescribeActivity":                 {"activity", `{"activityArn":"%s"}`},
		"DeleteActivity":                   {"activity", `{"activityArn":"%s"}`},
		"GetActivityTask":                  {"activity", `{"activityArn":"%s"}`},
		"ListActivities":                   {"", `{}`},
		"SendTaskSuccess":                  {"token", `{"taskToken":"%s","output":"{}"}`},
		"SendTaskFailure":                  {"token", `{"taskToken":"%s"}`},
		"SendTaskHeartbeat":                {"token", `{"taskToken":"%s"}`},
	}
}

func (m *matrix) awsCell(p person, action, body string, want bool) string {
	m.t.Helper()
	told := m.told
	status, answer := m.ask(m.aws, p, "POST", "/", body, "X-Amz-Target", "AWSStepFunctions."+action)
	denied := strings.Contains(answer, `"__type":"AccessDeniedException"`)
	m.cell("aws", p, action+" "+body, !denied, want)
	if denied && (status != 400 || !strings.Contains(answer, "User: "+p.principal+" is not authorized to perform: states:"+action+" on resource: ")) {
		m.t.Errorf("%s: the refusal is %d %s", action, status, answer)
	}
	if (m.told > told) != denied {
		m.t.Errorf("%s %s: denied %v, and %d refusals were told of", p.principal, action, denied, m.told-told)
	}
	return answer
}

// awsEdge asks every action on everything, there and not there.
func (m *matrix) awsEdge(p person) {
	for action, call := range awsCalls() {
		kind, body := call[0], call[1]
		full := "states:" + action
		for _, machine := range []string{"order", "payroll", "nobody1"} {
			short := "stateMachine/" + machine
			switch kind {
			case "name", "machine":
				arn := arnPrefix + "stateMachine:" + machine
				name := arn
				if kind == "name" {
					name = machine
				}
				m.awsCell(p, action, fmt.Sprintf(body, name), m.oracle.allows(p, full, arn, short))
			case "activity", "activity-name":
				arn := arnPrefix + "activity:" + machine
				name := arn
				if kind == "activity-name" {
					name = machine
				}
				m.awsCell(p, action, fmt.Sprintf(body, name), m.oracle.allows(p, full, arn, "activity/"+machine))
			case "version", "alias":
				arn := arnPrefix + "stateMachine:" + machine
				qualified := arn + map[string]string{"version": ":7", "alias": ":PROD"}[kind]
				m.awsCell(p, action, fmt.Sprintf(body, qualified), m.oracle.allows(p, full, qualified, arn, short))
			case "execution":
				var answers []string
				for _, name := range []string{"e1", "e2"} {
					arn := arnPrefix + "execution:" + machine + ":" + name
					allowed := m.oracle.allows(p, full, arn, short)
					answer := m.awsCell(p, action, fmt.Sprintf(body, arn), allowed)
					reads := strings.Contains(answer, "pay")
					if allowed && name == "e1" && machine == "order" && action != "StopExecution" && action != "RedriveExecution" && action != "DescribeStateMachineForExecution" {
						m.cell("aws", p, action+" payload", reads, m.oracle.allows(p, "states:ReadPayload", arn, short))
					}
					answers = append(answers, strings.ReplaceAll(answer, name, "NAME"))
				}
				if !m.oracle.allows(p, full, arnPrefix+"execution:"+machine+":e1", short) {
					m.cell("aws", p, action+" tells a foreign execution from an absent one", answers[0] == answers[1], true)
				}
			case "token":
				if machine == "nobody1" {
					m.awsCell(p, action, fmt.Sprintf(body, "no-token"), m.oracle.anywhere(p, full))
					continue
				}
				for _, state := range matrixStates {
					m.awsCell(p, action, fmt.Sprintf(body, m.tokens[machine+"/"+state]),
						m.oracle.allows(p, full, arnPrefix+"stateMachine:"+machine, short, short+"/state/"+state))
				}
			}
		}
	}
	listed := m.awsCell(p, "ListActivities", `{}`, m.oracle.anywhere(p, "states:ListActivities"))
	m.cell("aws", p, "ListActivities lists order", strings.Contains(listed, `"name":"order"`),
		m.oracle.allows(p, "states:ListActivities", arnPrefix+"activity:order", "activity/order"))
	m.awsCell(p, "TestState", awsCalls()["TestState"][1], m.oracle.allows(p, "states:TestState", "*"))
	m.awsCell(p, "ValidateStateMachineDefinition", awsCalls()["ValidateStateMachineDefinition"][1], m.oracle.anywhere(p, "states:ValidateStateMachineDefinition"))
	answer := m.awsCell(p, "ListStateMachines", `{}`, m.oracle.anywhere(p, "states:ListStateMachines"))
	for _, machine := range []string{"order", "payroll"} {
		m.cell("aws", p, "ListStateMachines lists "+machine, strings.Contains(answer, `"name":"`+machine+`"`),
			m.oracle.allows(p, "states:ListStateMachines", arnPrefix+"stateMachine:"+machine, "stateMachine/"+machine))
	}
}

// controlEdge asks the API that the command line speaks.
func (m *matrix) controlEdge(p person) {
	for _, machine := range []string{"order", "payroll", "nobody1"} {
		short, marn := "stateMachine/"+machine, arnPrefix+"stateMachine:"+machine
		arn := arnPrefix + "execution:" + machine + ":e1"
		for _, call := range []struct{ method, suffix, action string }{
			{"GET", "", "states:DescribeExecution"}, {"GET", "/history", "states:GetExecutionHistory"}, {"GET", "/calls", "apim:Trace"},
			{"GET", "/graph", "states:DescribeStateMachineForExecution"}, {"POST", "/stop", "states:StopExecution"}, {"POST", "/redrive", "states:RedriveExecution"},
			{"DELETE", "", "stile:DeleteExecution"},
		} {
			want := http.StatusOK
			switch {
			case machine == "nobody1" && (m.oracle.allows(p, call.action, arn, short) || m.oracle.allows(p, "states:DescribeExecution", arn, short)):
				want = http.StatusNotFound
			case m.oracle.allows(p, call.action, arn, short):
			case m.oracle.allows(p, "states:DescribeExecution", arn, short):
				want = http.StatusForbidden
			default:
				want = http.StatusNotFound
			}
			status, answer := m.ask(m.control, p, call.method, "/-/v1/executions/"+url.PathEscape(arn)+call.suffix, `{}`)
			m.cell("control", p, call.method+" "+arn+call.suffix, status, want)
			if want == http.StatusNotFound {
				_, absent := m.ask(m.control, p, call.method, "/-/v1/executions/"+url.PathEscape(strings.Replace(arn, "e1", "e2", 1))+call.suffix, `{}`)
				m.cell("control", p, arn+call.suffix+" is told from an absent one", strings.ReplaceAll(absent, "e2", "e1"), answer)
			}
			if want == http.StatusOK && call.method == "GET" && call.suffix != "/graph" && call.suffix != "/calls" {
				m.cell("control", p, "payload of "+arn+call.suffix, strings.Contains(answer, "load"), m.oracle.allows(p, "states:ReadPayload", arn, short))
			}
		}
		m.operating(p, machine)
		sees := false
		for _, action := range []string{"states:ListStateMachines", "states:DescribeStateMachine", "states:ListExecutions"} {
			sees = sees || m.oracle.allows(p, action, marn, short)
		}
		want := http.StatusNotFound
		switch may := m.oracle.allows(p, "states:StartExecution", marn, short); {
		case may && machine != "nobody1":
			want = http.StatusCreated
		case !may && sees:
			want = http.StatusForbidden
		}
		status, _ := m.ask(m.control, p, "POST", "/-/v1/executions", `{"stateMachine":"`+machine+`"}`)
		m.cell("control", p, "start "+machine, status, want)
		for path, action := range map[string]string{"/-/v1/state-machines": "states:ListStateMachines", "/-/v1/executions": "states:ListExecutions"} {
			_, answer := m.ask(m.control, p, "GET", path, "")
			m.cell("control", p, path+" lists "+machine, strings.Contains(answer, machine), machine != "nobody1" && m.oracle.allows(p, action, marn, short))
		}
	}
	want := http.StatusForbidden
	if m.oracle.allows(p, "stile:Configure", "role/all") {
		want = http.StatusOK
	}
	status, _ := m.ask(m.control, p, "POST", "/-/v1/tokens", `{"role":"all"}`)
	m.cell("control", p, "mint a token", status, want)
	want = http.StatusForbidden
	if m.oracle.allows(p, "stile:Backup", "backup") {
		want = http.StatusNotFound // who may is told that this server takes none
	}
	status, _ = m.ask(m.control, p, "POST", "/-/v1/backup", `{}`)
	m.cell("control", p, "take a backup", status, want)
}

// operating asks for what takes several permissions: a fork and a comparison. The first
// one that is missing refuses; who may not see the execution is told that it is not there.
func (m *matrix) operating(p person, machine string) {
	short, marn, arn := "stateMachine/"+machine, arnPrefix+"stateMachine:"+machine, arnPrefix+"execution:"+machine+":e1"
	may := func(action string) bool { return m.oracle.allows(p, action, arn, short) }
	want := http.StatusNotFound
	switch sees := may("states:GetExecutionHistory") || may("states:DescribeExecution"); {
	case machine == "nobody1" || !sees:
	case may("states:GetExecutionHistory"):
		want = http.StatusOK
	default:
		want = http.StatusForbidden
	}
	at := "/-/v1/executions/" + url.PathEscape(arn)
	status, answer := m.ask(m.control, p, "GET", at+"/diff?with="+url.QueryEscape(arn), "")
	m.cell("control", p, "diff of "+arn, status, want)
	if want == http.StatusOK {
		m.cell("control", p, "diff of "+arn+" hides data", strings.Contains(answer, `"dataHidden":true`), !may("states:ReadPayload"))
		m.cell("control", p, "diff of "+arn+" hides calls", strings.Contains(answer, `"callsHidden":true`), !may("apim:Trace"))
		switch {
		case !may("states:ReadPayload"), !m.oracle.allows(p, "states:StartExecution", marn, short):
			want = http.StatusForbidden
		default:
			want = http.StatusCreated
		}
	}
	status, _ = m.ask(m.control, p, "POST", at+"/fork", `{}`)
	m.cell("control", p, "fork of "+arn, status, want)
}

// stateEdge asks for the calls of states that run under each role.
func (m *matrix) stateEdge(roles map[string]string) {
	a := &authority{project: m.access.project, now: time.Now, log: slog.New(slog.DiscardHandler)}
	for role := range roles {
		for _, target := range [][2]string{{"payments", "charge"}, {"payments", "refund"}, {"shop", "buy"}} {
			ex := &exchange.Exchange{Principal: exchange.NewPrincipal(exchange.Claims{Role: role, State: "Charge"}),
				API: &exchange.API{ID: target[0]}, Operation: &exchange.Operation{ID: target[1]}}
			denied := a.authorize(ex)
			m.cell("state", person{principal: "role:" + role}, "calls "+target[0]+"/"+target[1], denied == nil,
				m.oracle.roleAllows(role, "apim:Invoke", "api/"+target[0], "api/"+target[0]+"/operation/"+target[1]))
		}
	}
}

// matrixGrants gives each role alone, each in scopes, to groups, by one provider
// only, and pairs of roles; with the people who hold them and some who do not.
func matrixGrants(roles map[string]string) (grants []grant, people []person) {
	add := func(p person, g ...grant) {
		for i := range g {
			if g[i].principal == "" {
				g[i].principal = p.principal
			}
		}
		grants, people = append(grants, g...), append(people, p)
	}
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		add(person{principal: "user:" + role}, grant{role: role})
	}
	for _, role := range []string{"all", "states", "order", "not-stop", "approver", "deny"} {
		for i, scope := range []string{"stateMachine/order", "stateMachine/order/state/Approve", "stateMachine/payroll", "api/payments",
			"api/payments/operation/charge", "named-value/n", "**"} {
			add(person{principal: fmt.Sprintf("app:%s-%d", role, i)}, grant{role: role, scope: scope})
		}
	}
	add(person{principal: "user:grouped", provider: "okta", groups: []string{"g1"}}, grant{principal: "group:g1", provider: "okta", role: "order"})
	add(person{principal: "user:elsewhere", provider: "entra", groups: []string{"g1"}})
	add(person{principal: "user:two", provider: "okta"}, grant{provider: "okta", role: "all"}, grant{provider: "okta", role: "deny", scope: "stateMachine/payroll"})
	add(person{principal: "user:two", provider: "entra"})
	add(person{principal: "user:mixed"}, grant{role: "readers"}, grant{role: "approver"}, grant{role: "not-payroll", scope: "stateMachine/order"})
	add(person{principal: "key:AKID"}, grant{role: "completer"})
	add(person{principal: "user:nobody-knows"})
	add(person{principal: "user:AKID"}) // the same id, another kind
	return grants, people
}

func TestPermissionMatrix(t *testing.T) {
	roles := matrixRoles()
	grants, people := matrixGrants(roles)
	m := newMatrix(t, roles, grants)
	for _, p := range people {
		m.awsEdge(p)
		m.controlEdge(p)
	}
	m.stateEdge(roles)
	for _, edge := range []string{"aws", "control", "state"} {
		if m.cells[edge] == 0 {
			t.Errorf("no cell of %s was asked", edge)
		}
	}
	t.Logf("%d roles, %d people: %d cells on the AWS API, %d on /-/v1, %d of states", len(roles), len(people),
		m.cells["aws"], m.cells["control"], m.cells["state"])
}

// TestNobodyMayNothing: without a caller everything is refused, also for who
// claims the provider's own role names; who is Lax may do all.
func TestNobodyMayNothing(t *testing.T) {
	m := newMatrix(t, matrixRoles(), []grant{{principal: "user:ada", role: "all"}})
	for _, p := range []person{{}, {principal: "user:"}, {principal: "app:ada"}, {principal: "user:ADA"}} {
		m.cell("aws", p, "StartExecution", m.access.project().access.Decide(callerFor(p), "states:StartExecution", "stateMachine/order").Allowed, false)
	}
	if !m.access.project().access.Decide(identity.Caller{Lax: true}, "states:StartExecution", "stateMachine/order").Allowed {
		t.Error("a lax caller is refused")
	}
	if m.access.project().access.Decide(identity.Caller{Lax: true, Kind: "user", ID: "bob"}, "states:StartExecution", "stateMachine/order").Allowed {
		t.Error("a proven caller is let through for being lax")
	}
	if (*identity.Access)(nil).Decide(identity.Caller{Kind: "user", ID: "ada"}, "states:StartExecution", "stateMachine/order").Allowed {
		t.Error("nothing was loaded, and something is allowed")
	}
}

func callerFor(p person) identity.Caller {
	c := identity.Caller{Provider: p.provider, Groups: p.groups, Roles: []string{"all"}}
	c.Kind, c.ID, _ = strings.Cut(p.principal, ":")
	return c
}

var _ console.Host = frozen{}
