package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// AzureIdentity gives tokens of the managed identities of the machine that Stile
// runs on: a virtual machine, App Service, a container app, Arc (azidentity finds
// which). transport carries the calls to their endpoint, which is link-local as a
// rule; nil is the network, past any proxy.
// Redirects are not followed, and no error quotes what the endpoint sent.
func AzureIdentity(transport http.RoundTripper) FetchToken {
	if transport == nil {
		transport = &http.Transport{IdleConnTimeout: time.Minute, ResponseHeaderTimeout: fetchTimeout}
	}
	a := &azureIdentity{made: map[string]azcore.TokenCredential{}, options: azcore.ClientOptions{
		Transport: &http.Client{Transport: transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		// A request waits for the token: once more, and soon. ManagedTokens asks again.
		Retry:     policy.RetryOptions{MaxRetries: 1, RetryDelay: 300 * time.Millisecond, MaxRetryDelay: time.Second},
		Telemetry: policy.TelemetryOptions{ApplicationID: "stile"},
	}}
	return a.fetch
}

type azureIdentity struct {
	options azcore.ClientOptions
	mu      sync.Mutex
	made    map[string]azcore.TokenCredential // by client id
}

func (a *azureIdentity) credential(client string) (azcore.TokenCredential, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.made[client]; c != nil {
		return c, nil
	}
	o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: a.options}
	if client != "" {
		o.ID = azidentity.ClientID(client)
	}
	c, err := azidentity.NewManagedIdentityCredential(o)
	if err != nil {
		return nil, errors.New("this machine has no managed identity that can be used so")
	}
	a.made[client] = c
	return c, nil
}

func (a *azureIdentity) fetch(ctx context.Context, resource, client string) (string, time.Time, error) {
	c, err := a.credential(client)
	if err != nil {
		return "", time.Time{}, err
	}
	// The endpoint takes a resource; azidentity takes a scope and cuts it back.
	got, err := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}})
	var denied *azidentity.AuthenticationFailedError
	switch {
	case errors.As(err, &denied) && denied.RawResponse != nil:
		return "", time.Time{}, fmt.Errorf("the managed identity's endpoint answered %d", denied.RawResponse.StatusCode)
	case err != nil:
		return "", time.Time{}, errors.New("the managed identity's endpoint cannot be reached")
	}
	return got.Token, got.ExpiresOn, nil
}
