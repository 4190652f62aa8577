package asl

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"stile/diag"
)

// TestReferencesOutside: AWS names each field of no context once, and lets the rest
// through (its answers to these were told in a public issue).
func TestReferencesOutside(t *testing.T) {
	for want, expressions := range map[string][]string{
		"Reference to 'phone' at the top level is not supported.": {"phone", "phone[0].number", "phone.number.street", "-phone", "phone ? 1 : 2",
			"$states.input.a ? phone : 2", "phone & 'x'", "phone in $states.input.b", "$sum(phone)", "phone(1)", "phone ~> $string()", "[1..phone]",
			"(phone)", "(phone).other", "[phone].other", "[phone, 1]", "{phone: 1}", "($x := phone; $x)", "phone.**.deeper", "phone + phone",
			"$map($states.input.a, function($y){ phone })", "$count(phone[inner])"},
		"Reference to '$' at the top level is not supported.": {"$", "$.phone", "$[0]", "$string($)", "$map($states.input.a, function($x){ $ })"},
		"Reference to '$$' is not supported.":                 {"$$", "$$.phone", "$$ = $$"},
		"Field '$states.errorOutput' does not exist.": {"$states.errorOutput", "$states.errorOutput.Cause", "[$states.errorOutput]",
			"$states.errorOutput ? 1 : 2", "$states.errorOutput.Error & $states.errorOutput.Cause"},
		"Field '$states.result' does not exist.": {"$states.result", "$states.result.a"},
		"": {"$states.input.phone", "$states.input.a[0].phone", "$states.input.items[phone > 3]", "$states.input.a^(phone)", "$states.input.a{'k': phone}",
			"$states.input.a.(phone)", "$states.input.a.$phone", "$phone", "$states.input ~> |phone|{'b': 1}|", "**.phone", "{'k': 1}.phone",
			"$states.input.a[0][phone]", "$states.input.a[$ > 1]", "function($x){ $x.phone }", "$map($states.input.a, function($x){ $x.phone })",
			"'phone'", "$now()", "$states.input.errorOutput", "$states.error", "$states"},
	} {
		for _, e := range expressions {
			_, list := Parse(diag.NewSource("", fmt.Sprintf(`{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Output":"{%% %s %%}"}}}`, e)))
			var got []string
			for _, d := range list {
				if d.Severity == diag.Error {
					got = append(got, d.Message)
				}
			}
			if strings.Join(got, "; ") != want {
				t.Errorf("%s: %q, want %q", e, got, want)
			}
		}
	}
	_, list := Parse(diag.NewSource("", `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Output":"{% [bbb, aaa, bbb] %}"}}}`))
	var names []string
	for _, d := range list {
		names = append(names, strings.Split(d.Message, "'")[1])
	}
	if !slices.Equal(names, []string{"bbb", "aaa"}) {
		t.Errorf("names %v", names)
	}
}
