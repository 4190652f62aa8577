package sfnapi

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"stile/jsonval"
)

// parseData reads a payload that a client sent as JSON text. fault is empty or
// says what is wrong in the words of the parser that AWS runs (Jackson), as far
// as they are recorded; empty is the fault of a text with no value in it.
func parseData(text, empty string) (v jsonval.Value, fault string) {
	if strings.Trim(text, " \t\r\n") == "" {
		return v, empty
	}
	v, err := jsonval.ParseString(text)
	if err == nil {
		return v, ""
	}
	s := faultFinder{text: text}
	s.space()
	s.value(0)
	if s.space(); s.fault == "" && s.at < len(text) {
		s.unexpected("Expected space separating root-level values")
	}
	if s.fault != "" {
		return jsonval.Value{}, s.fault
	}
	// Depth and encoding are limits of ours that the walk above does not have.
	var syntax *jsonval.SyntaxError
	if errors.As(err, &syntax) {
		return jsonval.Value{}, syntax.Reason
	}
	return jsonval.Value{}, empty
}

const validValue = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"

// faultFinder walks a text that is known not to be JSON and words its first
// fault. After a fault every method returns at once.
type faultFinder struct {
	text  string
	at    int
	fault string
}

func (s *faultFinder) fail(format string, args ...any) {
	if s.fault == "" {
		s.fault = fmt.Sprintf(format, args...)
	}
}

// unexpected words the character at hand; the end of the text has words of its own.
func (s *faultFinder) unexpected(why string) {
	r, _ := utf8.DecodeRuneInString(s.text[s.at:])
	s.fail("Unexpected character ('%c' (code %d)): %s", r, r, why)
}

func (s *faultFinder) end() bool { return s.at >= len(s.text) }

func (s *faultFinder) space() {
	for !s.end() && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

func (s *faultFinder) value(depth int) {
	// Deeper texts than jsonval takes are refused by its own reason.
	if s.fault != "" || depth > jsonval.MaxDepth {
		s.at = len(s.text)
		return
	}
	if s.end() {
		s.fail("Unexpected end-of-input")
		return
	}
	switch c := s.text[s.at]; {
	case c == '{':
		s.object(depth)
	case c == '[':
		s.array(depth)
	case c == '"':
		s.str("VALUE_STRING")
	case c == '-' || c >= '0' && c <= '9':
		s.number()
	case identifier(c):
		s.word()
	default:
		s.unexpected("expected a valid value (" + validValue + ")")
	}
}

func identifier(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
}

func (s *faultFinder) word() {
	from := s.at
	for !s.end() && identifier(s.text[s.at]) {
		s.at++
	}
	switch w := s.text[from:s.at]; w {
	case "true", "false", "null":
	default:
		s.fail("Unrecognized token '%s': was expecting (%s)", clip(w, 256), validValue)
	}
}

// open words the end of the text inside an object or array that began at from.
func (s *faultFinder) open(kind string, from int) {
	line := 1 + strings.Count(s.text[:from], "\n")
	column := utf8.RuneCountInString(s.text[strings.LastIndexByte(s.text[:from], '\n')+1:from]) + 1
	s.fail("Unexpected end-of-input: expected close marker for %s (start marker at line: %d, column: %d)", kind, line, column)
}

func (s *faultFinder) object(depth int) {
	from := s.at
	s.at++
	for first := true; s.fault == ""; first = false {
		s.space()
		switch {
		case s.end():
			s.open("Object", from)
			return
		case s.text[s.at] == '}' && first:
			s.at++
			return
		case s.text[s.at] != '"':
			s.unexpected("was expecting double-quote to start field name")
			return
		}
		s.str("field name")
		s.space()
		if s.end() {
			s.open("Object", from)
			return
		}
		if s.fault == "" && s.text[s.at] != ':' {
			s.unexpected("was expecting a colon to separate field name and value")
			return
		}
		s.at++
		s.space()
		s.value(depth + 1)
		if s.closes('}', "Object", from) {
			return
		}
	}
}

func (s *faultFinder) array(depth int) {
	from := s.at
	s.at++
	s.space()
	if !s.end() && s.text[s.at] == ']' {
		s.at++
		return
	}
	for s.fault == "" {
		s.space()
		if s.end() {
			s.open("Array", from)
			return
		}
		s.value(depth + 1)
		if s.closes(']', "Array", from) {
			return
		}
	}
}

// closes reads what follows a value inside an object or array: true where it
// ends there, or is broken.
func (s *faultFinder) closes(marker byte, kind string, from int) bool {
	s.space()
	switch {
	case s.fault != "":
		return true
	case s.end():
		s.open(kind, from)
		return true
	}
	switch s.text[s.at] {
	case marker:
		s.at++
		return true
	case ',':
		s.at++
		return false
	}
	s.unexpected("was expecting comma to separate " + kind + " entries")
	return true
}

func (s *faultFinder) str(what string) {
	for s.at++; !s.end(); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return
		case c < 0x20:
			s.fail("Illegal unquoted character ((CTRL-CHAR, code %d)): has to be escaped using backslash to be included in string value", c)
			return
		case c == '\\':
			s.escape()
			if s.fault != "" {
				return
			}
		}
	}
	s.fail("Unexpected end-of-input in %s", what)
}

func (s *faultFinder) escape() {
	s.at++
	if s.end() {
		return
	}
	c := s.text[s.at]
	if strings.IndexByte(`"\/bfnrt`, c) >= 0 {
		return
	}
	if c != 'u' {
		r, _ := utf8.DecodeRuneInString(s.text[s.at:])
		s.fail("Unrecognized character escape '%c' (code %d)", r, r)
		return
	}
	for range 4 {
		if s.at+1 >= len(s.text) {
			return
		}
		s.at++
		if strings.IndexByte("0123456789abcdefABCDEF", s.text[s.at]) < 0 {
			s.unexpected("expected a hex-digit for character escape sequence")
			return
		}
	}
}

func (s *faultFinder) number() {
	if s.text[s.at] == '-' {
		s.at++
	}
	if s.digits() == 0 {
		s.afterNumber("expected digit (0-9) to follow minus sign, for valid numeric value")
		return
	}
	if !s.end() && s.text[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			s.afterNumber("Decimal point not followed by a digit")
			return
		}
	}
	if !s.end() && (s.text[s.at] == 'e' || s.text[s.at] == 'E') {
		s.at++
		if !s.end() && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			s.afterNumber("Exponent indicator not followed by a digit")
		}
	}
}

func (s *faultFinder) afterNumber(why string) {
	if s.end() {
		s.fail("Unexpected end-of-input in a number value")
		return
	}
	r, _ := utf8.DecodeRuneInString(s.text[s.at:])
	s.fail("Unexpected character ('%c' (code %d)) in numeric value: %s", r, r, why)
}

// digits reads a run of digits; a leading zero before others is a fault.
func (s *faultFinder) digits() int {
	from := s.at
	for !s.end() && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	if n := s.at - from; n > 1 && s.text[from] == '0' && (from == 0 || strings.IndexByte(".eE+", s.text[from-1]) < 0) &&
		!(from > 1 && s.text[from-1] == '-' && strings.IndexByte("eE", s.text[from-2]) >= 0) {
		s.fail("Invalid numeric value: Leading zeroes not allowed")
	}
	return s.at - from
}
