package files

import (
	"path/filepath"
	"time"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/internal/secret"
)

// credentials adds what stile.yaml gives policies to prove themselves with:
// certificates by reference, and whether there are managed identities.
func (s *serviceLoader) credentials(cfg *config.Config) {
	s.svc.ManagedIdentity, s.svc.TrustedHops = cfg.ManagedIdentity != "", cfg.TrustedHops
	for _, c := range cfg.Certificates {
		ref, err := secret.Parse(c.Secret.Text)
		if err != nil {
			if c.Secret.Text != "" { // else it was told of
				s.faults = append(s.faults, diag.Diagnostic{Code: CodeSecret, Severity: diag.Error, File: filepath.ToSlash(cfg.File),
					Line: c.Secret.Line, Column: c.Secret.Column, Message: err.Error()})
			}
			continue
		}
		s.svc.Certificates = append(s.svc.Certificates, &apim.Certificate{ID: c.ID, Ref: ref.Under(s.dir),
			Place: apim.Place{File: filepath.ToSlash(cfg.File), Line: c.Line}})
	}
}

// instant reads a time as API Management writes it, RFC 3339; null and an empty
// text are none.
func instant(r *doctree.Reader, to *time.Time) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind == doctree.Null || n.Text == "" {
			return
		}
		t, err := time.Parse(time.RFC3339, n.Text)
		if err != nil {
			r.Fault(n, doctree.CodeValue, "this is not a time", "write for example 2026-01-31T00:00:00Z")
			return
		}
		*to = t.UTC()
	}
}
