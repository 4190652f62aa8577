package policytest_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/policytest"
)

// TestDifferences: each thing that may be expected is told of where it is not so, and
// what is not named is not compared.
func TestDifferences(t *testing.T) {
	h := project(t)
	const item = "- name: one\n  api: shop\n  operation: item\n  subscription: demo\n  given: {params: {id: '1'}}\n" +
		"  backend: [{match: {url: https://shop.example/*}, answer: {headers: {X-A: [a, b]}, json: {id: 1, tags: [x, y], of: {a: null}}}}]\n  expect: "
	for _, c := range []struct{ expect, want string }{
		{"{}", ""},
		{"{status: 200, headers: {X-A: [a, b], X-B: null}, json: {id: 1, of: {a: null}}, backend-calls: 1, counters: {product/rate-limit: {remaining: 2}}}", ""},
		{"{status: 404}", "status: 404 | 200"},
		{"{reason: Fine}", "reason: Fine | OK"},
		{"{headers: {X-A: a}}", "headers.X-A: a | a, b"},
		{"{headers: {X-A: null, X-B: b}}", "headers.X-A: nothing | a, b\nheaders.X-B: b | nothing"},
		{"{body: no}", `body: no | {"id":1,"tags":["x","y"],"of":{"a":null}}`},
		{"{json: {id: '1'}}", `json.id: "1" | 1`},
		{"{json: {id: 1.0, tags: [x]}}", `json.tags: ["x"] | ["x","y"]`},
		{"{json: {tags: [x, z], of: {a: 1, b: null}}}", "json.tags[1]: \"z\" | \"y\"\njson.of.a: 1 | null\njson.of.b: null | nothing"},
		{"{denied: true}", "denied: true | the role allows it"},
		{"{backend-calls: 0}", "backend-calls: 0 | 1"},
		{"{backend-calls: []}", "backend-calls[0]: nothing | GET https://shop.example/v1/items/1"},
		{"{backend-calls: [{method: POST, url: https://shop.example/, headers: {X-Kind: second}, body: x}, {url: https://two.example/}]}",
			"backend-calls[0].method: POST | GET\nbackend-calls[0].url: https://shop.example/ | https://shop.example/v1/items/1\n" +
				"backend-calls[0].headers.X-Kind: second | first\nbackend-calls[0].body: x | \"\"\nbackend-calls[1]: https://two.example/ | nothing"},
		{"{trace: [{policy: rate-limit, decision: denied}]}", "trace[0]: rate-limit, decision denied | inbound rate-limit of product ok at apim/products/gold/policy.xml:2"},
		{"{trace: [{policy: choose}, {policy: rate-limit}]}", "trace[1]: rate-limit | inbound rate-limit of product ok at apim/products/gold/policy.xml:2, before the one above"},
		{"{trace: [{policy: quota}]}", "trace[0]: quota | nothing"},
		{"{trace: [{policy: choose, decision: none}]}", "trace[0]: no choose | inbound choose of operation ok (when[1]) at apim/apis/shop/operations/item/policy.xml:4"},
		{"{counters: {rate-limit: {remaining: 9, used: 1}, api/rate-limit: {limit: 3}}}",
			"counters.rate-limit.remaining: 9 | 2\ncounters.rate-limit.used: 1 | nothing\ncounters.api/rate-limit.limit: 3 | nothing"},
		{"{last-error: {reason: x}}", "last-error.reason: x | nothing"},
	} {
		got := strings.TrimSpace(strings.ReplaceAll(told(run(t, h, read(t, h, "x.test.yaml", item+c.expect+"\n"))), "one: ", ""))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.expect, diff)
		}
	}
}

// TestUnlisted: a call that the case does not list fails it, also where a policy lives
// with the failure, and one that reaches another operation does.
func TestUnlisted(t *testing.T) {
	h := project(t)
	r := run(t, h, read(t, h, "x.test.yaml", `
- {name: call, api: shop, operation: item, subscription: demo, given: {params: {id: a b}}, expect: {status: 500}}
- {name: beside, api: shop, operation: wait, subscription: demo, expect: {}, backend: [{match: {url: "https://*.example/", method: GET}, answer: {}}]}
- {name: elsewhere, api: shop, operation: item, subscription: demo, given: {path: /shop/wait}, expect: {}, backend: [{answer: {}}]}
- {name: nowhere, api: shop, operation: item, subscription: demo, given: {path: /shop/none}, expect: {status: 404}}
- {name: value, api: shop, operation: retry, named-values: {greeting: "</value>"}, expect: {}}
`))
	want := []string{"call: backend: nothing | GET https://shop.example/v1/items/a%20b: the test lists no answer for this call",
		"beside: backend: nothing | POST https://log.example/: the test lists no answer for this call",
		"elsewhere: operation: shop/item | shop/wait", "nowhere: operation: shop/item | shop"}
	got := strings.Split(strings.TrimSpace(told(r)), "\n")
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Error(diff)
	}
	if last := got[len(got)-1]; !strings.HasPrefix(last, "value: named-values: nothing | apim/apis/shop/operations/secret/policy.xml:4:") {
		t.Errorf("a named value that breaks a document: %s", last)
	}
	if f := r.Cases[0].Failures[0]; len(f.Calls) != 1 || !f.Calls[0].Unlisted || f.Status != 500 || len(f.Trace) == 0 || f.Request != 1 {
		t.Errorf("%+v", f)
	}
	decided := 0
	for _, p := range r.Cases[0].Failures[0].Trace {
		if p.Decided {
			decided++
			if p.Policy != "forward-request" || p.File != "apim/policy.xml" || p.Line != 5 {
				t.Errorf("%+v decided", p)
			}
		}
	}
	if decided != 1 {
		t.Errorf("%d policies decided", decided)
	}
}

// TestCoverage: what ran counts, by policy, branch and on-error.
func TestCoverage(t *testing.T) {
	h := project(t)
	one := run(t, h, read(t, h, "x.test.yaml", `
- {name: a, api: shop, operation: item, subscription: demo, given: {params: {id: "2"}}, expect: {}, backend: [{answer: {}}]}
- {name: b, api: shop, operation: retry, subscription: demo, expect: {}, backend: [{answer: {}}]}
`))
	found := map[string]policytest.Covered{}
	for _, c := range one.Coverage {
		found[c.File] = c
	}
	want := []policytest.Covered{
		{File: "apim/apis/shop/operations/item/policy.xml", Ran: 4, Total: 8, Percent: 50, Never: []policytest.Never{
			{Line: 5, Column: 13, Kind: "branch", What: "when[1]"}, {Line: 5, Column: 81, Kind: "policy", What: "set-variable"},
			{Line: 7, Column: 13, Kind: "branch", What: "otherwise"}, {Line: 8, Column: 17, Kind: "policy", What: "set-variable"}}},
		{File: "apim/apis/shop/operations/retry/policy.xml", Ran: 3, Total: 4, Percent: 75, Never: []policytest.Never{{Line: 4, Column: 9, Kind: "branch", What: "again"}}},
		{File: "apim/policy.xml", Ran: 2, Total: 4, Percent: 50, Never: []policytest.Never{{Line: 8, Column: 9, Kind: "section", What: "on-error"}, {Line: 8, Column: 9, Kind: "policy", What: "set-header"}}},
		{File: "apim/policyFragments/stamp/policy.xml", Ran: 1, Total: 1, Percent: 100},
		{File: "apim/products/gold/policy.xml", Ran: 1, Total: 1, Percent: 100},
	}
	for _, w := range want {
		if diff := cmp.Diff(w, found[w.File]); diff != "" {
			t.Errorf("%s:\n%s", w.File, diff)
		}
	}
	if n := len(one.Coverage); n != 12 {
		t.Errorf("%d documents", n)
	}
	all := run(t, h, gathered(t, h))
	for _, c := range all.Coverage {
		switch {
		case c.Ran+len(c.Never) != c.Total || c.File == "apim/apis/shop/operations/retry/policy.xml" && c.Percent != 100:
			t.Errorf("%+v", c)
		}
	}
	if all.Percent <= one.Percent || all.Percent > 100 {
		t.Errorf("%v and %v percent", one.Percent, all.Percent)
	}
}

// TestJUnit: the report is XML that names what failed, whatever a body held.
func TestJUnit(t *testing.T) {
	h := project(t)
	r := run(t, h, read(t, h, "x.test.yaml", `
- {name: fine, api: shop, operation: retry, subscription: demo, expect: {status: 200}, backend: [{answer: {}}]}
- {name: "not <fine>", api: shop, operation: retry, subscription: demo, expect: {status: 204, body: x}, backend: [{answer: {body: "]]>\x01&"}}]}
`))
	out, err := r.JUnit()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Cases []struct {
				Name    string `xml:"name,attr"`
				Line    int    `xml:"line,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Tests != 2 || got.Failures != 1 || len(got.Suites) != 1 || len(got.Suites[0].Cases) != 2 || got.Suites[0].Cases[0].Failure != nil {
		t.Fatalf("%s", out)
	}
	c := got.Suites[0].Cases[1]
	if c.Name != "not <fine>" || c.Line != 3 || c.Failure == nil || c.Failure.Message != "status: expected 204, got 200" ||
		!strings.Contains(c.Failure.Text, "x.test.yaml:3: body: expected x, got ]]>?&") || !strings.Contains(c.Failure.Text, "apim/apis/shop/operations/retry/policy.xml:4") {
		t.Errorf("%s", out)
	}
}

// TestDenied: a role that allows nothing ends the call before any policy.
func TestDenied(t *testing.T) {
	h := project(t)
	r := run(t, h, read(t, h, "x.test.yaml", `
- {name: said, api: shop, operation: retry, principal: {state-machine: order, state: Charge}, expect: {denied: true, backend-calls: 0, trace: [{scope: global, decision: none}]}}
- {name: unsaid, api: shop, operation: retry, principal: {role: clerk}, expect: {status: 200}}
`))
	want := "unsaid: denied: nothing | role clerk: no statement allows apim:Invoke on shop\nunsaid: status: 200 | nothing\n"
	if diff := cmp.Diff(want, told(r)); diff != "" || r.Passed != 1 {
		t.Error(diff)
	}
}
