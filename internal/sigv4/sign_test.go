package sigv4

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSignedRequestsVerify sends what Sign made to a server that verifies it.
func TestSignedRequestsVerify(t *testing.T) {
	var got Caller
	var refused error
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		in := FromHTTP(r)
		in.BodyHash = hash(r.Header.Get("Test-Body"))
		got, refused = Verify(in, testKeys, testNow, states)
	}))
	defer srv.Close()
	for _, tt := range []struct{ method, target, body, id, secret, code string }{
		{"GET", "/-/v1/executions?status=RUNNING&stateMachine=a%20b&max=5", "", testID, testSecret, ""},
		{"POST", "/-/v1/executions/arn:aws:states:us-east-1:1:execution:m:n%2Fx/stop", `{"error":"ü"}`, testID, testSecret, ""},
		{"POST", "/", "{}", testID, testSecret + "x", CodeInvalid},
		{"POST", "/", "{}", "OTHER", testSecret, CodeUnrecognized},
	} {
		r, err := http.NewRequest(tt.method, srv.URL+tt.target, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Test-Body", tt.body)
		Sign(r, []byte(tt.body), tt.id, tt.secret, testNow, states)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		e, _ := refused.(*Error)
		switch {
		case tt.code == "" && (refused != nil || got.KeyID != testID):
			t.Errorf("%s %s: %+v, %v", tt.method, tt.target, got, refused)
		case tt.code != "" && (e == nil || e.Code != tt.code):
			t.Errorf("%s %s: %v, want %s", tt.method, tt.target, refused, tt.code)
		}
	}
}
