package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"stile/internal/reach"
	"stile/internal/secret"
)

// Webhook sends records to a URL, signed as standardwebhooks.com says.
type Webhook struct {
	URL string
	// Secret gives the signing secret at each delivery, whsec_ and base64.
	Secret func(ctx context.Context) (secret.Value, error)
	// Client makes the requests; nil is one of our own. It must not follow redirects.
	Client *http.Client
	// Now is the time; nil is the machine's.
	Now func() time.Time
}

// sendTime bounds a delivery.
const sendTime = 20 * time.Second

// Name is what the target of a URL is called in the outbox: the URL may hold what
// others need not see.
func (w Webhook) Name() string {
	sum := sha256.Sum256([]byte(w.URL))
	return "webhook:" + hex.EncodeToString(sum[:8])
}

// Send is a Target's.
func (w Webhook) Send(ctx context.Context, r Record) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	value, err := w.Secret(ctx)
	if err != nil {
		return fmt.Errorf("the signing secret: %w", err)
	}
	key, err := Key(value.Reveal())
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(r.Body))
	if err != nil {
		return errors.New("the URL cannot be used")
	}
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	stamp := strconv.FormatInt(now().Unix(), 10)
	req.Header.Set("Content-Type", "application/cloudevents+json")
	req.Header.Set("User-Agent", "stile")
	req.Header.Set("webhook-id", r.ID)
	req.Header.Set("webhook-timestamp", stamp)
	req.Header.Set("webhook-signature", "v1,"+Sign(key, r.ID, stamp, r.Body))
	client := w.Client
	if client == nil {
		client = ownClient
	}
	res, err := client.Do(req)
	if err != nil {
		return unreached(err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
	return answered(res)
}

// unreached leaves out the URL, which may hold a key.
func unreached(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return errors.New("the receiver cannot be reached: " + op.Err.Error())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the receiver does not answer in time")
	}
	return errors.New("the receiver cannot be reached")
}

// answered says what a status means. What speaks of the receiver as a whole (a wrong
// key, a path that is not there, a limit, a fault) holds all records up; what can
// only be about this one sets it aside.
func answered(res *http.Response) error {
	reason := "answered " + strconv.Itoa(res.StatusCode)
	switch s := res.StatusCode; {
	case s >= 200 && s <= 299:
		return nil
	case s == http.StatusGone:
		return ErrGone
	case s == 401, s == 403, s == 404, s == 407, s == 408, s == 409, s == 425:
		return errors.New(reason)
	case s == http.StatusTooManyRequests, s >= 500:
		seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if err != nil || seconds < 0 || seconds > int(lastBackoff/time.Second) {
			seconds = 0
		}
		return &Later{Reason: reason, After: time.Duration(seconds) * time.Second}
	case s >= 400:
		return &Refused{Reason: reason}
	}
	return errors.New(reason + "; redirects are not followed")
}

// Key reads a signing secret: whsec_ and 24 to 64 bytes in base64.
func Key(text string) ([]byte, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "whsec_")
	key, err := base64.StdEncoding.DecodeString(rest)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("the signing secret is not whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}

// Sign is Standard Webhooks' HMAC-SHA-256 over id, timestamp and body, in base64.
func Sign(key []byte, id, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + timestamp + "."))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// ownClient follows no redirect, takes no proxy from the environment, and never
// reaches a cloud's metadata service: the URL is configuration, but names resolve
// as others please.
var ownClient = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		DialContext:         reach.Dial(reach.Inside),
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	},
}
