package sfn

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func keys(id string) []byte {
	if id == "k1" {
		return []byte("0123456789abcdef0123456789abcdef")
	}
	return nil
}

func genToken(t *rapid.T) Token {
	return Token{
		Key: "k1", ExecutionARN: ExecutionARN("us-east-1", "111111111111", rapid.String().Draw(t, "machine"), rapid.String().Draw(t, "name")),
		Command: rapid.Uint64().Draw(t, "command"), Attempt: rapid.Uint32().Draw(t, "attempt"),
		Expires: time.UnixMilli(rapid.Int64Range(-1e15, 1e15).Draw(t, "expires")),
	}
}

func TestTokenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genToken(t)
		text := want.Seal(keys("k1"))
		if text != want.Seal(keys("k1")) {
			t.Fatal("the same content gives two texts")
		}
		got, ok := OpenTask(text, keys)
		if !ok || got.ExecutionARN != want.ExecutionARN || got.Command != want.Command || got.Attempt != want.Attempt || !got.Expires.Equal(want.Expires) || got.Key != "k1" {
			t.Fatalf("%+v, %v, want %+v", got, ok, want)
		}
	})
}

// TestAlteredTokensDoNotOpen changes, cuts and prolongs tokens, and makes them
// under other keys.
func TestAlteredTokensDoNotOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tok := genToken(t)
		text := tok.Seal(keys("k1"))
		i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		c := rapid.SampledFrom([]byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ ")).Draw(t, "to")
		for _, bad := range []string{
			text[:i] + string(c) + text[i+1:], text[:i], text + string(c), tok.Seal([]byte("another key")),
			Token{Key: "k2", ExecutionARN: tok.ExecutionARN}.Seal(keys("k1")), "", rapid.String().Draw(t, "any"),
		} {
			if bad == text {
				continue
			}
			if got, ok := OpenTask(bad, keys); ok {
				t.Fatalf("%q opens as %+v", bad, got)
			}
		}
	})
}

func TestTokenLength(t *testing.T) {
	name := strings.Repeat("n", 80)
	text := Token{Key: "k1", ExecutionARN: ExecutionARN("ap-southeast-2", "111111111111", name, name), Command: 1 << 40, Attempt: 1 << 30, Expires: time.UnixMilli(1 << 45)}.Seal(keys("k1"))
	if len(text) > 1024 {
		t.Errorf("%d characters, AWS allows 1024", len(text))
	}
}

func TestARN(t *testing.T) {
	for text, want := range map[string]ARN{
		"arn:aws:states:us-east-1:1:stateMachine:m": {"aws", "us-east-1", "1", "stateMachine", "m", ""},
		"arn:aws:states:eu-west-1:1:execution:m:e":  {"aws", "eu-west-1", "1", "execution", "m", "e"},
		"arn:aws-cn:states:r:1:express:m:e:uuid":    {"aws-cn", "r", "1", "express", "m", "e:uuid"},
	} {
		got, ok := ParseARN(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v, %s", text, got, ok, got)
		}
	}
	for _, bad := range []string{"", "x", "arn:aws:states:r:1:stateMachine", "arn:aws:states:r:1:stateMachine:", "arn:aws:lambda:r:1:function:f", "arn:aws:states:r:1::m"} {
		if a, ok := ParseARN(bad); ok {
			t.Errorf("%q parses as %+v", bad, a)
		}
	}
}

func TestRoleName(t *testing.T) {
	for text, want := range map[string]string{
		"arn:aws:iam::111111111111:role/order-role": "order-role", "arn:aws:iam::1:role/path/to/r": "r",
		"arn:aws:iam::1:role/": "", "arn:aws:iam::1:user/u": "", "order-role": "", "": "",
	} {
		if got, ok := RoleName(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

func TestSpans(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range []string{ExecutionSpan("a"), ExecutionSpan("b"), StateSpan("a", 1), StateSpan("a", 2), StateSpan("a1", 1), StateSpan("b", 1)} {
		if len(s) != 16 || strings.Trim(s, "0123456789abcdef") != "" || seen[s] {
			t.Errorf("span %q", s)
		}
		seen[s] = true
	}
	if StateSpan("a", 2) != StateSpan("a", 2) {
		t.Error("not the same twice")
	}
}

func TestErrorsPrintCodeAndMessage(t *testing.T) {
	for _, c := range []struct {
		err  *Error
		want string
	}{
		{ExecutionDoesNotExist("a"), "ExecutionDoesNotExist: Execution Does Not Exist: 'a'"},
		{StateMachineDoesNotExist("a"), "StateMachineDoesNotExist: State Machine Does Not Exist: 'a'"},
		{InvalidDefinition("X: y at /"), "InvalidDefinition: Invalid State Machine Definition: 'X: y at /'"},
		{InvalidToken(), "InvalidToken: Invalid Token: 'Invalid token'"},
	} {
		if c.err.Error() != c.want {
			t.Errorf("%s, want %s", c.err, c.want)
		}
	}
}
