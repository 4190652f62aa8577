package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/internal/app"
	"stile/internal/policytest"
)

func reported(failed bool) *policytest.Report {
	two, three := "2", "3"
	long := []string{"one\ntwo\nthree", "one\nzwei\nthree"}
	r := &policytest.Report{Passed: 1, Percent: 50, Cases: []policytest.Result{{Name: "fine", File: "a.test.yaml", Line: 1, Passed: true, Requests: 1}},
		Coverage: []policytest.Covered{{File: "policy.xml", Percent: 50, Ran: 1, Total: 2, Never: []policytest.Never{{Line: 3, Column: 1, Kind: "branch", What: "when[2]"}}}}}
	if failed {
		r.Failed = 1
		r.Cases = append(r.Cases, policytest.Result{Name: "not \x1b[2J", File: "a.test.yaml", Line: 9, Requests: 2, Failures: []policytest.Failure{{Request: 2, Method: "GET", URL: "https://g/x", Status: 200,
			Differences: []policytest.Difference{{What: "backend-calls", Expected: &two, Got: &three, Line: 12}, {What: "headers.X", Expected: &two}, {What: "body", Expected: &long[0], Got: &long[1]}},
			Calls:       []policytest.Made{{Method: "GET", URL: "https://b/"}, {Method: "PUT", URL: "https://c/", Unlisted: true}},
			Trace: []policytest.Ran{{Section: "inbound", Policy: "choose", Scope: "api", Decision: "returned", Detail: "when", File: "policy.xml", Line: 2},
				{Section: "inbound", Policy: "return-response", Scope: "api", Decision: "returned", File: "policy.xml", Line: 4, Depth: 1, Decided: true}}}}})
	}
	return r
}

// TestTestShows: a failure tells what was expected, what came, and which policy decided.
func TestTestShows(t *testing.T) {
	product := App{Test: func(_ context.Context, dir string, match func(string) bool) (*policytest.Report, error) {
		if dir != "." || match != nil {
			t.Errorf("%q, a match: %v", dir, match != nil)
		}
		return reported(true), nil
	}}
	got := run(t, product, nil, "", "test", "--coverage")
	want := "FAIL  a.test.yaml:9  not \uFFFD[2J\n" + `    request 2: GET https://g/x → 200
    backend-calls: expected 2, got 3  a.test.yaml:12
    headers.X: expected 2, got nothing
    body:
        one
      - two
      + zwei
        three
    call  GET https://b/
    call  PUT https://c/  not listed
     inbound   choose                  api        returned  policy.xml:2  when
  →  inbound     return-response       api        returned  policy.xml:4
FAIL  a.test.yaml  1 of 2 cases failed
 50.0 %  1 of 2  policy.xml
         never: policy.xml:3  branch when[2]
 50.0 %  of all policies and branches
`
	if diff := cmp.Diff(want, got.out); diff != "" || got.code != exitFailed || got.err != "1 passed, 1 failed\n" {
		t.Errorf("%d %s\n%s", got.code, got.err, diff)
	}
}

// TestTestExits: 0 passed, 1 failed or covered too little, 2 a bad file, 64 wrong flags.
func TestTestExits(t *testing.T) {
	fine := func(context.Context, string, func(string) bool) (*policytest.Report, error) {
		return reported(false), nil
	}
	failing := func(context.Context, string, func(string) bool) (*policytest.Report, error) {
		return reported(true), nil
	}
	bad := func(context.Context, string, func(string) bool) (*policytest.Report, error) {
		return nil, diag.List{{Code: "STL-C002", Severity: diag.Error, File: "a.test.yaml", Line: 1, Column: 2, Message: "unknown key"}}
	}
	none := func(context.Context, string, func(string) bool) (*policytest.Report, error) {
		return nil, app.ErrNoTests
	}
	for _, c := range []struct {
		test func(context.Context, string, func(string) bool) (*policytest.Report, error)
		args []string
		code int
		says string
	}{
		{fine, nil, 0, "1 passed, 0 failed"},
		{fine, []string{"--coverage-min", "50"}, 0, ""},
		{fine, []string{"--coverage-min", "50.1"}, exitFailed, "the cases run 50.0 % of all policies and branches, less than 50.1 %"},
		{failing, []string{"-o", "json"}, exitFailed, ""},
		{failing, []string{"-o", "junit"}, exitFailed, ""},
		{bad, nil, exitDiffers, "a.test.yaml:1:2"},
		{bad, []string{"-o", "junit"}, exitDiffers, "STL-C002"},
		{none, nil, exitFailed, "there are no tests: write some into ./tests/policies/NAME.test.yaml"},
		{none, []string{"shop", "--run", "x"}, exitFailed, "no case of shop/tests/policies matches x"},
		{fine, []string{"--run", "("}, exitUsage, "--run is no regular expression"},
		{fine, []string{"a", "b"}, exitUsage, "test takes one folder"},
		{fine, []string{"--coverage-min", "101"}, exitUsage, "0 to 100"},
		{fine, []string{"-o", "xml"}, exitUsage, "text, json or junit"},
	} {
		res := run(t, App{Test: c.test}, nil, "", append([]string{"test"}, c.args...)...)
		if res.code != c.code || !strings.Contains(res.err, c.says) {
			t.Errorf("%v: %d %s, want %d %s", c.args, res.code, res.err, c.code, c.says)
		}
	}
}

// TestTestJSON: -o json is the report; coverage stands in it where it was asked for.
func TestTestJSON(t *testing.T) {
	product := App{Test: func(context.Context, string, func(string) bool) (*policytest.Report, error) {
		return reported(true), nil
	}}
	for _, flags := range [][]string{nil, {"--coverage"}} {
		res := run(t, product, nil, "", append([]string{"test", "-o", "json"}, flags...)...)
		var got policytest.Report
		if err := json.Unmarshal([]byte(res.out), &got); err != nil {
			t.Fatalf("%v\n%s", err, res.out)
		}
		if got.Failed != 1 || len(got.Cases) != 2 || len(got.Cases[1].Failures) != 1 || (len(got.Coverage) == 1) != (flags != nil) {
			t.Errorf("%v: %s", flags, res.out)
		}
	}
}
