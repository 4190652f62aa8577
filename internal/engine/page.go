package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"stile/internal/sfn"
)

// The page size where none is asked for, and the most that one page holds.
const (
	defaultPage = 100
	maxPage     = 1000
)

func pageSize(asked int) int {
	if asked <= 0 {
		return defaultPage
	}
	return min(asked, maxPage)
}

// sealPage makes a page token: where the next page begins, with a MAC over it and
// the scope, so that a token made up or taken from another listing does not open.
func (h *Host) sealPage(scope string, from []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(h.pageMAC(scope, from), from...))
}

// openPage gives where a page begins; nil for the first one.
func (h *Host) openPage(scope, token string) ([]byte, error) {
	if token == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) <= 16 || !hmac.Equal(b[:16], h.pageMAC(scope, b[16:])) {
		return nil, sfn.InvalidToken()
	}
	return b[16:], nil
}

func (h *Host) pageMAC(scope string, from []byte) []byte {
	m := hmac.New(sha256.New, h.keys.pages)
	m.Write([]byte(scope))
	m.Write([]byte{0})
	m.Write(from)
	return m.Sum(nil)[:16]
}
