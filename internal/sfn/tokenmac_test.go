package sfn

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTheMACIsHMAC compares what a token is proven with with crypto/hmac.
func TestTheMACIsHMAC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "key")
		body := rapid.SliceOfN(rapid.Byte(), 0, 700).Draw(t, "body")
		m := hmac.New(sha256.New, key)
		m.Write([]byte("stile task token\x00"))
		m.Write(body)
		if got := tokenMAC(key, body); !bytes.Equal(got[:], m.Sum(nil)[:16]) {
			t.Fatalf("%x", got)
		}
	})
}

// TestTokenAllocations: a token is opened some times on its way.
func TestTokenAllocations(t *testing.T) {
	tok := Token{Key: "k1", ExecutionARN: ExecutionARN("us-east-1", "111111111111", "orders", "n-1"), Command: 3, Attempt: 1, Expires: time.UnixMilli(1)}
	key := bytes.Repeat([]byte{7}, 32)
	text := tok.Seal(key)
	n := testing.AllocsPerRun(100, func() {
		if _, ok := OpenTask(text, func(string) []byte { return key }); !ok {
			t.Fatal("not opened")
		}
	})
	if n > 5 {
		t.Errorf("%v allocations for opening a token, want at most 5", n)
	}
	if got, ok := ReadTask(text); !ok || got.ExecutionARN != tok.ExecutionARN {
		t.Errorf("%+v, %v", got, ok)
	}
}
