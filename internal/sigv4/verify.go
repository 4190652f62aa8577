package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// DefaultSkew is how far a signer's clock may be from ours.
const DefaultSkew = 5 * time.Minute

// Options are what a server expects of every signature.
type Options struct {
	// Service and Region are the parts of the credential scope, such as states and
	// us-east-1.
	Service, Region string
	// Skew is how far the time of signing may be from now, both ways; 0 is
	// DefaultSkew.
	Skew time.Duration
	// KeepPath leaves dot segments and doubled slashes of the path in the canonical
	// request, for clients that sign so.
	KeepPath bool
}

// Key is an access key; it never prints.
type Key struct {
	principal, secret, token string
}

// NewKey makes a key of its secret; principal is whom a request of it speaks for.
// Where token is not empty every request must carry it as its session token.
func NewKey(principal, secret, token string) Key { return Key{principal, secret, token} }

// Format writes "***" for every verb.
func (Key) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "***") // fmt keeps the error itself
}

// Keys finds an access key by its id.
type Keys func(id string) (Key, bool)

// Caller is who signed a request.
type Caller struct {
	// KeyID is the access key's id, Principal whom it is bound to.
	KeyID, Principal string
}

// Claim is a request whose signature is well formed, in time and of a known key.
// Who made it is not proven before Check.
type Claim struct {
	caller Caller
	key    Key
	head   string // the canonical request without its last line
	hashes []string
	*credential
}

// Verify checks a whole request: Read, then Check with r.BodyHash.
func Verify(r Request, keys Keys, now time.Time, o Options) (Caller, error) {
	claim, err := Read(r, keys, now, o)
	if err != nil {
		return Caller{}, err
	}
	return claim.Check(r.BodyHash)
}

// Read checks all of a request that can be checked before its body is read, so
// that a server buffers bodies only for keys that it knows. Its errors are *Error.
func Read(r Request, keys Keys, now time.Time, o Options) (*Claim, error) {
	query, err := readQuery(r.RawQuery)
	if err != nil {
		return nil, err
	}
	c, err := readCredential(&r, query)
	if err != nil {
		return nil, err
	}
	if err := c.inTime(now.UTC(), o); err != nil {
		return nil, err
	}
	id, err := c.inScope(o)
	if err != nil {
		return nil, err
	}
	key, ok := keys(id)
	if !ok || key.secret == "" || subtle.ConstantTimeCompare([]byte(key.token), []byte(c.token)) != 1 {
		return nil, unrecognized()
	}
	return &Claim{caller: Caller{KeyID: id, Principal: key.principal}, key: key, credential: c,
		head: canonicalHead(&r, query, c.signed, o.KeepPath), hashes: r.values(headerHash)}, nil
}

// Check compares the signature; bodyHash is the SHA-256 of the received body in
// lower-case hex. Its errors are *Error.
func (c *Claim) Check(bodyHash string) (Caller, error) {
	for _, said := range c.hashes {
		if said != bodyHash {
			return Caller{}, invalid("The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	want := hex.EncodeToString(hmacOf(signingKey(c.key.secret, c.scope), c.toSign(c.head+bodyHash)))
	if subtle.ConstantTimeCompare([]byte(want), []byte(c.signature)) != 1 {
		return Caller{}, mismatch()
	}
	return c.caller, nil
}

// inTime checks the time of signing against ours.
func (c *credential) inTime(now time.Time, o Options) error {
	skew := o.Skew
	if skew == 0 {
		skew = DefaultSkew
	}
	life := skew
	if c.life > 0 {
		life = c.life
	}
	if oldest := now.Add(-life); c.at.Before(oldest.Truncate(time.Second)) {
		return invalid(fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s)",
			c.at.Format(stampForm), oldest.Format(stampForm), now.Format(stampForm), span(life)))
	}
	if newest := now.Add(skew); c.at.After(newest) {
		return invalid(fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s)",
			c.at.Format(stampForm), newest.Format(stampForm), now.Format(stampForm), span(skew)))
	}
	return nil
}

func span(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min.", d/time.Minute)
	}
	return fmt.Sprintf("%d sec.", d/time.Second)
}

// inScope checks the credential scope and gives the key's id.
func (c *credential) inScope(o Options) (id string, err error) {
	parts := strings.Split(c.scope, "/")
	if len(parts) != 5 {
		return "", incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" +
			strings.ToValidUTF8(c.scope, "?") + "'")
	}
	var wrong []string
	if parts[2] != o.Region {
		wrong = append(wrong, "Credential should be scoped to a valid region, not '"+parts[2]+"'.")
	}
	if parts[3] != o.Service {
		wrong = append(wrong, "Credential should be scoped to correct service: '"+o.Service+"'.")
	}
	if parts[4] != terminator {
		wrong = append(wrong, "Credential should be scoped with a valid terminator: '"+terminator+"', not '"+parts[4]+"'.")
	}
	if day := c.at.Format(dayForm); parts[1] != day {
		wrong = append(wrong, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '"+
			parts[1]+"' != '"+day+"', from '"+c.at.Format(stampForm)+"'.")
	}
	if len(wrong) > 0 {
		return "", invalid(strings.ToValidUTF8(strings.Join(wrong, " "), "?"))
	}
	return parts[0], nil
}

// toSign is the string to sign for a canonical request.
func (c *credential) toSign(canonical string) string {
	_, scope, _ := strings.Cut(c.scope, "/")
	sum := sha256.Sum256([]byte(canonical))
	return algorithm + "\n" + c.at.Format(stampForm) + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
}

// signingKey derives the key of one day, region and service.
func signingKey(secret, scope string) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range strings.Split(scope, "/")[1:] {
		key = hmacOf(key, part)
	}
	return key
}

func hmacOf(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
