package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	testID     = "AKIDSTILE"
	testSecret = "canary-4f1d"
	testBody   = `{"stateMachineArn":"arn"}`
)

var (
	testNow = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	states  = Options{Service: "states", Region: "us-east-1"}
)

func hash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func testKeys(id string) (Key, bool) {
	return NewKey("user:ada", testSecret, ""), id == testID
}

// plain is an unsigned call as AWS's SDKs make it.
func plain() Request {
	return Request{Method: "POST", RawPath: "/", Host: "sync-127.0.0.1:7400", BodyHash: hash(testBody), Header: []Field{
		{"Content-Type", "application/x-amz-json-1.0"}, {"X-Amz-Target", "AWSStepFunctions.StartSyncExecution"},
		{"User-Agent", "aws-sdk"}, {"Content-Length", "25"}}}
}

// signOptions say how sign goes about it; the zero value does it right.
type signOptions struct {
	at      time.Time
	scope   string
	secret  string
	signed  []string
	expires string
	query   bool
}

// sign adds a signature to a copy of r.
func sign(r Request, o signOptions) Request {
	if o.at.IsZero() {
		o.at = testNow
	}
	stamp := o.at.Format(stampForm)
	if o.scope == "" {
		o.scope = testID + "/" + stamp[:8] + "/us-east-1/states/aws4_request"
	}
	if o.secret == "" {
		o.secret = testSecret
	}
	r.Header = slices.Clone(r.Header)
	if !o.query {
		r.Header = append(r.Header, Field{"X-Amz-Date", stamp})
	}
	if o.signed == nil {
		o.signed = []string{"host"}
		for _, f := range r.Header {
			if name := strings.ToLower(f.Name); name != "user-agent" && name != "authorization" {
				o.signed = append(o.signed, name)
			}
		}
		slices.Sort(o.signed)
		o.signed = slices.Compact(o.signed)
	}
	list := strings.Join(o.signed, ";")
	if o.query {
		more := []pair{{paramAlgorithm, algorithm}, {paramCredential, o.scope}, {paramDate, stamp}, {paramSigned, list}}
		if o.expires != "" {
			more = append(more, pair{paramExpires, o.expires})
		}
		for _, p := range more {
			r.RawQuery += "&" + p.name + "=" + string(appendEncoded(nil, p.value, false))
		}
		r.RawQuery = strings.TrimPrefix(r.RawQuery, "&")
	}
	query, err := readQuery(r.RawQuery)
	if err != nil {
		panic(err)
	}
	sum := signatureOf(o.secret, &credential{scope: o.scope, stamp: stamp}, string(appendHead(nil, &r, query, o.signed, false))+r.BodyHash)
	if o.query {
		r.RawQuery += "&" + paramSignature + "=" + hex.EncodeToString(sum)
		return r
	}
	r.Header = append(r.Header, Field{"Authorization", algorithm + " Credential=" + o.scope + ", SignedHeaders=" + list +
		", Signature=" + hex.EncodeToString(sum)})
	return r
}

func signatureOf(secret string, c *credential, canonical string) []byte {
	return (*Derived)(nil).sign(nil, secret, c, sha256.Sum256([]byte(canonical)))
}

// with gives a copy of r whose header has another value, or one more.
func with(r Request, name string, values ...string) Request {
	r.Header = slices.DeleteFunc(slices.Clone(r.Header), func(f Field) bool { return strings.EqualFold(f.Name, name) })
	for _, v := range values {
		r.Header = append(r.Header, Field{name, v})
	}
	return r
}

func authorization(r Request) string { return r.values("authorization")[0] }

func TestGoodRequests(t *testing.T) {
	hashed := with(plain(), "X-Amz-Content-Sha256", hash(testBody))
	query := plain()
	query.RawQuery = "b=2&a=1&a=0&empty&plus=a+b&enc=%2f%2F"
	dated := with(plain(), "Date", testNow.Format(http.TimeFormat))
	bare := with(sign(dated, signOptions{}), "X-Amz-Date")
	bare = with(bare, "Authorization")
	for name, r := range map[string]Request{
		"header": sign(plain(), signOptions{}), "query": sign(plain(), signOptions{query: true, expires: "60"}),
		"query without expiry": sign(plain(), signOptions{query: true}),
		"body hash told":       sign(hashed, signOptions{}), "parameters": sign(query, signOptions{}),
		"oldest":        sign(plain(), signOptions{at: testNow.Add(-DefaultSkew)}),
		"newest":        sign(plain(), signOptions{at: testNow.Add(DefaultSkew)}),
		"least signed":  sign(plain(), signOptions{signed: []string{"host", "x-amz-date", "x-amz-target"}}),
		"last second":   sign(plain(), signOptions{at: testNow.Add(-time.Hour), query: true, expires: "3600"}),
		"Date alone":    dateSigned(bare),
		"other spacing": respaced(sign(plain(), signOptions{})),
	} {
		if c, err := Verify(r, testKeys, testNow, states); err != nil || c != (Caller{testID, "user:ada"}) {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

// dateSigned signs a request whose time stands in its Date header.
func dateSigned(r Request) Request {
	signed := []string{"date", "host", "x-amz-target"}
	scope := testID + "/" + testNow.Format(dayForm) + "/us-east-1/states/aws4_request"
	c := &credential{scope: scope, stamp: testNow.Format(stampForm)}
	sum := signatureOf(testSecret, c, string(appendHead(nil, &r, nil, signed, false))+r.BodyHash)
	return with(r, "Authorization", algorithm+" Credential="+scope+",SignedHeaders=date;host;x-amz-target,Signature="+hex.EncodeToString(sum))
}

// respaced changes what a proxy may change: space around and within values.
func respaced(r Request) Request {
	return with(r, "X-Amz-Target", " \tAWSStepFunctions.StartSyncExecution ")
}

func TestSessionTokens(t *testing.T) {
	keys := func(id string) (Key, bool) { return NewKey("user:ada", testSecret, "right"), id == testID }
	for value, want := range map[string]bool{"right": true, "wrong": false, "": false} {
		r := plain()
		if value != "" {
			r = with(r, "X-Amz-Security-Token", value)
		}
		if _, err := Verify(sign(r, signOptions{}), keys, testNow, states); (err == nil) != want {
			t.Errorf("token %q: %v", value, err)
		}
	}
}

func TestNoKeyNoEntry(t *testing.T) {
	none := func(string) (Key, bool) { return Key{}, false }
	empty := func(string) (Key, bool) { return Key{}, true }
	for _, keys := range []Keys{none, empty} {
		if _, err := Verify(sign(plain(), signOptions{}), keys, testNow, states); err == nil || err.Error() != unrecognized().Error() {
			t.Errorf("%v", err)
		}
	}
}

func TestCanonicalPath(t *testing.T) {
	for raw, want := range map[string]string{"": "/", "/": "/", "/a%20b/": "/a%2520b/", "/a/./b/../c": "/a/c", "/../..": "/", "//a//": "/a/", "/a/..": "/", "/a/.": "/a/", "/a b": "/a%20b"} {
		if got := string(appendPath(nil, raw, false)); got != want {
			t.Errorf("%q gives %q, want %q", raw, got, want)
		}
	}
	if got := string(appendPath(nil, "//a/../", true)); got != "//a/../" {
		t.Errorf("kept as %q", got)
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	k := NewKey("user:ada", testSecret, testSecret)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb, k)
		fmt.Fprintf(&out, verb, &k)
		fmt.Fprintf(&out, verb, struct{ K Key }{k})
		fmt.Fprintf(&out, verb, map[string]Key{"k": k})
	}
	if s := out.String(); strings.Contains(s, testSecret) || strings.Contains(s, hex.EncodeToString([]byte(testSecret))) || !strings.Contains(s, "***") {
		t.Error("a key prints")
	}
}

func TestFromHTTP(t *testing.T) {
	h := httptest.NewRequest("POST", "/a%2Fb//?x=%41", strings.NewReader(testBody))
	h.Header["X-Two"] = []string{"1", "2"}
	r := FromHTTP(h)
	if r.Method != "POST" || r.RawPath != "/a%2Fb//" || r.RawQuery != "x=%41" || r.Host != "example.com" {
		t.Errorf("%+v", r)
	}
	if got := r.values("x-two"); !slices.Equal(got, []string{"1", "2"}) || !slices.Equal(r.values("content-length"), []string{"25"}) {
		t.Errorf("%v, %v", got, r.values("content-length"))
	}
	if _, ok := FromContext(h.Context()); ok {
		t.Error("a caller out of nothing")
	}
	if c, ok := FromContext(NewContext(h.Context(), Caller{"k", "p"})); !ok || c != (Caller{"k", "p"}) {
		t.Errorf("%v, %v", c, ok)
	}
}

// TestAnyChangeIsRefused signs requests of every shape and changes one byte of
// what was signed.
func TestAnyChangeIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9 ,;=%~é]{0,12}`)
		r := plain()
		r.Header = append(r.Header, Field{"X-Amz-Meta", "v" + text.Draw(t, "meta")})
		r.RawPath = "/" + rapid.StringMatching(`[a-z0-9%/ ]{0,8}`).Draw(t, "path")
		r.RawQuery = "q=" + string(appendEncoded(nil, text.Draw(t, "query"), false))
		r = sign(r, signOptions{query: rapid.Bool().Draw(t, "presigned")})
		if _, err := Verify(r, testKeys, testNow, states); err != nil {
			t.Fatalf("%v\n%+v", err, r)
		}
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			r = with(r, "X-Amz-Meta", r.values("x-amz-meta")[0]+"x")
		case 1:
			r.RawPath += "x"
		case 2:
			r.RawQuery = "q=x" + r.RawQuery[2:]
		case 3:
			r.BodyHash = hash(testBody + " ")
		case 4:
			r.Host += "0"
		}
		if _, err := Verify(r, testKeys, testNow, states); err == nil {
			t.Fatalf("taken: %+v", r)
		}
	})
}

// FuzzVerify: nothing panics, and nothing but the seed's own signature is taken.
func FuzzVerify(f *testing.F) {
	good, query := sign(plain(), signOptions{}), sign(plain(), signOptions{query: true, expires: "60"})
	f.Add("POST", "/", "", authorization(good), good.values(headerDate)[0], "h", "v")
	f.Add("POST", "/", query.RawQuery, "", "", "X-Amz-Target", "x")
	f.Add("GET", "/%/../é", "&&=&%4", "AWS4-HMAC-SHA256 Credential=////, SignedHeaders=;;, Signature=", "00000000T000000Z", "", "")
	f.Fuzz(func(t *testing.T, method, path, query, auth, date, name, value string) {
		r := Request{Method: method, RawPath: path, RawQuery: query, Host: "h", BodyHash: hash(""), Header: []Field{{name, value}}}
		if auth != "" {
			r.Header = append(r.Header, Field{"Authorization", auth})
		}
		if date != "" {
			r.Header = append(r.Header, Field{"X-Amz-Date", date})
		}
		_, err := Verify(r, testKeys, testNow, states)
		var e *Error
		if !errors.As(err, &e) || e.Code == "" || e.Message == "" {
			t.Errorf("%v for %+v", err, r)
		}
		if strings.Contains(err.Error(), testSecret) {
			t.Error("the refusal holds the secret")
		}
	})
}
