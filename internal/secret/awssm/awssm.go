// Package awssm fetches secrets from AWS Secrets Manager: references
// aws-sm://NAME[#KEY].
//
// It is one action, GetSecretValue, over the JSON protocol and a signer of some
// 60 lines, instead of the AWS SDK, whose credential chain brings twelve modules.
// app makes it. Region and credentials come from the environment under AWS's own
// names: AWS_REGION or AWS_DEFAULT_REGION; AWS_ACCESS_KEY_ID with
// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else the container's
// AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI;
// AWS_ENDPOINT_URL_SECRETS_MANAGER moves the endpoint.
//
// Invariants: credentials go where AWS's own tools would send them, never across
// a redirect; no error quotes what AWS sent.
package awssm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"stile/internal/secret"
)

// Config of a Source.
type Config struct {
	// Getenv reads the environment.
	Getenv func(string) string
	// Transport carries the calls; nil is the network.
	Transport http.RoundTripper
	Now       func() time.Time
}

// Source fetches secrets with one set of credentials.
type Source struct {
	cfg    Config
	client *http.Client

	mu   sync.Mutex
	held credentials // of the container, until they expire
}

// New makes a Source.
func New(cfg Config) *Source {
	return &Source{cfg: cfg, client: secret.Client(cfg.Transport, containerOwn)}
}

// Fetch reads the secret's current version (AWSCURRENT): all of it, or one key of
// the JSON object that it is.
func (s *Source) Fetch(ctx context.Context, ref secret.Ref) (secret.Value, error) {
	name, key := ref.AWS()
	body, err := s.call(ctx, name)
	if err != nil {
		return secret.Value{}, err
	}
	var answer struct {
		SecretString *string
		SecretBinary []byte
	}
	if json.Unmarshal(body, &answer) != nil {
		return secret.Value{}, errors.New("the answer of Secrets Manager cannot be read")
	}
	text := string(answer.SecretBinary)
	if answer.SecretString != nil {
		text = *answer.SecretString
	}
	if key == "" {
		return secret.NewValue(text), nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &fields) != nil {
		return secret.Value{}, errors.New("the secret is no JSON object, so it has no keys")
	}
	raw, ok := fields[key]
	if !ok {
		return secret.Value{}, errors.New("the secret has no such key")
	}
	var member string
	if json.Unmarshal(raw, &member) == nil {
		return secret.NewValue(member), nil
	}
	if bytes.ContainsAny(raw[:1], "{[ntf") {
		return secret.Value{}, errors.New("the key's value is neither text nor a number")
	}
	return secret.NewValue(string(raw)), nil
}

func (s *Source) call(ctx context.Context, name string) ([]byte, error) {
	region := s.region(name)
	if region == "" {
		return nil, errors.New("AWS_REGION is not set")
	}
	address, err := s.endpoint(region)
	if err != nil {
		return nil, err
	}
	held, err := s.credentials(ctx)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(struct{ SecretId string }{name})
	if err != nil {
		return nil, errors.New("the secret's name cannot be sent")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(payload))
	if err != nil {
		return nil, errors.New("the endpoint of Secrets Manager is no address of a server")
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "secretsmanager.GetSecretValue")
	sign(req, payload, held, region, s.cfg.Now())
	status, body, err := secret.Exchange(s.client, req)
	switch {
	case err != nil:
		return nil, errors.New("Secrets Manager: " + err.Error())
	case status != http.StatusOK:
		return nil, refusal(status, body)
	}
	return body, nil
}

// refusal explains an error of AWS by its type, one of those known here.
func refusal(status int, body []byte) error {
	var answer struct {
		Type string `json:"__type"`
	}
	// What cannot be read has no type, and is told by its status.
	_ = json.Unmarshal(body, &answer)
	kind := answer.Type[strings.LastIndex(answer.Type, "#")+1:]
	switch kind {
	case "ResourceNotFoundException":
		return errors.New("Secrets Manager has no such secret")
	case "AccessDeniedException":
		return errors.New("Secrets Manager does not let these credentials read the secret: allow secretsmanager:GetSecretValue")
	case "DecryptionFailure":
		return errors.New("Secrets Manager cannot decrypt the secret with its key")
	case "InvalidRequestException":
		return errors.New("the secret in Secrets Manager is being deleted")
	case "ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException", "InvalidClientTokenId":
		return errors.New("AWS refuses the credentials: they are wrong or have ended")
	case "ThrottlingException":
		return errors.New("Secrets Manager throttles these credentials")
	}
	return fmt.Errorf("Secrets Manager answered %d", status)
}

func (s *Source) region(name string) string {
	if parts := strings.Split(name, ":"); len(parts) > 3 {
		return parts[3]
	}
	if r := s.cfg.Getenv("AWS_REGION"); r != "" {
		return r
	}
	return s.cfg.Getenv("AWS_DEFAULT_REGION")
}

func (s *Source) endpoint(region string) (string, error) {
	for _, name := range []string{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"} {
		if text := s.cfg.Getenv(name); text != "" {
			u, err := secret.Endpoint(text)
			if err != nil {
				return "", errors.New(name + " " + err.Error())
			}
			return u.JoinPath("/").String(), nil
		}
	}
	if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", errors.New("AWS_REGION is no region's name")
	}
	domain := ".amazonaws.com/"
	if strings.HasPrefix(region, "cn-") {
		domain = ".amazonaws.com.cn/"
	}
	return "https://secretsmanager." + region + domain, nil
}
