// Package secret turns a reference such as env://NAME into a value that cannot
// be printed, logged, formatted or stored by accident.
//
// It is not a store: it keeps nothing between calls and watches nothing. The
// loaders of stile.yaml, connections and API Management folders parse references
// (config, files); the gateway and tasks resolve them when a document compiles
// or a call is made.
//
// Invariants: every formatter prints a Value as "***"; only Reveal gives the
// text. A kind that this version cannot resolve is refused when the reference is
// parsed, never when it is needed.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const masked = "***"

// Value is a resolved secret. Its String, GoString, Format, JSON, text and slog
// forms are "***". The zero Value is the empty secret.
type Value struct{ text string }

// NewValue wraps text that the caller knows to be secret.
func NewValue(text string) Value { return Value{text} }

// Reveal gives the secret's text, for the one place that must send or compare it.
func (v Value) Reveal() string { return v.text }

// Empty reports whether the secret has no text.
func (v Value) Empty() bool { return v.text == "" }

// String gives "***".
func (v Value) String() string { return masked }

// GoString gives "***".
func (v Value) GoString() string { return masked }

// Format writes "***" for every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// MarshalJSON gives "***" as a JSON string.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// MarshalText gives "***".
func (v Value) MarshalText() ([]byte, error) { return []byte(masked), nil }

// LogValue gives "***" to slog.
func (v Value) LogValue() slog.Value { return slog.StringValue(masked) }
