package config

import (
	"regexp"
	"slices"

	"stile/internal/config/doctree"
)

// Certificate is one entry of certificates: what policies name by certificate-id.
type Certificate struct {
	ID string
	// Secret is a PEM text: the certificate, those that signed it, and its key.
	Secret       SecretRef
	Line, Column int
}

var certificateID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

func (r *reader) certificate(n *doctree.Node) {
	c := Certificate{Line: n.Line, Column: n.Column}
	r.Map(n, "a certificate",
		doctree.Field{Name: "id", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&c.ID)(n)
			if c.ID != "" && !certificateID.MatchString(c.ID) {
				r.Fault(n, doctree.CodeValue, "a certificate's id has 1 to 80 letters, digits, dots, - and _", "")
			}
		}},
		doctree.Field{Name: "secret", Required: true, Read: r.secretRef("a certificate", &c.Secret)})
	if c.ID != "" && slices.ContainsFunc(r.cfg.Certificates, func(o Certificate) bool { return o.ID == c.ID }) {
		r.Fault(n, doctree.CodeDuplicate, "another certificate has the id "+c.ID, "")
	}
	r.cfg.Certificates = append(r.cfg.Certificates, c)
}

// AzureIdentity is the managed identity of the machine, as Azure gives it.
const AzureIdentity = "azure"

// managedIdentity reads {source: azure}.
func (r *reader) managedIdentity(n *doctree.Node) {
	r.Map(n, "managed-identity", doctree.Field{Name: "source", Required: true, Read: r.OneOf(&r.cfg.ManagedIdentity, AzureIdentity)})
}
