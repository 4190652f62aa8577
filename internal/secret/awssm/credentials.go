package awssm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"stile/internal/secret"
)

// credentials of AWS. Their fields bear the names of the container endpoint's
// answer.
type credentials struct {
	AccessKeyId     string
	SecretAccessKey secret.Value `json:"-"`
	Token           secret.Value `json:"-"`
	Expiration      time.Time
}

// containerHost is where ECS answers for AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.
const containerHost = "http://169.254.170.2"

// credentials gives those of the environment, else those of the container, which
// are kept until five minutes before their end.
func (s *Source) credentials(ctx context.Context) (credentials, error) {
	env := s.cfg.Getenv
	if id, key := env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"); id != "" && key != "" {
		return credentials{AccessKeyId: id, SecretAccessKey: secret.NewValue(key), Token: secret.NewValue(env("AWS_SESSION_TOKEN"))}, nil
	}
	address, err := s.container()
	if err != nil {
		return credentials{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held.AccessKeyId != "" && s.cfg.Now().Before(s.held.Expiration.Add(-5*time.Minute)) {
		return s.held, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return credentials{}, errContainer
	}
	token := env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return credentials{}, errors.New("the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read")
		}
		token = strings.TrimSpace(string(data))
	}
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	status, body, err := secret.Exchange(s.client, req)
	if err != nil || status != http.StatusOK {
		return credentials{}, errors.New("the container's credentials of AWS cannot be fetched")
	}
	var got struct {
		credentials
		SecretAccessKey, Token string
	}
	if json.Unmarshal(body, &got) != nil || got.AccessKeyId == "" || got.SecretAccessKey == "" {
		return credentials{}, errors.New("the container's credentials of AWS cannot be read")
	}
	s.held = credentials{got.AccessKeyId, secret.NewValue(got.SecretAccessKey), secret.NewValue(got.Token), got.Expiration}
	return s.held, nil
}

var errContainer = errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI is no address that credentials may come from: https, or this machine, or the container's host")

// containerOwn are the link-local hosts at which ECS and EKS give credentials out.
func containerOwn(host string) bool {
	return host == "169.254.170.2" || host == "169.254.170.23" || host == "fd00:ec2::23"
}

// container gives the address of the container's credentials. In the clear it may
// be on this machine or at the link-local hosts of ECS and EKS alone.
func (s *Source) container() (string, error) {
	if path := s.cfg.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); strings.HasPrefix(path, "/") {
		return containerHost + path, nil
	}
	full := s.cfg.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if full == "" {
		return "", errors.New("there are no credentials of AWS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	u, err := url.Parse(full)
	if err != nil {
		return "", errContainer
	}
	if u.Port() == "" && u.User == nil && containerOwn(u.Hostname()) {
		return full, nil
	}
	origin := url.URL{Scheme: u.Scheme, Host: u.Host}
	if _, err := secret.Endpoint(origin.String()); err != nil {
		return "", errContainer
	}
	return full, nil
}
