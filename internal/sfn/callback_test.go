package sfn

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTokenSerials: each serial of an attempt is another token, and opens as itself;
// serial 0 is the token as it was before there were any.
func TestTokenSerials(t *testing.T) {
	key := func(string) []byte { return []byte("key") }
	rapid.Check(t, func(t *rapid.T) {
		tok := Token{Key: "k1", ExecutionARN: ExecutionARN("us-east-1", "1", "m", rapid.StringMatching(`[a-z]{1,20}`).Draw(t, "name")),
			Command: rapid.Uint64().Draw(t, "command"), Attempt: rapid.Uint32().Draw(t, "attempt"),
			Expires: time.UnixMilli(rapid.Int64Range(0, 1<<45).Draw(t, "expires"))}
		first := tok.Seal(key(""))
		tok.Serial = rapid.Uint32Min(1).Draw(t, "serial")
		text := tok.Seal(key(""))
		got, ok := OpenTask(text, key)
		if !ok || got != tok || text == first || first[:2] != "AQ" {
			t.Fatalf("%+v gives %+v, %v", tok, got, ok)
		}
		b := []byte(text)
		i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		if b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits")); string(b) != text {
			if _, ok := OpenTask(string(b), key); ok {
				t.Fatalf("an altered token opens: %s", b)
			}
		}
	})
}

func TestCallbackIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z0-9_.-]{1,80}`)
		r := CallbackRef{ExecutionARN: ExecutionARN("us-east-1", "1", name.Draw(t, "machine"), name.Draw(t, "execution")),
			Command: rapid.Uint64().Draw(t, "command"), Attempt: rapid.Uint32().Draw(t, "attempt")}
		if got, ok := ParseCallbackID("us-east-1", "1", r.ID()); !ok || got != r {
			t.Fatalf("%s gives %+v, %v", r.ID(), got, ok)
		}
	})
	for _, bad := range []string{"", "m", "m:e", "m:e:1", "m:e:1:x", "m:e:01:1", "m:e:+1:1", ":e:1:1", "m::1:1", "m:e:1:4294967296", "m:e:1:1:1", "m:e/A"} {
		if r, ok := ParseCallbackID("us-east-1", "1", bad); ok {
			t.Errorf("%q is %+v", bad, r)
		}
	}
}
