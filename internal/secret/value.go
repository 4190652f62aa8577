package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const masked = "***"

// Value is a resolved secret. Its String, GoString, Format, JSON, text and slog
// forms are "***". The zero Value is the empty secret.
//
// The text stands behind a pointer: a verb that fmt does not hand to Format, such
// as %p, prints an address and not the text. Two Values are compared by Equal.
type Value struct{ text *string }

// NewValue wraps text that the caller knows to be secret.
func NewValue(text string) Value { return Value{&text} }

// Reveal gives the secret's text, for the one place that must send or compare it.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// Empty reports whether the secret has no text.
func (v Value) Empty() bool { return v.Reveal() == "" }

// Equal compares the texts in a time that depends on their lengths alone.
func (v Value) Equal(other Value) bool {
	return subtle.ConstantTimeCompare([]byte(v.Reveal()), []byte(other.Reveal())) == 1
}

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
