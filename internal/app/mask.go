package app

import (
	"context"
	"fmt"
	"os"
	"strings"

	"stile/internal/callback"
	"stile/internal/files"
	"stile/internal/secret"
	"stile/internal/sfn"
)

// maskedDeliveries takes secrets out of what a callback brings, before it is
// journalled: a service outside may send back what it was sent.
type maskedDeliveries struct {
	callback.Host
	mask *secret.Masker
}

// Deliver completes a task with what is left.
func (h maskedDeliveries) Deliver(ctx context.Context, d sfn.Delivery) (sfn.DeliveryAnswer, error) {
	d.Output, d.Error, d.Cause = h.mask.MaskJSON(d.Output), h.mask.MaskString(d.Error), h.mask.MaskString(d.Cause)
	d.ID = h.mask.MaskString(d.ID)
	return h.Host.Deliver(ctx, d)
}

// sourceCredentials are the variables that vaults and the source of managed
// identities are asked with.
var sourceCredentials = []string{"AZURE_CLIENT_SECRET", "VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "IDENTITY_HEADER"}

// know registers the secrets that come from no source: what sources are asked with,
// and what stands in a project's files themselves, keys of subscriptions and named
// values that say secret. taking is held.
func (x *secrets) know(p *files.Project) {
	now := map[string]bool{}
	keep := func(owner string, v secret.Value) {
		now[owner] = true
		x.mask.Keep(owner, v)
	}
	for _, nv := range p.APIM.NamedValues {
		if nv.Secret && nv.Ref.IsZero() {
			keep("named-value/"+nv.ID, secret.NewValue(nv.Value))
		}
	}
	for _, sub := range p.Config.Subscriptions {
		for i, k := range sub.DevKeys {
			keep(fmt.Sprintf("subscription/%s/%d", sub.ID, i), secret.NewValue(k))
		}
	}
	for _, name := range sourceCredentials {
		keep("environment/"+name, secret.NewValue(os.Getenv(name)))
	}
	if text, err := secret.ReadFile(x.ageIdentity()); err == nil {
		for i, line := range strings.Split(string(text), "\n") {
			if !strings.HasPrefix(line, "#") {
				keep(fmt.Sprintf("age-identity/%d", i), secret.NewValue(strings.TrimSpace(line)))
			}
		}
	}
	for owner := range x.known {
		if !now[owner] {
			x.mask.Drop(owner)
		}
	}
	x.known = now
}

// maskedAnswers takes secrets out of what workers answer through AWS's API.
type maskedAnswers struct {
	auditedHost
	mask *secret.Masker
}

// SendTaskSuccess completes a task with what is left.
func (h maskedAnswers) SendTaskSuccess(ctx context.Context, token string, output jsonValue) error {
	return h.auditedHost.SendTaskSuccess(ctx, token, h.mask.MaskJSON(output))
}

// SendTaskFailure fails a task with what is left.
func (h maskedAnswers) SendTaskFailure(ctx context.Context, token, errorName, cause string) error {
	return h.auditedHost.SendTaskFailure(ctx, token, h.mask.MaskString(errorName), h.mask.MaskString(cause))
}
