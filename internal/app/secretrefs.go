package app

import (
	"context"

	"stile/diag"
	"stile/internal/config"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/secret"
)

// needed are the references of stile.yaml without which callers cannot be proven:
// those of access keys and of identity providers.
func needed(c *config.Config) (refs []config.SecretRef) {
	for _, k := range c.AccessKeys {
		refs = append(refs, k.Secret)
	}
	for _, p := range c.Identity.Providers {
		refs = append(refs, p.ClientSecret)
	}
	return refs
}

// refFaults checks the references of stile.yaml, which config, that knows no
// secrets, cannot. An empty one is config's to judge.
func refFaults(c *config.Config) (out diag.List) {
	refs := append(needed(c), c.Telemetry.AppInsights)
	refs = append(refs, c.Lambda.AccessKey.Secret, c.Lambda.AccessKey.Token)
	if r := c.Redis; r != nil {
		refs = append(refs, r.Secret, r.Password, r.Authority)
	}
	for _, n := range c.Notify {
		refs = append(refs, n.Secret)
	}
	for _, ref := range refs {
		if _, err := secret.Parse(ref.Text); ref.Text != "" && err != nil {
			out = append(out, refFault(c, ref, files.CodeSecret, err))
		}
	}
	return out
}

// neededFaults asks for the secrets of needed: one that is not there keeps `serve`
// from starting, and is a warning in `dev`.
func (s *server) neededFaults(p *files.Project) (out diag.List) {
	ctx, cancel := context.WithTimeout(context.Background(), secret.DefaultTimeout)
	defer cancel()
	for _, written := range needed(p.Config) {
		ref, err := secret.Parse(written.Text)
		if err != nil {
			continue // told of by refFaults, or a public application
		}
		if _, err := s.secrets.store.Get(ctx, ref.Under(p.Dir)); err != nil {
			d := refFault(p.Config, written, gateway.CodeSecret, err)
			if s.mode == modeDev {
				d.Severity = diag.Warning
			}
			out = append(out, d)
		}
	}
	return out
}

func refFault(c *config.Config, ref config.SecretRef, code string, err error) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, File: c.File, Line: ref.Line, Column: ref.Column, Message: err.Error()}
}
