package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const canary = "canary-7e57"

func TestValueNeverPrints(t *testing.T) {
	v := NewValue(canary)
	holder := struct {
		V Value
		P *Value
	}{v, &v}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
		fmt.Fprintf(&out, verb+"\n", v)
		fmt.Fprintf(&out, verb+"\n", holder)
		fmt.Fprintf(&out, verb+"\n", []Value{v})
	}
	fmt.Fprintln(&out, v, &v, holder, v.String(), v.GoString())
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v, "h", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v, "h", holder)
	for _, x := range []any{v, &v, holder, map[string]Value{"k": v}} {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	text, err := v.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	if s := out.String(); strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) {
		t.Error("the secret was printed")
	}
	if !strings.Contains(out.String(), "***") {
		t.Error("nothing was printed: the test proves nothing")
	}
	if v.Reveal() != canary || v.Empty() || !(Value{}).Empty() {
		t.Error("Reveal or Empty is wrong")
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"env://A_b9": "", "file://x/y": "", "file:///abs": "",
		canary:                "by reference",
		"env://":              "environment variable",
		"env://9a":            "environment variable",
		"env://a b":           "environment variable",
		"file://":             "path",
		"kv://v/n":            "kv:// are not in this version",
		"vault://m/p#k":       "vault:// are not in this version",
		"aws-sm://n":          "aws-sm:// are not in this version",
		"age://p":             "age:// are not in this version",
		"https://v/" + canary: "unknown kind",
	} {
		r, err := Parse(text)
		switch {
		case want == "" && (err != nil || r.String() != text || r.IsZero()):
			t.Errorf("Parse(%q) = %v, %v", text, r, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary)):
			t.Errorf("Parse(%q): %v", text, err)
		}
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"key": canary + "\n", "crlf": canary + "\r\n", "two": canary + "\n\n", "empty": "\n", "big": strings.Repeat("x", maxFile+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("STILE_TEST_SECRET", canary)
	t.Setenv("STILE_TEST_EMPTY", "")
	for text, want := range map[string]string{
		"env://STILE_TEST_SECRET": canary, "env://STILE_TEST_EMPTY": "", "env://STILE_TEST_UNSET": "",
		"file://key": canary, "file://crlf": canary, "file://two": canary + "\n", "file://empty": "", "file://gone": "", "file://big": "",
		"file://" + filepath.Join(dir, "key"): canary,
	} {
		r, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Under(dir).Resolve(t.Context())
		if (err != nil) != (want == "") || got.Reveal() != want {
			t.Errorf("%s: %d bytes, %v", text, len(got.Reveal()), err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error holds the secret", text)
		}
	}
	if _, err := (Ref{}).Resolve(t.Context()); err == nil || (Ref{}).String() != "" {
		t.Error("an empty reference resolved")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := Parse("env://STILE_TEST_SECRET")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(ended); err == nil {
		t.Error("resolved after its context ended")
	}
}
