package asl

import (
	"testing"

	"stile/diag"
)

func TestRuleText(t *testing.T) {
	for rule, want := range map[string]string{
		`"Variable":"$.amount","NumericGreaterThan":500`:               `$.amount > 500`,
		`"Variable":"$.amount","NumericLessThanEqualsPath":"$.limit"`:  `$.amount <= $.limit`,
		`"Variable":"$.name","StringEquals":"x"`:                       `$.name == "x"`,
		`"Variable":"$.name","StringMatches":"a*"`:                     `$.name matches "a*"`,
		`"Variable":"$.at","TimestampLessThan":"2026-01-01T00:00:00Z"`: `$.at < 2026-01-01T00:00:00Z`,
		`"Variable":"$.a","IsPresent":true`:                            `$.a is present`,
		`"Variable":"$.a","IsNull":false`:                              `$.a is not null`,
		`"Not":{"Variable":"$.a","BooleanEquals":true}`:                `not $.a == true`,
		`"And":[{"Variable":"$.a","IsString":true},{"Or":[{"Variable":"$.b","NumericEquals":1},{"Variable":"$.c","NumericEquals":2}]}]`: `$.a is string and ($.b == 1 or $.c == 2)`,
	} {
		p, list := Parse(diag.NewSource("", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{`+rule+`,"Next":"S"}],"Default":"S"},"S":{"Type":"Succeed"}}}`))
		if p == nil {
			t.Errorf("%s: %v", rule, list)
			continue
		}
		if got := p.States["C"].Choice.Rules[0].Text(); got != want {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
	for condition, want := range map[string]string{`"{%\n  $states.input.a\n > 1 %}"`: `$states.input.a > 1`, `true`: `true`} {
		p, list := Parse(diag.NewSource("", `{"QueryLanguage":"JSONata","StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":`+
			condition+`,"Next":"S"}],"Default":"S"},"S":{"Type":"Succeed"}}}`))
		if p == nil {
			t.Errorf("%s: %v", condition, list)
			continue
		}
		if got := p.States["C"].Choice.Rules[0].Text(); got != want {
			t.Errorf("%s: %q, want %q", condition, got, want)
		}
	}
}
