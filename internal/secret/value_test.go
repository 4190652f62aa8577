package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
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
	for _, flags := range []string{"", "+", "#", "-40", "010", ".3", "+#.2"} {
		for verb := 'A'; verb <= 'z'; verb++ {
			format := "%" + flags + string(verb) + "\n"
			for _, x := range []any{v, &v, holder, &holder, []Value{v}, map[string]Value{"k": v}, map[Value]int{v: 1}} {
				fmt.Fprintf(&out, format, x)
			}
		}
	}
	for _, format := range []string{"%[2]v %*d %!", "%", "no verb"} {
		fmt.Fprintf(&out, format, v, v)
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
	var parts strings.Builder
	for _, r := range canary {
		fmt.Fprintf(&parts, "%d ", r)
	}
	if s := out.String(); strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) || strings.Contains(s, parts.String()) {
		t.Error("the secret was printed")
	}
	if !strings.Contains(out.String(), "***") {
		t.Error("nothing was printed: the test proves nothing")
	}
	if !v.Equal(NewValue(canary)) || v.Equal(NewValue("x")) || !(Value{}).Equal(NewValue("")) {
		t.Error("Equal is wrong")
	}
	if v.Reveal() != canary || v.Empty() || !(Value{}).Empty() {
		t.Error("Reveal or Empty is wrong")
	}
}
