package awssdk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	keyID     = "AKIDSDK"
	keySecret = "wJalr/+secret of the SDK="
	badKey    = "The security token included in the request is invalid."
	badSign   = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

// served runs `stile serve` on testdata/served until the test ends.
func served(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("STILE")
	if binary == "" {
		t.Skip("STILE is not set: `stile serve` cannot be started with keys of this test")
	}
	stop, address, err := startServer(binary, "serve", "served", "STILE_SDK_KEY="+keySecret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}

// caller is the SDK's client with the given credentials; without an id it does
// not sign.
func caller(address, region string, c aws.Credentials) *sfn.Client {
	o := sfn.Options{Region: region, BaseEndpoint: aws.String(address), Credentials: aws.AnonymousCredentials{}}
	if c.AccessKeyID != "" {
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
	}
	return sfn.New(o)
}

// TestServeVerifies asks a server that wants signatures, with right keys and wrong.
func TestServeVerifies(t *testing.T) {
	address := served(t)
	good := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: keySecret}
	t.Run("right key", func(t *testing.T) {
		c := caller(address, "us-east-1", good)
		x := finished(t, c, start(t, c, machine(t, c, "signed", passes), "one", `{"text": "ü ~ % +"}`))
		if x.Status != types.ExecutionStatusSucceeded {
			t.Errorf("ended as %+v", x)
		}
	})
	t.Run("key in a file", func(t *testing.T) {
		c := caller(address, "us-east-1", aws.Credentials{AccessKeyID: "AKIDFILE", SecretAccessKey: "kept-in-a-file"})
		if _, err := c.ListStateMachines(t.Context(), nil); err != nil {
			t.Error(err)
		}
		var none *types.ExecutionDoesNotExist
		var refused smithy.APIError
		absent := aws.String("arn:aws:states:us-east-1:111111111111:execution:signed:absent")
		_, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: absent})
		want := "User: key:AKIDFILE is not authorized to perform: states:DescribeExecution on resource: " + *absent +
			" because no identity-based policy allows the states:DescribeExecution action"
		if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" || refused.ErrorMessage() != want {
			t.Errorf("who may not look gets %v, want %s", err, want)
		}
		_, err = caller(address, "us-east-1", good).DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: absent})
		if !errors.As(err, &none) {
			t.Errorf("who may look gets %v", err)
		}
	})
	t.Run("sync- host and plain host", func(t *testing.T) {
		for name, host := range map[string]func(*sfn.Options){"plain": plainHost, "prefixed": resolved, "proxied": proxied(address)} {
			_, err := caller(address, "us-east-1", good).TestState(t.Context(), &sfn.TestStateInput{
				Definition: aws.String(`{"Type":"Succeed"}`), RoleArn: aws.String(role)}, host)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("body changed behind the signature", func(t *testing.T) {
		_, err := caller(address, "us-east-1", good).ListStateMachines(t.Context(), nil, altered)
		wantCode(t, err, "InvalidSignatureException", badSign)
	})
	for _, tt := range []struct {
		name, region, code, message string
		c                           aws.Credentials
	}{
		{"wrong secret", "us-east-1", "InvalidSignatureException", badSign, aws.Credentials{AccessKeyID: keyID, SecretAccessKey: keySecret + "x"}},
		{"another key's secret", "us-east-1", "InvalidSignatureException", badSign, aws.Credentials{AccessKeyID: "AKIDFILE", SecretAccessKey: keySecret}},
		{"unknown key", "us-east-1", "UnrecognizedClientException", badKey, aws.Credentials{AccessKeyID: "AKIDNOT", SecretAccessKey: keySecret}},
		{"session token", "us-east-1", "UnrecognizedClientException", badKey, aws.Credentials{AccessKeyID: keyID, SecretAccessKey: keySecret, SessionToken: "t"}},
		{"other region", "eu-west-1", "InvalidSignatureException", "Credential should be scoped to a valid region, not 'eu-west-1'.", good},
		{"no key", "us-east-1", "MissingAuthenticationTokenException", "Missing Authentication Token", aws.Credentials{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := caller(address, tt.region, tt.c).ListStateMachines(t.Context(), nil)
			wantCode(t, err, tt.code, tt.message)
		})
	}
}

// altered changes the body of a request once it is signed.
func altered(o *sfn.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("altered",
			func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				r, err := in.Request.(*smithyhttp.Request).SetStream(strings.NewReader(`{"maxResults":1}`))
				if err != nil {
					return middleware.FinalizeOutput{}, middleware.Metadata{}, err
				}
				r.ContentLength = int64(len(`{"maxResults":1}`))
				in.Request = r
				return next.HandleFinalize(ctx, in)
			}), middleware.After)
	})
}

// TestServeVerifiesPresigned signs with AWS's own signer, in both forms and at
// other times.
func TestServeVerifiesPresigned(t *testing.T) {
	address := served(t)
	now := time.Now()
	for _, tt := range []struct {
		name, want string
		presigned  bool
		at         time.Time
		query      string
		changed    bool
		text       string
	}{
		{name: "header", at: now},
		{name: "presigned", presigned: true, at: now},
		{name: "presigned, an hour old", presigned: true, at: now.Add(-time.Hour), query: "X-Amz-Expires=3700"},
		{name: "odd query", at: now, query: "b=%2F&a=x%20y&a=&c"},
		{name: "body changed", at: now, changed: true, want: "InvalidSignatureException", text: regexp.QuoteMeta(badSign)},
		{name: "presigned, body changed", presigned: true, at: now, changed: true, want: "InvalidSignatureException", text: regexp.QuoteMeta(badSign)},
		{name: "old", at: now.Add(-6 * time.Minute), want: "InvalidSignatureException",
			text: `Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)`},
		{name: "from the future", at: now.Add(6 * time.Minute), want: "InvalidSignatureException",
			text: `Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)`},
		{name: "presigned, expired", presigned: true, at: now.Add(-time.Hour), query: "X-Amz-Expires=60", want: "InvalidSignatureException",
			text: `Signature expired: .*`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, message := ask(t, address, tt.presigned, tt.at, tt.query, tt.changed)
			if code != tt.want {
				t.Errorf("got %q %s, want %q", code, message, tt.want)
			}
			if want := regexp.MustCompile("^" + tt.text + "$"); !want.MatchString(message) {
				t.Errorf("message %q, want %s", message, want)
			}
		})
	}
}

// ask signs a call of ListStateMachines and gives the error that it gets.
func ask(t *testing.T, address string, presigned bool, at time.Time, query string, changed bool) (code, message string) {
	t.Helper()
	const body = `{"maxResults": 10}`
	sum := sha256.Sum256([]byte(body))
	request := func(url string) *http.Request {
		sent := body
		if changed {
			sent = strings.Replace(body, "10", "11", 1)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", "AWSStepFunctions.ListStateMachines")
		return r
	}
	r, url := request(address+"/?"+query), ""
	creds := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: keySecret}
	var err error
	if presigned {
		url, _, err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true }).
			PresignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), "states", "us-east-1", at)
		if err == nil {
			r = request(url)
		}
	} else {
		err = v4.NewSigner().SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), "states", "us-east-1", at)
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Type    string `json:"__type"`
		Message string
	}
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	if wantStatus := map[bool]int{true: 400, false: 200}[e.Type != ""]; answer.StatusCode != wantStatus {
		t.Errorf("status %d with %s", answer.StatusCode, data)
	}
	return e.Type, e.Message
}
