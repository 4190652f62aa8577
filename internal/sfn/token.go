package sfn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Token is a task token's content.
type Token struct {
	// Key is the id of the key that made it, 1 to 8 bytes of text.
	Key          string
	ExecutionARN string
	Command      uint64
	Attempt      uint32
	// Serial counts the tokens that were made for one attempt, from 0: another one
	// follows where a callback URL was revoked or expired and is sent again.
	Serial  uint32
	Expires time.Time // millisecond precision
}

// The first byte of a token: one with a serial has it behind the attempt.
const (
	tokenVersion  = 1
	serialVersion = 2
)

var strictBase64 = base64.RawURLEncoding.Strict()

// Seal makes the token's text: base64url of version, key id, fields and an
// HMAC-SHA-256 over them (first 16 bytes). The same content and key give the same text.
func (t Token) Seal(key []byte) string {
	b := append(make([]byte, 0, 256), tokenVersion, byte(len(t.Key)))
	b = append(b, t.Key...)
	b = binary.AppendUvarint(b, t.Command)
	b = binary.AppendUvarint(b, uint64(t.Attempt))
	if t.Serial > 0 {
		b[0] = serialVersion
		b = binary.AppendUvarint(b, uint64(t.Serial))
	}
	b = binary.AppendVarint(b, t.Expires.UnixMilli())
	b = append(b, t.ExecutionARN...)
	mac := tokenMAC(key, b)
	return base64.RawURLEncoding.EncodeToString(append(b, mac[:]...))
}

// tokenMAC is HMAC-SHA-256 (RFC 2104) of a token's body, behind words that make it a
// token's, cut to 16 bytes. crypto/hmac would do; it puts seven things on the heap,
// and a task's token is made once and opened some times.
func tokenMAC(key, body []byte) (mac [16]byte) {
	const words = "stile task token\x00"
	var pad [sha256.BlockSize]byte
	if len(key) > len(pad) {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	copy(pad[:], key)
	for i := range pad {
		pad[i] ^= 0x36
	}
	var room [512]byte // of an ordinary token
	inner := sha256.Sum256(append(append(append(room[:0], pad[:]...), words...), body...))
	for i := range pad {
		pad[i] ^= 0x36 ^ 0x5c
	}
	outer := sha256.Sum256(append(append(room[:0], pad[:]...), inner[:]...))
	copy(mac[:], outer[:])
	return mac
}

// OpenTask reads a token under the key that keys gives for its key id. ok is
// false for anything altered, made by another key, or not a token. It does not
// look at the time: a late token still names its task.
func OpenTask(text string, keys func(id string) []byte) (t Token, ok bool) {
	return openTask(text, func(id string, body, mac []byte) bool {
		key := keys(id)
		if key == nil {
			return false
		}
		want := tokenMAC(key, body)
		return hmac.Equal(mac, want[:])
	})
}

// ReadTask reads a token that OpenTask has opened before. It proves nothing.
func ReadTask(text string) (t Token, ok bool) {
	return openTask(text, func(string, []byte, []byte) bool { return true })
}

func openTask(text string, proven func(id string, body, mac []byte) bool) (t Token, ok bool) {
	b, err := strictBase64.DecodeString(text)
	if err != nil || len(b) < 2+16 || b[0] != tokenVersion && b[0] != serialVersion {
		return Token{}, false
	}
	body, mac := b[:len(b)-16], b[len(b)-16:]
	n := int(body[1])
	if len(body) < 2+n {
		return Token{}, false
	}
	t.Key = string(body[2 : 2+n])
	if !proven(t.Key, body, mac) {
		return Token{}, false
	}
	rest := body[2+n:]
	var k int
	if t.Command, k = binary.Uvarint(rest); k <= 0 {
		return Token{}, false
	}
	rest = rest[k:]
	attempt, k := binary.Uvarint(rest)
	if k <= 0 {
		return Token{}, false
	}
	rest = rest[k:]
	if b[0] == serialVersion {
		serial, k := binary.Uvarint(rest)
		if k <= 0 {
			return Token{}, false
		}
		t.Serial, rest = uint32(serial), rest[k:]
	}
	expires, k := binary.Varint(rest)
	if k <= 0 {
		return Token{}, false
	}
	t.Attempt, t.Expires, t.ExecutionARN = uint32(attempt), time.UnixMilli(expires), string(rest[k:])
	return t, true
}
