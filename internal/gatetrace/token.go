package gatetrace

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"
)

// LongestToken is how long a debug token may open anything.
const LongestToken = time.Hour

// Tokens makes and opens debug tokens. Its key is made with it and kept nowhere: a
// token ends with the process that made it, at the latest.
type Tokens struct {
	key [32]byte
	now func() time.Time
}

// NewTokens makes a key.
func NewTokens(now func() time.Time) *Tokens {
	t := &Tokens{now: now}
	_, _ = rand.Read(t.key[:]) // crypto/rand.Read does not fail
	return t
}

// What is wrong with a debug token.
var (
	ErrExpired  = errors.New("the debug token has expired, or this server did not make it")
	ErrWrongAPI = errors.New("the debug token is for another API")
)

// expiry is how a token writes its end, in UTC.
const expiry = "20060102150405"

// Make makes a token for the traces of an API that lasts for a time of whole seconds,
// at most LongestToken. It has API Management's form: p, aid, ex and sn.
func (t *Tokens) Make(api string, life time.Duration) (token string, expires time.Time) {
	expires = t.now().Add(min(life, LongestToken)).UTC().Truncate(time.Second)
	text := "p=tracing&aid=" + url.QueryEscape(api) + "&ex=" + expires.Format(expiry)
	return text + "&sn=" + base64.StdEncoding.EncodeToString(t.sign(text)), expires
}

func (t *Tokens) sign(text string) []byte {
	m := hmac.New(sha256.New, t.key[:])
	m.Write([]byte("stile debug token\x00" + text))
	return m.Sum(nil)
}

// Open says whether a token opens the traces of an API now: nil, ErrExpired or
// ErrWrongAPI.
func (t *Tokens) Open(token, api string) error {
	text, signature, ok := strings.Cut(token, "&sn=")
	sum, err := base64.StdEncoding.Strict().DecodeString(signature)
	if !ok || err != nil || !hmac.Equal(sum, t.sign(text)) {
		return ErrExpired
	}
	v, err := url.ParseQuery(text)
	if err != nil {
		return ErrExpired
	}
	expires, err := time.Parse(expiry, v.Get("ex"))
	switch {
	case err != nil || !t.now().Before(expires):
		return ErrExpired
	case v.Get("aid") != api || api == "":
		return ErrWrongAPI
	}
	return nil
}
