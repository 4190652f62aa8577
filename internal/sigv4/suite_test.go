package sigv4

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stile/internal/recorded"
)

const (
	suiteID     = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var suiteTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// wire reads a request as a suite writes it; a folded line is one more value
// where split says so, else it goes on with the one before.
func wire(t *testing.T, text string, split bool) Request {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	method, rest, _ := strings.Cut(lines[0], " ")
	target, _, ok := cutLast(rest, " ")
	if !ok {
		t.Fatalf("no request line: %q", lines[0])
	}
	r := Request{Method: method, BodyHash: hash(body)}
	r.RawPath, r.RawQuery, _ = strings.Cut(target, "?")
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		switch last := len(r.Header) - 1; {
		case line[0] == ' ' && split:
			r.Header = append(r.Header, Field{r.Header[last].Name, line})
		case line[0] == ' ':
			r.Header[last].Value += "\n" + line
		case !ok:
			t.Fatalf("no header: %q", line)
		case strings.EqualFold(name, "host"):
			r.Host = value
		default:
			r.Header = append(r.Header, Field{name, value})
		}
	}
	return r
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// parts gives what Verify computes on its way, for comparison with a suite.
func parts(t *testing.T, r Request, keep bool) (canonical, toSign, signature string) {
	t.Helper()
	query, err := readQuery(r.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	var c credential
	if err := readCredential(&c, &r, query); err != nil {
		t.Fatal(err)
	}
	canonical = string(appendHead(nil, &r, query, c.signed, keep)) + r.BodyHash
	return canonical, string(c.appendToSign(nil, sha256.Sum256([]byte(canonical)))), c.signature
}

// TestClassicSuite runs AWS's first suite: header form, paths normalised.
func TestClassicSuite(t *testing.T) {
	root := recorded.Path(t, "conformance", "security", "sigv4/aws-sig-v4-test-suite")
	keys := func(token string) Keys {
		return func(id string) (Key, bool) { return NewKey("user:suite", suiteSecret, token), id == suiteID }
	}
	cases, canonicals, verified, refused := 0, 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".sreq") {
			return err
		}
		cases++
		name := strings.TrimSuffix(path, ".sreq")
		r := wire(t, read(t, path), true)
		o := Options{Service: "service", Region: "us-east-1"}
		var token string
		if tokens := r.values(headerToken); len(tokens) > 0 {
			token = tokens[0]
		}
		caller, err := Verify(r, keys(token), suiteTime, o)
		switch filepath.Base(name) {
		case "post-sts-header-after": // the token came after signing, so nothing vouches for it
			refused++
			if want := notSigned("X-Amz-Security-Token"); err == nil || err.Error() != want.Error() {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
			return nil
		case "post-x-www-form-urlencoded-parameters": // utf8 was signed and utf-8 is sent
			refused++
			if err == nil || err.Error() != mismatch().Error() {
				t.Errorf("%s: %v, want %v", name, err, mismatch())
			}
			r = with(r, "Content-Type", "application/x-www-form-urlencoded; charset=utf8")
			caller, err = Verify(r, keys(token), suiteTime, o)
		}
		if err != nil || caller != (Caller{suiteID, "user:suite"}) {
			t.Errorf("%s: %v, %v", name, caller, err)
			return nil
		}
		verified++
		canonical, toSign, signature := parts(t, r, false)
		if want := read(t, name+".sts"); toSign != want {
			t.Errorf("%s: string to sign\n%s\nwant\n%s", name, toSign, want)
		}
		if !strings.HasSuffix(read(t, name+".authz"), signature) {
			t.Errorf("%s: signature %s", name, signature)
		}
		// Two cases list content-length in their canonical request and did not sign it.
		if !strings.HasPrefix(filepath.Base(name), "post-x-www-form-urlencoded") {
			canonicals++
			if want := read(t, name+".creq"); canonical != want {
				t.Errorf("%s: canonical request\n%s\nwant\n%s", name, canonical, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("classic suite: %d cases, %d verified, %d canonical requests equal, %d refused on purpose", cases, verified, canonicals, refused)
	if cases < 31 || verified < 30 || canonicals < 28 || refused != 2 {
		t.Error("fewer cases than the suite has")
	}
}

// awsCase is context.json of a case of the newer suite.
type awsCase struct {
	Credentials struct{ Token string }
	Normalize   bool
	Expires     int64 `json:"expiration_in_seconds"`
	Region      string
	Service     string
	OmitToken   bool `json:"omit_session_token"`
}

// TestAWSCAuthSuite runs the suite of AWS's C library: each case in both forms.
func TestAWSCAuthSuite(t *testing.T) {
	root := recorded.Path(t, "conformance", "security", "sigv4_awscauth/tests/aws-signing-test-suite/v4")
	folders, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	cases, verified, refused := 0, 0, 0
	for _, f := range folders {
		dir := filepath.Join(root, f.Name())
		var c awsCase
		if err := json.Unmarshal([]byte(read(t, dir, "context.json")), &c); err != nil {
			t.Fatal(err)
		}
		keys := func(id string) (Key, bool) {
			return NewKey("user:suite", suiteSecret, c.Credentials.Token), id == suiteID
		}
		for _, form := range []string{"header", "query"} {
			cases++
			name := f.Name() + " " + form
			r := wire(t, read(t, dir, form+"-signed-request.txt"), false)
			o := Options{Service: c.Service, Region: c.Region, KeepPath: !c.Normalize}
			caller, err := Verify(r, keys, suiteTime, o)
			if c.OmitToken {
				refused++
				if err == nil {
					t.Errorf("%s: a token that is not signed was taken", name)
				}
				continue
			}
			if err != nil || caller != (Caller{suiteID, "user:suite"}) {
				t.Errorf("%s: %v, %v", name, caller, err)
				continue
			}
			verified++
			canonical, toSign, signature := parts(t, r, o.KeepPath)
			if want := read(t, dir, form+"-canonical-request.txt"); canonical != want {
				t.Errorf("%s: canonical request\n%s\nwant\n%s", name, canonical, want)
			}
			if want := read(t, dir, form+"-string-to-sign.txt"); toSign != want {
				t.Errorf("%s: string to sign\n%s\nwant\n%s", name, toSign, want)
			}
			if want := read(t, dir, form+"-signature.txt"); signature != want {
				t.Errorf("%s: signature %s, want %s", name, signature, want)
			}
			if form == "query" {
				late := suiteTime.Add(time.Duration(c.Expires+1) * time.Second)
				if _, err := Verify(r, keys, late, o); err == nil || !strings.HasPrefix(err.Error(), CodeInvalid+": Signature expired: ") {
					t.Errorf("%s: after its hour: %v", name, err)
				}
			}
		}
	}
	t.Logf("suite of aws-c-auth: %d signed requests, %d verified, %d refused on purpose", cases, verified, refused)
	if cases < 76 || verified < 74 || refused != 2 {
		t.Error("fewer cases than the suite has")
	}
}
