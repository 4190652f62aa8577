package awssm_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stile/internal/secret"
	"stile/internal/secret/awssm"
	"stile/internal/sigv4"
)

const (
	canary = "canary-aws-e1b8"
	arn    = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// server plays Secrets Manager, which verifies each signature, and the endpoint of
// a container's credentials. Its refusals tell what it was sent.
func server(t *testing.T, credentials *int) *httptest.Server {
	t.Helper()
	keys := func(id string) (sigv4.Key, bool) {
		switch id {
		case "AKIDENV":
			return sigv4.NewKey("env", canary+"-key", ""), true
		case "AKIDBOX":
			return sigv4.NewKey("box", canary+"-box", canary+"-session"), true
		}
		return sigv4.Key{}, false
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		say := func(status int, body any) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body)
		}
		if r.URL.Path == "/creds" {
			*credentials++
			if r.Header.Get("Authorization") != canary+"-pod" {
				say(401, canary)
				return
			}
			say(200, map[string]any{"AccessKeyId": "AKIDBOX", "SecretAccessKey": canary + "-box", "Token": canary + "-session",
				"Expiration": noon.Add(time.Hour).Format(time.RFC3339)})
			return
		}
		body, _ := io.ReadAll(r.Body)
		sum := sha256.Sum256(body)
		region := "us-east-1"
		if strings.Contains(string(body), arn) {
			region = "eu-west-1"
		}
		in := sigv4.FromHTTP(r)
		in.BodyHash = hex.EncodeToString(sum[:])
		if _, err := sigv4.Verify(in, keys, noon, sigv4.Options{Service: "secretsmanager", Region: region}); err != nil {
			say(400, map[string]any{"__type": "com.amazonaws#InvalidSignatureException", "message": err.Error() + r.Header.Get("Authorization")})
			return
		}
		var ask struct{ SecretId string }
		_ = json.Unmarshal(body, &ask)
		text := map[string]string{"plain": canary, "prod/db": `{"password": "` + canary + `", "port": 5432, "more": {}, "on": true}`, arn: canary + "-arn"}
		types := map[string]string{"gone": "ResourceNotFoundException", "denied": "AccessDeniedException", "deleted": "InvalidRequestException",
			"busy": "ThrottlingException", "key": "DecryptionFailure", "odd": "InternalServiceError"}
		switch v, ok := text[ask.SecretId]; {
		case r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" || r.Method != "POST":
			say(400, map[string]any{"__type": "UnknownOperationException"})
		case ok:
			say(200, map[string]any{"Name": ask.SecretId, "SecretString": v, "VersionStages": []string{"AWSCURRENT"}})
		case ask.SecretId == "binary":
			say(200, map[string]any{"SecretBinary": []byte(canary)})
		case ask.SecretId == "text":
			_, _ = io.WriteString(w, canary)
		default:
			say(400, map[string]any{"__type": types[ask.SecretId], "message": canary})
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func open(env map[string]string) *awssm.Source {
	return awssm.New(awssm.Config{Getenv: func(n string) string { return env[n] }, Now: func() time.Time { return noon }})
}

func fetch(t *testing.T, s *awssm.Source, text string) (string, error) {
	t.Helper()
	ref, err := secret.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Fetch(t.Context(), ref)
	return v.Reveal(), err
}

func TestFetch(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(canary+"-pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked int
	url := server(t, &asked).URL
	for name, env := range map[string]map[string]string{
		"environment": {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": canary + "-key", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url},
		"container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
			"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL_SECRETS_MANAGER": url + "/"},
	} {
		s := open(env)
		for text, want := range map[string]string{"aws-sm://plain": canary, "aws-sm://prod/db#password": canary, "aws-sm://prod/db#port": "5432",
			"aws-sm://binary": canary, "aws-sm://" + arn: canary + "-arn"} {
			if got, err := fetch(t, s, text); got != want || err != nil {
				t.Errorf("%s: %s: %v", name, text, err)
			}
		}
	}
	if asked != 1 {
		t.Errorf("the container was asked %d times for credentials that live an hour", asked)
	}
}

func TestErrorsSayWhyAndNothingElse(t *testing.T) {
	var asked int
	url := server(t, &asked).URL
	for _, tt := range []struct{ ref, name, value, want string }{
		{"aws-sm://gone", "", "", "no such secret"},
		{"aws-sm://denied", "", "", "GetSecretValue"},
		{"aws-sm://deleted", "", "", "deleted"},
		{"aws-sm://busy", "", "", "throttles"},
		{"aws-sm://key", "", "", "decrypt"},
		{"aws-sm://odd", "", "", "answered 400"},
		{"aws-sm://text", "", "", "cannot be read"},
		{"aws-sm://plain#k", "", "", "no JSON object"},
		{"aws-sm://prod/db#none", "", "", "no such key"},
		{"aws-sm://prod/db#more", "", "", "neither text"},
		{"aws-sm://prod/db#on", "", "", "neither text"},
		{"aws-sm://plain", "AWS_SECRET_ACCESS_KEY", canary + "-wrong", "refuses the credentials"},
		{"aws-sm://plain", "AWS_REGION", "", "AWS_REGION is not set"},
		{"aws-sm://plain", "AWS_ENDPOINT_URL", "http://10.0.0.1", "https://"},
		{"aws-sm://plain", "AWS_ACCESS_KEY_ID", "", "no credentials"},
	} {
		env := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": canary + "-key", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}
		if tt.name != "" {
			env[tt.name] = tt.value
		}
		got, err := fetch(t, open(env), tt.ref)
		if err == nil || got != "" || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s with %s: %v; want %q", tt.ref, tt.name, err, tt.want)
		}
	}
	for uri, want := range map[string]string{url + "/creds": "cannot be fetched", "http://10.0.0.1/creds": "no address", "http://169.254.169.254/x": "no address"} {
		_, err := fetch(t, open(map[string]string{"AWS_REGION": "us-east-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": uri,
			"AWS_CONTAINER_AUTHORIZATION_TOKEN": canary + "-wrong"}), "aws-sm://plain")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v; want %q", uri, err, want)
		}
	}
	if _, err := fetch(t, open(map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_REGION": "evil.com/#"}), "aws-sm://plain"); err == nil ||
		!strings.Contains(err.Error(), "no region") {
		t.Error(err)
	}
}
