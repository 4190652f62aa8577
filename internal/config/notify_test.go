package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNotify(t *testing.T) {
	got := parse(t, `notify:
  - {url: "https://hooks.example.com/in?key=1", secret: {secret: "env://HOOK"}, on: [health, execution]}
  - {url: "http://127.0.0.1:9/", secret: {secret: "file://hook"}, on: [callback]}
`).Notify
	want := []Notify{
		{URL: "https://hooks.example.com/in?key=1", Secret: SecretRef{"env://HOOK", 2, 66}, On: []string{"health", "execution"}, Line: 2},
		{URL: "http://127.0.0.1:9/", Secret: SecretRef{"file://hook", 3, 51}, On: []string{"callback"}, Line: 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	const rest = `, secret: {secret: "env://HOOK"}, on: [health]`
	for text, want := range map[string]string{
		`{url: "http://hooks.example.com/"` + rest + `}`:                         "must be https",
		`{url: "hooks.example.com"` + rest + `}`:                                 "absolute http or https URL",
		`{url: "https://u:p@h/"` + rest + `}`:                                    "user or password",
		`{url: "https://h/#x"` + rest + `}`:                                      "fragment",
		`{url: "https://h/", secret: whsec_x, on: [health]}`:                     "must not be written out",
		`{url: "https://h/", secret: {secret: "env://HOOK"}, on: [ill]}`:         "is none of them",
		`{url: "https://h/", secret: {secret: "env://HOOK"}, on: []}`:            "no kind",
		`{url: "https://h/", on: [health]}`:                                      `has no "secret"`,
		`{url: "https://h/"` + rest + "}\n  - {url: \"https://h/\"" + rest + `}`: "has this url",
	} {
		if _, faults := Parse("stile.yaml", "notify:\n  - "+text); !strings.Contains(faults.Error(), want) {
			t.Errorf("%s: %v; want %q", text, faults, want)
		}
	}
}

func TestSlow(t *testing.T) {
	if got := parse(t, "telemetry: {slow: {operation: 300ms, state: 2m}}").Telemetry.Slow; got != (Slow{300 * time.Millisecond, 2 * time.Minute}) {
		t.Errorf("%+v", got)
	}
	for _, text := range []string{"operation: 1", "state: -1s", "route: 1s"} {
		if _, faults := Parse("stile.yaml", "telemetry: {slow: {"+text+"}}"); !faults.HasErrors() {
			t.Errorf("%s is no fault", text)
		}
	}
}
