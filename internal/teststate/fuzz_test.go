package teststate_test

import (
	"strings"
	"testing"
	"time"

	"stile/internal/teststate"
	"stile/jsonval"
)

// FuzzTest: whatever is asked ends in a refusal or in one of the four statuses, and
// the same request gives the same end.
func FuzzTest(f *testing.F) {
	f.Add(httpTask+"}", "", `{"x":1}`, `{"StatusCode":200}`, "", "")
	f.Add(strings.Replace(itemMap, "%", `"JSON"`, 1), "", `{}`, `[1]`, `{"Execution":{}}`, `{"in":[1,2]}`)
	f.Add(`{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"In","States":{"In":{"Type":"Pass","End":true}}}}}}`, "In", `[1]`, "", "", "")
	f.Add(`{"Type":"Parallel","QueryLanguage":"JSONata","Arguments":"{% $states.input %}","Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}],"Next":"B"}`, "", `1`, `[2]`, "", "")
	f.Add(`{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"A"}]}`, "", `{"a":null}`, "", "", "")
	f.Fuzz(func(t *testing.T, definition, name, input, result, object, data string) {
		if len(definition)+len(input)+len(result) > 1<<14 {
			return
		}
		r := teststate.Request{Definition: definition, StateName: name, Level: "DEBUG", RoleARN: role}
		r.Input, _ = jsonval.ParseString(input)
		r.Context, _ = jsonval.ParseString(object)
		if result != "" {
			r.Mock = mocked(result)
		}
		if data != "" {
			r.Configuration.MapItemReaderData = &data
		}
		once := func() string {
			res, err := teststate.New(teststate.Config{Now: func() time.Time { return time.UnixMilli(0) },
				NewID: func() string { return "01234567-89ab-4cde-8f01-23456789abcd" }}).Test(t.Context(), r)
			if err != nil {
				return err.Error()
			}
			switch res.Status {
			case "SUCCEEDED", "CAUGHT_ERROR":
				if !res.Output.Exists() {
					t.Errorf("%s without an output", res.Status)
				}
			case "FAILED", "RETRIABLE":
			default:
				t.Errorf("status %q", res.Status)
			}
			return string(res.Status) + res.Output.Text()
		}
		if a, b := once(), once(); a != b {
			t.Errorf("%s, then %s", a, b)
		}
	})
}
