package sigv4

import (
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
	// Derived remembers what was derived of keys for a day; nil: each request has it
	// derived anew.
	Derived *Derived
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
	caller  Caller
	key     Key
	derived *Derived
	head    []byte // the canonical request without its last line
	hash    string // what the request says of its body, where hashes is not 0
	hashes  int    // how often it does; -1: not the same each time
	credential
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
	claim := &Claim{derived: o.Derived}
	c := &claim.credential
	if err := readCredential(c, &r, query); err != nil {
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
	claim.caller, claim.key = Caller{KeyID: id, Principal: key.principal}, key
	claim.head = appendHead(make([]byte, 0, headSize), &r, query, c.signed, o.KeepPath)
	for said := range r.each(headerHash) {
		switch {
		case claim.hashes == 0:
			claim.hash, claim.hashes = said, 1
		case said != claim.hash:
			claim.hashes = -1
		}
	}
	return claim, nil
}

// headSize is room for the canonical request of an ordinary call.
const headSize = 640

// Check compares the signature; bodyHash is the SHA-256 of the received body in
// lower-case hex. Its errors are *Error.
func (c *Claim) Check(bodyHash string) (Caller, error) {
	if c.hashes < 0 || c.hashes > 0 && c.hash != bodyHash {
		return Caller{}, invalid("The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	var sum [sha256.Size]byte
	c.derived.sign(sum[:0], c.key.secret, &c.credential, sha256.Sum256(append(c.head, bodyHash...)))
	var want [2 * sha256.Size]byte
	hex.Encode(want[:], sum[:])
	if subtle.ConstantTimeCompare(want[:], []byte(c.signature)) != 1 {
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
	if strings.Count(c.scope, "/") != 4 {
		return "", incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" +
			strings.ToValidUTF8(c.scope, "?") + "'")
	}
	id, rest, _ := strings.Cut(c.scope, "/")
	date, rest, _ := strings.Cut(rest, "/")
	region, rest, _ := strings.Cut(rest, "/")
	service, term, _ := strings.Cut(rest, "/")
	var wrong []string
	if region != o.Region {
		wrong = append(wrong, "Credential should be scoped to a valid region, not '"+region+"'.")
	}
	if service != o.Service {
		wrong = append(wrong, "Credential should be scoped to correct service: '"+o.Service+"'.")
	}
	if term != terminator {
		wrong = append(wrong, "Credential should be scoped with a valid terminator: '"+terminator+"', not '"+term+"'.")
	}
	if day := c.stamp[:len(dayForm)]; date != day {
		wrong = append(wrong, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '"+
			date+"' != '"+day+"', from '"+c.stamp+"'.")
	}
	if len(wrong) > 0 {
		return "", invalid(strings.ToValidUTF8(strings.Join(wrong, " "), "?"))
	}
	return id, nil
}

// appendToSign appends the string to sign; canonical is the hash of the canonical
// request.
func (c *credential) appendToSign(b []byte, canonical [sha256.Size]byte) []byte {
	b = append(append(append(b, algorithm+"\n"...), c.stamp...), '\n')
	b = append(append(b, c.place()...), '\n')
	return hex.AppendEncode(b, canonical[:])
}

// place is the credential scope without the key's id.
func (c *credential) place() string {
	_, place, _ := strings.Cut(c.scope, "/")
	return place
}
