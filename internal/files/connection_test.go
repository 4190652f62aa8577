package files

import (
	"path/filepath"
	"strings"
	"testing"
)

// connectionFaults are what a connection's file gives, one a line.
func connectionFaults(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "connections", "partner.yaml"), text)
	_, faults := Load(dir)
	var b strings.Builder
	for _, d := range faults {
		if strings.HasSuffix(d.File, "partner.yaml") {
			b.WriteString(d.Text())
		}
	}
	return b.String()
}

// TestAConnectionsFaultsHoldNoSecret: whatever is wrong with the file, what stands
// in it as a value is not repeated.
func TestAConnectionsFaultsHoldNoSecret(t *testing.T) {
	const canary = "canary-7d1f"
	for name, text := range map[string]string{
		"written out":       "AuthorizationType: BASIC\nAuthParameters:\n  BasicAuthParameters: {Username: ada, Password: " + canary + "}\n",
		"a misspelled key":  "AuthorizationType: BASIC\nAuthParameters:\n  BasicAuthParameters:\n    Username: ada\n    Pasword: " + canary + "\n    Password: {secret: 'env://P'}\n",
		"not readable":      "AuthorizationType: BASIC\nAuthParameters: {BasicAuthParameters: {Username: ada, Password: \"" + canary + "}}\n",
		"in a list":         "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X, ApiKeyValue: [" + canary + "]}\n",
		"as a reference":    "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X, ApiKeyValue: {secret: " + canary + "}}\n",
		"a secret header":   "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X, ApiKeyValue: {secret: 'env://P'}}\n  InvocationHttpParameters:\n    HeaderParameters: [{Key: A, Value: " + canary + ", IsValueSecret: true}]\n",
		"the wrong kind":    "AuthorizationType: BASIC\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X, ApiKeyValue: " + canary + "}\n",
		"twice":             "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X, ApiKeyValue: " + canary + ", ApiKeyValue: " + canary + "}\n",
		"a name is a value": "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: 'a b', ApiKeyValue: " + canary + "}\n",
	} {
		got := connectionFaults(t, text)
		if got == "" || strings.Contains(got, canary) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestConnectionFaults(t *testing.T) {
	oauth := func(endpoint string) string {
		return "AuthorizationType: OAUTH_CLIENT_CREDENTIALS\nAuthParameters:\n  OAuthParameters:\n    AuthorizationEndpoint: " + endpoint +
			"\n    HttpMethod: POST\n    ClientParameters: {ClientID: c, ClientSecret: {secret: 'env://S'}}\n"
	}
	for text, want := range map[string]string{
		oauth("https://login.example.com/token?tenant=1"): "",
		oauth("http://127.0.0.1:9/token"):                 "",
		oauth("http://login.example.com/token"):           "must be an https URL",
		oauth("https://u:p@login.example.com/token"):      "must be an https URL",
		oauth("login.example.com/token"):                  "must be an https URL",
		oauth("https://a.example/t") + "  BasicAuthParameters: {Username: a, Password: {secret: 'env://P'}}\n":                      "does not go with AuthorizationType OAUTH_CLIENT_CREDENTIALS",
		"AuthorizationType: BASIC\nAuthParameters:\n  BasicAuthParameters: {Username: 'a:b', Password: {secret: 'env://P'}}\n":      "no colon",
		"AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: te, ApiKeyValue: {secret: 'env://P'}}\n": "cannot set the header te",
		"AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X, ApiKeyValue: {secret: 'env://P'}}\n" +
			"  InvocationHttpParameters: {HeaderParameters: [{Key: Connection, Value: X}]}\n": "cannot set the header Connection",
		"AuthorizationType: BASIC\nAuthParameters: {}\n": "needs BasicAuthParameters",
	} {
		if got := connectionFaults(t, text); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s\n%s; want %q", text, got, want)
		}
	}
}
