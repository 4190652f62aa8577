package task

import (
	"strings"
	"testing"

	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

func named(values map[string]string) *Runner {
	return &Runner{cfg: Config{NamedValue: func(_ sfn.TaskCall, name string) (string, bool, error) {
		v, ok := values[name]
		switch {
		case !ok:
			return "", false, ErrNotListed
		case v == "denied":
			return "", false, &exchange.PermissionDenied{Action: "apim:ReadNamedValue", Resource: "named-value/" + name, Role: "r", State: "S", File: "roles/r.json", Line: 3}
		case v == "down":
			ref, err := secret.Parse("kv://acme/x")
			if err != nil {
				panic(err)
			}
			return "", false, &secret.Missing{Ref: ref, Reason: "it cannot be reached"}
		}
		return v, true, nil
	}}}
}

// TestNamedValuesArePutInAtTheirPointers: each at its place, text around it kept,
// what is not listed left, a value's own {{…}} not resolved again, and the same text
// in data untouched.
func TestNamedValuesArePutInAtTheirPointers(t *testing.T) {
	call := sfn.TaskCall{Parameters: jsonval.MustParse(`{"Headers":{"X":"Bearer {{key}}, {{other}} {{unlisted}}","Y":"{{key}}"},` +
		`"RequestBody":{"a/b":["{{quote}}"],"data":"{{key}}"}}`),
		NamedValues: []sfn.NamedValueRef{{Pointer: "/Headers/X", Name: "key"}, {Pointer: "/Headers/X", Name: "other"},
			{Pointer: "/Headers/X", Name: "unlisted"}, {Pointer: "/RequestBody/a~1b/0", Name: "quote"}, {Pointer: "/RequestBody/gone/7", Name: "key"}}}
	before := call.Parameters.Text()
	got, res := named(map[string]string{"key": "{{other}}", "other": "o", "quote": `a"b\` + "\n"}).parameters(call)
	want := `{"Headers":{"X":"Bearer {{other}}, o {{unlisted}}","Y":"{{key}}"},"RequestBody":{"a/b":["a\"b\\\n"],"data":"{{key}}"}}`
	if res.Error != "" || got.Compact().Text() != want {
		t.Errorf("%s %s\n got %s\nwant %s", res.Error, res.Cause, got.Compact().Text(), want)
	}
	if call.Parameters.Text() != before {
		t.Error("the call itself was changed")
	}
}

// TestNamedValuesFailClosed: a missing permission, a missing value and one that a
// header cannot hold end the call before anything is sent.
func TestNamedValuesFailClosed(t *testing.T) {
	call := sfn.TaskCall{Parameters: jsonval.MustParse(`{"Headers":{"X":"{{key}}"}}`), NamedValues: []sfn.NamedValueRef{{Pointer: "/Headers/X", Name: "key"}}}
	for _, c := range []struct{ value, name, cause string }{
		{"denied", "States.Permissions", "state 'S': role r: no statement allows apim:ReadNamedValue on named-value/key (roles/r.json:3)"},
		{"down", "States.TaskFailed", "The named value 'key' cannot be used: secret kv://acme/x: it cannot be reached. Nothing was sent."},
		{"a\r\nX-Other: 1", "States.TaskFailed", "control character"},
	} {
		_, res := named(map[string]string{"key": c.value}).parameters(call)
		if res.Error != c.name || !strings.Contains(res.Cause, c.cause) {
			t.Errorf("%q: %s %s", c.value, res.Error, res.Cause)
		}
		if strings.Contains(res.Cause, "X-Other") {
			t.Errorf("the cause tells the value: %s", res.Cause)
		}
		if res.NoSecret != (c.value == "down") {
			t.Errorf("%q: the lack of a secret is told as %v", c.value, res.NoSecret)
		}
		if c.value == "denied" && res.Call.Get("permission").Get("resource").Text() != `"named-value/key"` {
			t.Errorf("the denial is not in the record: %s", res.Call.Text())
		}
	}
}

// TestARefusalOfNamedValuesIsTold: a 401 to a call that carried some, and no other.
func TestARefusalOfNamedValuesIsTold(t *testing.T) {
	var told int
	r := &Runner{cfg: Config{NamedValueRefused: func(sfn.TaskCall) { told++ }}}
	with := sfn.TaskCall{NamedValues: []sfn.NamedValueRef{{Pointer: "/Headers/X", Name: "key"}}}
	for _, c := range []struct {
		call sfn.TaskCall
		name string
		want int
	}{{with, "ApiGateway.401", 1}, {with, "States.Http.StatusCode.401", 2}, {with, "ApiGateway.403", 2}, {with, "", 2}, {sfn.TaskCall{}, "ApiGateway.401", 2}} {
		if r.finished(c.call, sfn.TaskResult{Error: c.name}); told != c.want {
			t.Errorf("%s: told %d times, want %d", c.name, told, c.want)
		}
	}
}
