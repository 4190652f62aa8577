package policies

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// Reasons of validate-webhook's refusals.
const (
	webhookHeader    = "WebhookHeaderNotFound"
	webhookTime      = "WebhookTimestampNotAllowed"
	webhookSignature = "WebhookSignatureInvalid"
)

// Headers of the Standard Webhooks specification.
const (
	headerWebhookID        = "webhook-id"
	headerWebhookTime      = "webhook-timestamp"
	headerWebhookSignature = "webhook-signature"
)

// maxSignatures bounds how many signatures one request makes us compare.
const maxSignatures = 16

var errNoSecret = errors.New("the secret of validate-webhook is empty")

// webhookHashes has SHA-1 because some senders do; under an HMAC it is not broken.
var webhookHashes = map[string]func() hash.Hash{"sha256": sha256.New, "sha1": sha1.New, "sha512": sha512.New}

// check gives the refusal of a request, nil where one of its signatures is good.
func (p *webhookPolicy) check(ex *exchange.Exchange, env *policy.Env) (*policy.Denied, error) {
	text, err := p.secret.Text(ex, env)
	if err != nil {
		return nil, err
	}
	keys := webhookKeys(text, p.standard)
	if len(keys) == 0 {
		return nil, errNoSecret // never an open door
	}
	signed, signatures, denied, err := p.signed(ex, env)
	if denied != nil || err != nil {
		return denied, err
	}
	good := false
	for _, key := range keys {
		m := hmac.New(webhookHashes[p.algorithm], key)
		for _, part := range signed {
			m.Write(part)
		}
		want := m.Sum(nil)
		for _, s := range signatures {
			good = hmac.Equal(want, s) || good
		}
	}
	if !good {
		return refused(webhookSignature, "The signature does not match the request. Access denied."), nil
	}
	return nil, nil
}

// signed gives what was signed, in parts, and the signatures of the request.
func (p *webhookPolicy) signed(ex *exchange.Exchange, env *policy.Env) (parts, signatures [][]byte, denied *policy.Denied, err error) {
	header, timeHeader := p.header, p.timestamp
	if p.standard {
		header, timeHeader = headerWebhookSignature, headerWebhookTime
	}
	signature, denied := single(ex, header)
	if denied != nil {
		return nil, nil, denied, nil
	}
	var id, sent string
	if p.standard {
		if id, denied = single(ex, headerWebhookID); denied != nil {
			return nil, nil, denied, nil
		}
	}
	if timeHeader != "" {
		if sent, denied = single(ex, timeHeader); denied != nil {
			return nil, nil, denied, nil
		}
		if denied = p.inTime(sent, env); denied != nil {
			return nil, nil, denied, nil
		}
	}
	body, err := ex.Request.Body.Bytes()
	if err != nil {
		return nil, nil, nil, err
	}
	if p.standard {
		return [][]byte{[]byte(id + "." + sent + "."), body}, standardSignatures(signature), nil, nil
	}
	before, after, _ := strings.Cut(strings.Replace(p.content, "{timestamp}", sent, 1), "{body}")
	return [][]byte{[]byte(before), body, []byte(after)}, p.signature(signature), nil, nil
}

// single gives a header that must stand once: of two, who knows which was signed?
func single(ex *exchange.Exchange, name string) (string, *policy.Denied) {
	values := ex.Request.Header.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", refused(webhookHeader, "Header %s must stand in the request once. Access denied.", name)
	}
	return values[0], nil
}

// inTime checks the time of sending, in seconds since 1970.
func (p *webhookPolicy) inTime(text string, env *policy.Env) *policy.Denied {
	sent, ok := seconds(text)
	if !ok {
		return refused(webhookTime, "The time of sending is not a number of seconds. Access denied.")
	}
	now := env.Now().Unix()
	if sent < now-p.tolerance || sent > now+p.tolerance {
		return refused(webhookTime, "The time of sending is more than %d seconds away. Access denied.", p.tolerance)
	}
	return nil
}

// seconds reads digits alone: neither sign nor space, at most 15 of them.
func seconds(text string) (int64, bool) {
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && len(text) <= 15
}

// standardSignatures reads `v1,BASE64 v1,BASE64`; those of other versions are not ours.
func standardSignatures(text string) (out [][]byte) {
	for _, s := range strings.Split(text, " ") {
		encoded, ok := strings.CutPrefix(s, "v1,")
		if !ok || len(out) == maxSignatures {
			continue
		}
		if b, err := base64.StdEncoding.Strict().DecodeString(encoded); err == nil {
			out = append(out, b)
		}
	}
	return out
}

// signature reads the one of scheme hmac; none where it is not of its form.
func (p *webhookPolicy) signature(text string) [][]byte {
	encoded, ok := strings.CutPrefix(text, p.prefix)
	if !ok {
		return nil
	}
	var b []byte
	var err error
	if p.encoding == "base64" {
		b, err = base64.StdEncoding.Strict().DecodeString(encoded)
	} else {
		b, err = hex.DecodeString(encoded)
	}
	if err != nil {
		return nil
	}
	return [][]byte{b}
}
