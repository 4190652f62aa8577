package awssm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// sign adds Signature Version 4 (AWS Signature Version 4 for API requests) to a
// POST to the root without query: the only request that this package signs. The
// fields signed are those of every call, in order.
func sign(req *http.Request, payload []byte, c credentials, region string, now time.Time) {
	stamp := now.UTC().Format("20060102T150405Z")
	req.Header.Set("X-Amz-Date", stamp)
	fields := []string{"content-type", "host", "x-amz-date", "x-amz-target"}
	if !c.Token.Empty() {
		req.Header.Set("X-Amz-Security-Token", c.Token.Reveal())
		fields = []string{"content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"}
	}
	path := req.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var canonical strings.Builder
	canonical.WriteString(req.Method + "\n" + path + "\n\n")
	for _, name := range fields {
		value := req.Header.Get(name)
		if name == "host" {
			value = req.URL.Host
		}
		canonical.WriteString(name + ":" + value + "\n")
	}
	signed := strings.Join(fields, ";")
	canonical.WriteString("\n" + signed + "\n" + digest(payload))
	scope := stamp[:8] + "/" + region + "/secretsmanager/aws4_request"
	text := "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + digest([]byte(canonical.String()))
	key := []byte("AWS4" + c.SecretAccessKey.Reveal())
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.AccessKeyId+"/"+scope+", SignedHeaders="+signed+
		", Signature="+hex.EncodeToString(mac(key, text)))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
