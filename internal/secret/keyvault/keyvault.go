// Package keyvault fetches secrets from Azure Key Vault: references kv://.
//
// It holds the Azure libraries (azidentity, azsecrets) behind secret.Source; app
// makes it. Credentials come from the environment under Azure's own names:
// AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are client
// credentials; AZURE_FEDERATED_TOKEN_FILE is a workload identity; else the
// machine's managed identity is used, that of AZURE_CLIENT_ID if set.
//
// Invariants: a token goes to a host of Key Vault alone and follows no redirect;
// no error quotes what Azure sent.
package keyvault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"stile/internal/secret"
)

// Config of a Source.
type Config struct {
	// Getenv reads the environment.
	Getenv func(string) string
	// Transport carries the calls to Key Vault and to the token endpoint; nil is
	// the network.
	Transport http.RoundTripper
}

// Source fetches secrets of any vault that its one credential may read.
type Source struct {
	cfg     Config
	options azcore.ClientOptions

	mu         sync.Mutex
	credential azcore.TokenCredential
	clients    map[string]*azsecrets.Client // by host of the vault
}

// New makes a Source. The credential is made when it is first needed.
func New(cfg Config) *Source {
	return &Source{cfg: cfg, clients: map[string]*azsecrets.Client{}, options: azcore.ClientOptions{
		Transport: secret.Client(cfg.Transport, machine(cfg.Getenv)),
		// The Store tries again, on its own schedule.
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{ApplicationID: "stile"},
	}}
}

// machine says which hosts give out tokens of the machine's managed identity: the
// metadata service, and what App Service, Arc and their like name in the
// environment, often a link-local address.
func machine(getenv func(string) string) func(host string) bool {
	return func(host string) bool {
		if host == "169.254.169.254" {
			return true
		}
		for _, name := range []string{"IDENTITY_ENDPOINT", "IMDS_ENDPOINT", "MSI_ENDPOINT"} {
			if u, err := url.Parse(getenv(name)); err == nil && host != "" && u.Hostname() == host {
				return true
			}
		}
		return false
	}
}

// Fetch reads the newest version of the secret, or the one that ref names.
func (s *Source) Fetch(ctx context.Context, ref secret.Ref) (secret.Value, error) {
	host, name, version := ref.KeyVault()
	client, err := s.client(host)
	if err != nil {
		return secret.Value{}, err
	}
	got, err := client.GetSecret(ctx, name, version, nil)
	switch {
	case err != nil:
		return secret.Value{}, explain(err)
	case got.Value == nil:
		return secret.Value{}, nil
	}
	return secret.NewValue(*got.Value), nil
}

func (s *Source) client(host string) (*azsecrets.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[host]; c != nil {
		return c, nil
	}
	if s.credential == nil {
		made, err := s.identify()
		if err != nil {
			return nil, errors.New("the credentials of Azure in the environment cannot be used: see AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET")
		}
		s.credential = made
	}
	c, err := azsecrets.NewClient("https://"+host, s.credential, &azsecrets.ClientOptions{ClientOptions: s.options})
	if err != nil {
		return nil, errors.New("the vault's address cannot be used")
	}
	s.clients[host] = c
	return c, nil
}

func (s *Source) identify() (azcore.TokenCredential, error) {
	tenant, id, key := s.cfg.Getenv("AZURE_TENANT_ID"), s.cfg.Getenv("AZURE_CLIENT_ID"), s.cfg.Getenv("AZURE_CLIENT_SECRET")
	file := s.cfg.Getenv("AZURE_FEDERATED_TOKEN_FILE")
	switch {
	case key != "":
		return azidentity.NewClientSecretCredential(tenant, id, key, &azidentity.ClientSecretCredentialOptions{ClientOptions: s.options})
	case file != "":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: s.options,
			TenantID: tenant, ClientID: id, TokenFilePath: file})
	}
	o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: s.options}
	if id != "" {
		o.ID = azidentity.ClientID(id)
	}
	return azidentity.NewManagedIdentityCredential(o)
}

// explain makes an error of ours of one of Azure's, which quote whole answers.
func explain(err error) error {
	var refused *azcore.ResponseError
	var denied *azidentity.AuthenticationFailedError
	switch {
	case errors.As(err, &denied) && denied.RawResponse != nil:
		return fmt.Errorf("Entra ID gave no token for the vault: status %d; see the tenant, client and client secret in the environment", denied.RawResponse.StatusCode)
	case errors.As(err, &denied) && errors.Is(err, context.DeadlineExceeded):
		return errors.New("Entra ID, which gives the token for the vault, did not answer in time")
	case errors.As(err, &denied):
		return errors.New("no token for the vault: Entra ID or the managed identity's endpoint cannot be reached")
	case !errors.As(err, &refused):
		return errors.New("Key Vault: " + secret.Reason(err))
	}
	switch {
	case refused.StatusCode == http.StatusNotFound:
		return errors.New("Key Vault has no such secret or version")
	case refused.StatusCode == http.StatusForbidden && strings.Contains(refused.ErrorCode, "Disabled"):
		return errors.New("the secret is disabled in Key Vault")
	case refused.StatusCode == http.StatusForbidden, refused.StatusCode == http.StatusUnauthorized:
		return errors.New("Key Vault does not let this identity read the secret: give it the role Key Vault Secrets User")
	case refused.StatusCode == http.StatusTooManyRequests:
		return errors.New("Key Vault throttles this identity")
	}
	return fmt.Errorf("Key Vault answered %d", refused.StatusCode)
}
