package console

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"stile/internal/sfn"
	"stile/internal/why"
)

// explaining explains every execution it is asked for, and keeps what was asked.
type explaining struct {
	asked    []string
	payloads bool
}

func (x *explaining) Explain(_ context.Context, payloads bool, arns ...string) (out []why.Answer, err error) {
	x.asked, x.payloads = append(x.asked, arns...), payloads
	for _, arn := range arns {
		a, _ := sfn.ParseARN(arn)
		out = append(out, why.Answer{Execution: a.Sub, ARN: arn, Health: sfn.NeedsAction, Cause: why.Permission, Paragraph: "Its role <b> may not.",
			Place: &why.Place{File: "roles/r.json", Line: 3, Was: "roles/r.json:2"}, Commands: []string{"stile check"}})
	}
	return out, nil
}

// whyConsole is a console with one order and one of another state machine.
func whyConsole(may allowing) (*explaining, func(path string) *httptest.ResponseRecorder) {
	f := newFake()
	f.addMachine("order", orderDefinition)
	f.addMachine("payroll", orderDefinition)
	f.addExecution("order", "one", sfn.Running, 1)
	f.addExecution("payroll", "two", sfn.Running, 2)
	x := &explaining{}
	cfg := config(f)
	cfg.Permissions, cfg.Why = may, x
	h := New(cfg)
	return x, func(path string) *httptest.ResponseRecorder { return do(h, "GET", path, "") }
}

func TestWhyIsForWhoMayTrace(t *testing.T) {
	for _, c := range []struct {
		name     string
		may      allowing
		path     string
		status   int
		asked    string
		payloads bool
	}{
		{"all", nil, "/-/v1/executions/one/why", 200, "one", true},
		{"no payloads", on("order", "states:DescribeExecution", "apim:Trace"), "/-/v1/executions/one/why", 200, "one", false},
		{"no trace", on("order", "states:DescribeExecution"), "/-/v1/executions/one/why", 403, "", false},
		{"another's", on("order", everyAction...), "/-/v1/executions/two/why", 404, "", false},
		{"of all, mine", on("order", everyAction...), "/-/v1/why", 200, "one", false},
		{"of all, none to trace", on("order", "states:ListExecutions"), "/-/v1/why", 200, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, ask := whyConsole(c.may)
			w := ask(c.path)
			var names []string
			for _, arn := range x.asked {
				a, _ := sfn.ParseARN(arn)
				names = append(names, a.Sub)
			}
			if w.Code != c.status || strings.Join(names, " ") != c.asked || x.payloads != c.payloads {
				t.Errorf("%d, asked %v with payloads %v: %s", w.Code, names, x.payloads, w.Body)
			}
		})
	}
}

func TestThePageShowsWhy(t *testing.T) {
	_, ask := whyConsole(nil)
	for _, part := range []string{`data-cause="permission"`, "Its role &lt;b&gt; may not.", "<code>stile check</code>"} {
		if page := ask("/executions/one").Body.String(); !strings.Contains(page, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	_, ask = whyConsole(on("order", "states:DescribeExecution", "states:GetExecutionHistory", "states:DescribeStateMachineForExecution"))
	if page := ask("/executions/one"); page.Code != 200 || strings.Contains(page.Body.String(), "data-cause") {
		t.Errorf("%d: who may not trace sees why", page.Code)
	}
	if v := viewOfWhy(why.Answer{Place: &why.Place{File: "a", Line: 2, Was: "a:1"}}); v.Where != "a:2" || v.Was != "a:1" {
		t.Errorf("%+v", v)
	}
}
