package eventhub

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Logger is where one logger's messages go.
type Logger struct {
	ID string
	// Endpoint is https://NAMESPACE.servicebus.windows.net, Hub the Event Hub in it.
	Endpoint, Hub string
	// KeyName and Key sign requests; without Key a managed identity's token does,
	// ClientID naming it, empty for the system-assigned one.
	KeyName  string
	Key      Key
	ClientID string
}

// Key is a shared access key, which no formatter prints.
type Key struct{ text string }

// NewKey wraps a key.
func NewKey(text string) Key { return Key{text} }

// String gives "***".
func (Key) String() string { return "***" }

// GoString gives "***".
func (Key) GoString() string { return "***" }

// MarshalJSON gives "***".
func (Key) MarshalJSON() ([]byte, error) { return []byte(`"***"`), nil }

// ParseConnection reads a connection string of an Event Hubs namespace or of a hub in
// it. Its error never holds the key.
func ParseConnection(text string) (l Logger, err error) {
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch strings.ToLower(name) {
		case "endpoint":
			if l.Endpoint, err = Endpoint(value); err != nil {
				return Logger{}, err
			}
		case "sharedaccesskeyname":
			l.KeyName = value
		case "sharedaccesskey":
			l.Key = NewKey(value)
		case "entitypath":
			l.Hub = value
		}
	}
	if l.Endpoint == "" || l.KeyName == "" || l.Key.text == "" {
		return Logger{}, errors.New("the connection string lacks Endpoint, SharedAccessKeyName or SharedAccessKey")
	}
	return l, nil
}

var errEndpoint = errors.New("this is no address of an Event Hubs namespace")

// Endpoint reads the address of a namespace: its host, or sb:// or https:// before it.
// http:// is taken for a loopback address alone, where an emulator may stand.
func Endpoint(text string) (string, error) {
	scheme, host := "https", strings.TrimRight(text, "/")
	if s, rest, ok := strings.Cut(host, "://"); ok {
		host = rest
		if s != "sb" {
			scheme = s
		}
	}
	u, err := url.Parse(scheme + "://" + host)
	local := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
	if err != nil || u.Host != host || host == "" || scheme != "https" && !(scheme == "http" && local) {
		return "", errEndpoint // without the text: a mistyped connection string may stand in it
	}
	return scheme + "://" + host, nil
}

// signatureTime is how long a signature is good for; each request has its own.
const signatureTime = 5 * time.Minute

// authorization makes the Authorization field of a request.
func (l *Logger) authorization(ctx context.Context, cfg *Config) (string, error) {
	if l.Key.text == "" {
		if cfg.Token == nil {
			return "", errors.New("there is no managed identity")
		}
		token, err := cfg.Token(ctx, resource, l.ClientID)
		return "Bearer " + token, err
	}
	to := url.QueryEscape(l.Endpoint + "/" + l.Hub)
	expires := fmt.Sprint(cfg.Now().Add(signatureTime).Unix())
	mac := hmac.New(sha256.New, []byte(l.Key.text))
	mac.Write([]byte(to + "\n" + expires))
	return "SharedAccessSignature sr=" + to + "&sig=" + url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil))) +
		"&se=" + expires + "&skn=" + url.QueryEscape(l.KeyName), nil
}
