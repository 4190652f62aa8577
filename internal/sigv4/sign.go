package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Sign signs a client's request with an access key, in its headers; body is what
// will be sent. The signature covers the host, the body's hash and each header that
// the request has now, but those that a way through the network may change.
func Sign(r *http.Request, body []byte, id, secret string, now time.Time, o Options) {
	now = now.UTC()
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Date", now.Format(stampForm))
	r.Header.Set("X-Amz-Content-Sha256", hash)
	r.Header.Del("Authorization")
	in := Request{Method: r.Method, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.Host}
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	signed := []string{"host"}
	for name, values := range r.Header {
		switch name = strings.ToLower(name); name {
		case "user-agent", "accept-encoding", "connection", "traceparent", "content-length":
			continue
		}
		signed = append(signed, name)
		for _, v := range values {
			in.Header = append(in.Header, Field{name, v})
		}
	}
	slices.Sort(signed)
	query, err := readQuery(in.RawQuery)
	if err != nil {
		query = nil // the server refuses such a query, whatever is signed
	}
	scope := strings.Join([]string{id, now.Format(dayForm), o.Region, o.Service, terminator}, "/")
	c := &credential{scope: scope, stamp: now.Format(stampForm)}
	canonical := append(appendHead(nil, &in, query, signed, o.KeepPath), hash...)
	signature := hex.EncodeToString((*Derived)(nil).sign(nil, secret, c, sha256.Sum256(canonical)))
	r.Header.Set("Authorization", algorithm+" Credential="+scope+", SignedHeaders="+strings.Join(signed, ";")+", Signature="+signature)
}
