package app

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"stile/internal/sfn"
	"stile/internal/why"
)

// TestWhyOnFurtherCauses: what is neither a limit nor one of the seeded twelve.
func TestWhyOnFurtherCauses(t *testing.T) {
	for _, h := range []held{
		{name: "an operation that is not there", until: "TaskFailed", files: []string{oneFile, strings.Replace(definition(invoke, retryAll), "/shop/reserve", "/shop/relaese", 1)},
			cause: why.Operation, health: sfn.Retrying, file: oneFile, mark: `"Reserve": {`, says: []string{"no operation of API shop for POST /shop/relaese", "404"}},
		{name: "rate-limit of an operation inside a product's", starts: 2, until: "TaskFailed", files: append([]string{oneFile, definition(invoke, retryAll), "apim/products/starter/policy.xml",
			inLines("<rate-limit calls=\"100\" renewal-period=\"300\">\n      <api id=\"shop\" calls=\"50\" renewal-period=\"300\">\n        <operation id=\"reserve\" calls=\"1\" renewal-period=\"200\" />\n      </api>\n    </rate-limit>")}, starter...),
			cause: why.Limit, health: sfn.Throttled, file: "apim/products/starter/policy.xml", mark: "<operation ",
			says: []string{"rate-limit, its api[shop]/operation[reserve], in inbound", "calls 1, renewal-period 200", "room again at"}},
		{name: "quota of an API inside a product's", starts: 2, until: "TaskFailed", files: append([]string{oneFile, definition(invoke, retryAll), "apim/products/starter/policy.xml",
			inLines("<quota calls=\"100\" renewal-period=\"3000\">\n      <api name=\"shop\" calls=\"1\" renewal-period=\"2000\" />\n    </quota>")}, starter...),
			cause: why.Limit, health: sfn.Throttled, file: "apim/products/starter/policy.xml", mark: "<api ", says: []string{"quota, its api[shop], in inbound", "calls 1, renewal-period 2000"}},
		{name: "no subscription", until: "TaskFailed", files: []string{oneFile, definition(invoke, retryAll),
			shopInfo, strings.Replace(apiAt("http://127.0.0.1:9"), `"subscriptionRequired": false`, `"subscriptionRequired": true`, 1)},
			cause: why.Subscription, health: sfn.Retrying, file: roleFile, mark: `"Statement"`, says: []string{"wants a subscription", "has no subscription"}},
		{name: "an answer by a policy", until: "TaskFailed", files: []string{oneFile, definition(invoke, retryAll),
			shopXML, inLines("<choose><when condition=\"@(true)\">\n      <return-response><set-status code=\"418\" /></return-response>\n    </when></choose>")},
			cause: why.Policy, health: sfn.Retrying, file: shopXML, mark: "<return-response>", says: []string{"return-response", "answered attempt 1 of 4 with 418"}},
		{name: "a backend that is not there", until: "TaskFailed", files: []string{oneFile, definition(invoke, retryAll), shopInfo, apiAt("http://127.0.0.1:9")},
			cause: why.Backend, health: sfn.Retrying, file: shopInfo, mark: `"serviceUrl"`, says: []string{"gave no answer to attempt 1 of 4"}},
		{name: "a branch that failed", until: "ExecutionFailed", ended: true, files: []string{oneFile, parallel(), roleFile, denying},
			cause: why.Permission, file: roleFile, mark: `"Deny"`, says: []string{"FAILED", "at state Reserve", "a Deny statement"}},
		{name: "a Fail state", until: "ExecutionFailed", ended: true, files: []string{oneFile,
			"{\n  \"StartAt\": \"No\",\n  \"States\": {\n    \"No\": {\"Type\": \"Fail\", \"Error\": \"Rejected\", \"Cause\": \"too dear\"}\n  }\n}\n"},
			cause: why.Failure, file: oneFile, mark: `"No": {`, says: []string{"FAILED", "Rejected", "too dear"}},
		{name: "it ended well", until: "ExecutionSucceeded", ended: true, files: []string{oneFile, definition(invoke, "")}, cause: why.Succeeded, says: []string{"SUCCEEDED", "It took"}},
	} {
		t.Run(h.name, func(t *testing.T) {
			if h.file != "" {
				h.check(t)
				return
			}
			p, arn := h.begin(t)
			if a := p.why(t, arn, 0); a.Cause != h.cause || !strings.Contains(a.Paragraph, h.says[0]) || !strings.Contains(a.Paragraph, h.says[1]) {
				t.Errorf("%s: %s", a.Cause, a.Paragraph)
			}
		})
	}
}

// starter is a product with a subscription that the role has.
var starter = []string{"stile.yaml", "name: shop\nsubscriptions:\n  - {id: demo, name: Demo, product: starter}\nmap:\n  shop.example: {gateway: self}\n",
	"apim/products/starter/productInformation.json", `{"properties":{"displayName":"Starter","subscriptionRequired":true,"state":"published"}}`,
	"apim/products/starter/apis.json", `[{"name":"shop"}]`, roleFile, allowAll}

func parallel() string {
	inner := strings.TrimSpace(definition(invoke, ""))
	return "{\n  \"StartAt\": \"Both\",\n  \"States\": {\n    \"Both\": {\"Type\": \"Parallel\", \"End\": true, \"Branches\": [\n" + inner +
		",\n{\"StartAt\": \"Wait\", \"States\": {\"Wait\": {\"Type\": \"Wait\", \"Seconds\": 600, \"End\": true}}}\n    ]}\n  }\n}\n"
}

// TestWhatWasTakenAwayHoldsNoMore: a policy that was removed, a role that allows
// now, a host that is mapped now.
func TestWhatWasTakenAwayHoldsNoMore(t *testing.T) {
	for _, c := range []struct {
		held
		edit, says string
		gone       bool
	}{
		{held{name: "policy", until: "TaskFailed", files: []string{oneFile, definition(invoke, retryAll), shopXML,
			inLines(`<ip-filter action="forbid"><address>127.0.0.1</address></ip-filter>`)}, file: shopXML},
			inLines(""), "The policy that refused is no longer there (it stood at ", true},
		{held{name: "role", until: "TaskFailed", files: []string{oneFile, definition(invoke, retryAll), roleFile, denying}, file: roleFile},
			allowAll, "The role allows it now: the next attempt passes it.", false},
		{held{name: "map", until: "TaskFailed", files: []string{oneFile, definition(invoke, retryAll), "stile.yaml", "name: shop\n"}, file: "stile.yaml"},
			"name: shop\nmap:\n  shop.example: {gateway: self}\n", "shop.example is mapped now: the next attempt passes it.", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "role" {
				c.edit = strings.Replace(c.edit, "  \"subscription\": \"demo\",\n", "", 1)
			}
			p, arn := c.begin(t)
			write(t, p.dir, c.file, c.edit)
			p.tells("the project was taken up again")
			a := p.why(t, arn, 0)
			if !strings.Contains(a.Paragraph, c.says) || a.Place == nil || a.Place.Gone != c.gone {
				t.Errorf("place %+v: %s", a.Place, a.Paragraph)
			}
			for _, do := range a.Commands {
				if strings.HasPrefix(do, "edit") && strings.Contains(do, c.file) {
					t.Errorf("an edit of what is right: %s", do)
				}
			}
		})
	}
}

// TestWhyOfAllThatIsHeld: what goes on is counted, what is held is grouped.
func TestWhyOfAllThatIsHeld(t *testing.T) {
	p, first := held{until: "TaskFailed", files: []string{oneFile, definition(invoke, retryAll), roleFile, denying,
		"workflows/later.asl.json", `{"StartAt":"Later","States":{"Later":{"Type":"Wait","Seconds":3600,"End":true}}}`,
		"workflows/later.workflow.yaml", "role: one-role\n"}}.begin(t)
	p.until(p.start("one"), "it is denied", has("TaskFailed"))
	p.until(p.start("later"), "it waits", has("WaitStateEntered"))
	var s why.Summary
	_, text := send(t, "GET", p.Console+"/-/v1/why", "")
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err, text)
	}
	if s.Open != 3 || s.Held != 2 || len(s.Groups) != 1 || len(s.Groups[0].Executions) != 2 {
		t.Fatal(text)
	}
	g := s.Groups[0]
	if g.Cause != why.Permission || g.Health != sfn.NeedsAction || !slices.ContainsFunc(g.Executions, func(h why.Held) bool { return h.ARN == first }) || g.Executions[0].Since > g.Executions[1].Since ||
		!strings.HasPrefix(g.What, "role one-role: apim:Invoke on api/shop/operation/reserve (") || !strings.HasSuffix(g.What, "roles/one-role.json:5)") {
		t.Error(text)
	}
	page, html := send(t, "GET", p.Console+"/executions/"+first, "")
	if page != 200 || !strings.Contains(html, `data-cause="permission"`) || !strings.Contains(html, "a Deny statement of role one-role refuses") {
		t.Error(page, "the page does not show why")
	}
}
