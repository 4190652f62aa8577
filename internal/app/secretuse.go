package app

import (
	"context"
	"slices"
	"strings"

	"stile/internal/config"
	"stile/internal/console"
	"stile/internal/files"
	"stile/internal/secret"
)

// secretBook is console.Secrets: the references of the project that runs now.
type secretBook struct {
	project func() *project
	store   *secret.Store
}

// secretUses are references by what needs them.
type secretUses map[secret.Ref][]string

func (u secretUses) add(ref secret.Ref, who string) {
	if !ref.IsZero() && !slices.Contains(u[ref], who) {
		u[ref] = append(u[ref], who)
	}
}

// written adds a reference as stile.yaml has it; one that cannot be read is told of
// by the project's faults.
func (u secretUses) written(dir string, ref config.SecretRef, who string) {
	if parsed, err := secret.Parse(ref.Text); ref.Text != "" && err == nil {
		u.add(parsed.Under(dir), who)
	}
}

// secretUsesOf finds every reference of a project.
func secretUsesOf(p *files.Project) secretUses {
	u := secretUses{}
	for _, c := range p.APIM.Certificates {
		u.add(c.Ref, "certificate "+c.ID)
	}
	for _, nv := range p.APIM.NamedValues {
		u.add(nv.Ref, "named value "+nv.ID)
	}
	for _, s := range p.APIM.Subscriptions {
		for _, k := range s.Keys {
			u.add(k.Ref, "subscription "+s.ID)
		}
	}
	for _, c := range p.Connections {
		who := "connection " + c.Name
		u.add(c.APIKeyValue, who)
		u.add(c.Password, who)
		lists := [][]files.Parameter{c.Headers, c.Query, c.Body}
		if o := c.OAuth; o != nil {
			u.add(o.ClientSecret, who)
			lists = append(lists, o.Headers, o.Query, o.Body)
		}
		for _, list := range lists {
			for _, par := range list {
				u.add(par.Secret, who)
			}
		}
	}
	for _, c := range p.Config.Identity.Providers {
		u.written(p.Dir, c.ClientSecret, "identity provider "+c.Name)
	}
	for _, k := range p.Config.AccessKeys {
		u.written(p.Dir, k.Secret, "access key "+k.ID)
	}
	for _, n := range p.Config.Notify {
		who, _, _ := strings.Cut(n.URL, "?")
		u.written(p.Dir, n.Secret, "notices to "+who)
	}
	u.written(p.Dir, p.Config.Lambda.AccessKey.Secret, "lambda.access-key")
	u.written(p.Dir, p.Config.Lambda.AccessKey.Token, "lambda.access-key")
	u.written(p.Dir, p.Config.Telemetry.AppInsights, "telemetry.appinsights")
	for _, list := range u {
		slices.Sort(list)
	}
	return u
}

// List gives every reference with how it stands.
func (b secretBook) List() []console.SecretUse {
	var out []console.SecretUse
	for ref, who := range secretUsesOf(b.project().Project) {
		state, _ := b.store.State(ref)
		out = append(out, console.SecretUse{State: state, UsedBy: who})
	}
	slices.SortFunc(out, func(x, y console.SecretUse) int { return strings.Compare(x.Ref, y.Ref) })
	return out
}

// Refresh asks the sources of all references.
func (b secretBook) Refresh(ctx context.Context) error {
	var refs []secret.Ref
	for ref := range secretUsesOf(b.project().Project) {
		refs = append(refs, ref)
	}
	b.store.Refresh(ctx, refs...)
	return ctx.Err()
}
