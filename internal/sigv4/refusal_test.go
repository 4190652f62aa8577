package sigv4

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// refusal is a request and what AWS answers to it.
type refusal struct {
	name, code, message string
	r                   Request
}

const (
	wrong   = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	badKey  = "The security token included in the request is invalid."
	oneForm = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified"
	veil    = "(Hashed with SHA-256 and encoded with Base64) Authorization="
	scope   = testID + "/20260304/us-east-1/states/aws4_request"
)

// edit changes the Authorization header of a well signed request.
func edit(old, new string) Request {
	good := sign(plain(), signOptions{})
	return with(good, "Authorization", strings.Replace(authorization(good), old, new, 1))
}

func presign(o signOptions) Request {
	o.query = true
	return sign(plain(), o)
}

func editQuery(r Request, old, new string) Request {
	r.RawQuery = strings.Replace(r.RawQuery, old, new, 1)
	return r
}

func changed(change func(*Request)) Request {
	r := sign(plain(), signOptions{})
	change(&r)
	return r
}

// rescoped signs with another credential scope.
func rescoped(old, new string) Request {
	return sign(plain(), signOptions{scope: strings.Replace(scope, old, new, 1)})
}

// headRefusals are about the Authorization header.
func headRefusals() []refusal {
	good := sign(plain(), signOptions{})
	auth := authorization(good)
	return []refusal{
		{"nothing", CodeMissing, "Missing Authentication Token", plain()},
		{"empty header", CodeMissing, "Missing Authentication Token", with(good, "Authorization", "")},
		{"bearer", CodeIncomplete, "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + veiled("tok") + "'.", with(good, "Authorization", "Bearer tok")},
		{"no algorithm", CodeIncomplete, "Authorization header must begin with the algorithm name, which cannot include an equal-sign", edit(algorithm+" ", "")},
		{"other algorithm", CodeIncomplete, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.", edit(algorithm, "AWS4-HMAC-SHA1")},
		{"foreign scheme", CodeIncomplete, "Unsupported AWS 'algorithm': 'Digest'.", edit(algorithm, "Digest")},
		{"algorithm alone", CodeIncomplete, "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. " + veil + veiled(algorithm), with(good, "Authorization", algorithm)},
		{"no date", CodeIncomplete, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " + veil + veiled(auth), with(good, "X-Amz-Date")},
		{"no signature", CodeIncomplete, "Authorization header requires 'Signature' parameter. " + veil + veiled(auth[:strings.Index(auth, ", Signature")]), with(good, "Authorization", auth[:strings.Index(auth, ", Signature")])},
		{"parameter twice", CodeIncomplete, "Authorization header has more than one parameter of one name. " + veil + veiled(auth+", Signature=0"), with(good, "Authorization", auth+", Signature=0")},
		{"two headers", CodeIncomplete, oneForm, with(good, "Authorization", auth, auth)},
		{"both forms", CodeIncomplete, oneForm, with(presign(signOptions{}), "Authorization", auth)},
	}
}

// coverRefusals are about what must be signed, and about time.
func coverRefusals() []refusal {
	good := sign(plain(), signOptions{})
	return []refusal{
		{"host not signed", CodeInvalid, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", sign(plain(), signOptions{signed: []string{"x-amz-date", "x-amz-target"}})},
		{"target not signed", CodeInvalid, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.", sign(plain(), signOptions{signed: []string{"host", "x-amz-date"}})},
		{"date not signed", CodeInvalid, "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.", sign(plain(), signOptions{signed: []string{"host", "x-amz-target"}})},
		{"target not presigned", CodeInvalid, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.", presign(signOptions{signed: []string{"host"}})},
		{"a header added", CodeInvalid, "'x-amz-extra' must be a 'SignedHeader' in the AWS Authorization.", with(good, "x-amz-extra", "1")},
		{"a signed header taken away", CodeInvalid, wrong, with(good, "Content-Type")},
		{"date's form", CodeIncomplete, "Date must be in ISO-8601 'basic format'. Got '2026-03-04T05:06:07Z'. See http://en.wikipedia.org/wiki/ISO_8601", with(good, "X-Amz-Date", "2026-03-04T05:06:07Z")},
		{"HTTP's form", CodeIncomplete, "Date must be in ISO-8601 'basic format'. Got 'Wed, 04 Mar 2026 05:06:07 GMT'. See http://en.wikipedia.org/wiki/ISO_8601", with(good, "X-Amz-Date", "Wed, 04 Mar 2026 05:06:07 GMT")},
		{"two dates", CodeIncomplete, "Date must be in ISO-8601 'basic format'. Got '20260304T050607Z,20260304T050607Z'. See http://en.wikipedia.org/wiki/ISO_8601", with(good, "X-Amz-Date", "20260304T050607Z", "20260304T050607Z")},
		{"expired", CodeInvalid, "Signature expired: 20260304T050106Z is now earlier than 20260304T050107Z (20260304T050607Z - 5 min.)", sign(plain(), signOptions{at: testNow.Add(-DefaultSkew - time.Second)})},
		{"not yet", CodeInvalid, "Signature not yet current: 20260304T051108Z is still later than 20260304T051107Z (20260304T050607Z + 5 min.)", sign(plain(), signOptions{at: testNow.Add(DefaultSkew + time.Second)})},
		{"presigned expired", CodeInvalid, "Signature expired: 20260304T050506Z is now earlier than 20260304T050507Z (20260304T050607Z - 1 min.)", presign(signOptions{at: testNow.Add(-61 * time.Second), expires: "60"})},
		{"presigned not yet", CodeInvalid, "Signature not yet current: 20260304T051108Z is still later than 20260304T051107Z (20260304T050607Z + 5 min.)", presign(signOptions{at: testNow.Add(DefaultSkew + time.Second), expires: "604800"})},
	}
}

// queryRefusals are about queries, presigned ones above all.
func queryRefusals() []refusal {
	return []refusal{
		{"expiry no number", CodeIncomplete, "X-Amz-Expires should be a number", presign(signOptions{expires: "1h"})},
		{"expiry below 0", CodeIncomplete, "X-Amz-Expires must be non-negative", presign(signOptions{expires: "-1"})},
		{"expiry over a week", CodeIncomplete, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds", presign(signOptions{expires: "604801"})},
		{"expiry raised", CodeInvalid, wrong, editQuery(presign(signOptions{expires: "60"}), "Expires=60", "Expires=61")},
		{"parameter missing", CodeIncomplete, "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.", editQuery(presign(signOptions{}), "X-Amz-Date=", "x=")},
		{"parameter doubled", CodeIncomplete, "AWS query-string parameters must include 'X-Amz-Date' once. Re-examine the query-string parameters.", editQuery(presign(signOptions{}), "X-Amz-Date=", "X-Amz-Date=1&X-Amz-Date=")},
		{"presigned algorithm", CodeIncomplete, "Unsupported AWS 'algorithm': 'none'.", editQuery(presign(signOptions{}), algorithm, "none")},
		{"query's escape", CodeMalformedQuery, "Illegal hex character in escape % pattern: %yy", changed(func(r *Request) { r.RawQuery = "a=%yy" })},
		{"query's end", CodeMalformedQuery, "Incomplete trailing escape % sequence", changed(func(r *Request) { r.RawQuery = "a=%4" })},
	}
}

// scopeRefusals are about the credential scope, keys and changed requests.
func scopeRefusals() []refusal {
	good := sign(plain(), signOptions{})
	auth := authorization(good)
	return []refusal{
		{"scope's parts", CodeIncomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDSTILE/20260304'", sign(plain(), signOptions{scope: testID + "/20260304"})},
		{"region", CodeInvalid, "Credential should be scoped to a valid region, not 'eu-west-1'.", rescoped("us-east-1", "eu-west-1")},
		{"service", CodeInvalid, "Credential should be scoped to correct service: 'states'.", rescoped("states", "sts")},
		{"terminator", CodeInvalid, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'.", rescoped("aws4_request", "aws5")},
		{"day", CodeInvalid, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260303' != '20260304', from '20260304T050607Z'.", rescoped("20260304", "20260303")},
		{"unknown key", CodeUnrecognized, badKey, rescoped(testID, "AKIDOTHER")},
		{"no key", CodeUnrecognized, badKey, rescoped(testID, "")},
		{"session token", CodeUnrecognized, badKey, sign(with(plain(), "X-Amz-Security-Token", "t"), signOptions{})},
		{"wrong secret", CodeInvalid, wrong, sign(plain(), signOptions{secret: "other"})},
		{"empty secret", CodeInvalid, wrong, sign(plain(), signOptions{secret: " "})},
		{"upper-case signature", CodeInvalid, wrong, with(good, "Authorization", auth[:len(auth)-64]+strings.ToUpper(auth[len(auth)-64:]))},
		{"half a signature", CodeInvalid, wrong, with(good, "Authorization", auth[:len(auth)-32])},
		{"other body", CodeInvalid, wrong, changed(func(r *Request) { r.BodyHash = hash("{}") })},
		{"other method", CodeInvalid, wrong, changed(func(r *Request) { r.Method = "GET" })},
		{"other path", CodeInvalid, wrong, changed(func(r *Request) { r.RawPath = "/x" })},
		{"query added", CodeInvalid, wrong, changed(func(r *Request) { r.RawQuery = "a" })},
		{"other host", CodeInvalid, wrong, changed(func(r *Request) { r.Host = "127.0.0.1:7400" })},
		{"other target", CodeInvalid, wrong, with(good, "X-Amz-Target", "AWSStepFunctions.DeleteStateMachine")},
		{"target doubled", CodeInvalid, wrong, with(good, "X-Amz-Target", "AWSStepFunctions.StartSyncExecution", "AWSStepFunctions.DeleteStateMachine")},
		{"body's hash is another's", CodeInvalid, "The provided 'x-amz-content-sha256' header does not match what was computed.", sign(with(plain(), "X-Amz-Content-Sha256", hash("")), signOptions{})},
		{"body not signed", CodeInvalid, "The provided 'x-amz-content-sha256' header does not match what was computed.", sign(with(plain(), "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), signOptions{})},
	}
}

// TestRefusals names each refusal in AWS's words.
func TestRefusals(t *testing.T) {
	cases := slices.Concat(headRefusals(), coverRefusals(), queryRefusals(), scopeRefusals())
	for _, tt := range cases {
		_, err := Verify(tt.r, testKeys, testNow, states)
		var e *Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Message != tt.message {
			t.Errorf("%s:\ngot  %v\nwant %s: %s", tt.name, err, tt.code, tt.message)
		}
	}
	t.Logf("%d refusals", len(cases))
	if len(cases) < 55 {
		t.Error("cases are missing")
	}
}
