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
	s.svc.ExternalCache = cfg.Redis != nil
	for _, c := range cfg.Certificates {
		if ref, ok := s.reference(cfg, c.Secret); ok {
			s.svc.Certificates = append(s.svc.Certificates, &apim.Certificate{ID: c.ID, Ref: ref, Place: apim.Place{File: filepath.ToSlash(cfg.File), Line: c.Line}})
		}
	}
	g := cfg.GatewayTLS
	s.svc.Listener = apim.Listener{Certificates: g.Certificates, NoClientCertificates: g.NoClientCertificates, HopHeader: g.HopHeader,
		Place: apim.Place{File: filepath.ToSlash(cfg.File), Line: g.Line}}
	for _, a := range g.Authorities {
		if ref, ok := s.reference(cfg, a); ok {
			s.svc.Listener.Authorities = append(s.svc.Listener.Authorities, apim.Authority{Ref: ref, Place: apim.Place{File: filepath.ToSlash(cfg.File), Line: a.Line}})
		}
	}
}

// reference reads a reference of stile.yaml.
func (s *serviceLoader) reference(cfg *config.Config, from config.SecretRef) (secret.Ref, bool) {
	ref, err := secret.Parse(from.Text)
	if err != nil {
		if from.Text != "" { // else it was told of
			s.faults = append(s.faults, diag.Diagnostic{Code: CodeSecret, Severity: diag.Error, File: filepath.ToSlash(cfg.File),
				Line: from.Line, Column: from.Column, Message: err.Error()})
		}
		return ref, false
	}
	return ref.Under(s.dir), true
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
