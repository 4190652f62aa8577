package config

import (
	"strings"

	"stile/internal/config/doctree"
)

// GatewayTLS is the key gateway-tls: what the gateway's listener over TLS proves, and
// what it asks of callers.
type GatewayTLS struct {
	// Certificates are ids of certificates; the first one is for callers that name no
	// host, or one that none is for.
	Certificates []string
	// NoClientCertificates: callers are not asked for a certificate.
	NoClientCertificates bool
	// Authorities are PEM texts of who may have signed callers' certificates; none: the
	// machine's own list.
	Authorities []SecretRef
	// HopHeader is the field in which trusted hops pass a caller's certificate on, in
	// lower case: one of HopHeaders, or empty for none.
	HopHeader string
	Line      int
}

// HopHeaders are the fields that a proxy may pass a caller's certificate on in: RFC
// 9440's, and that of Azure's front ends.
var HopHeaders = []string{"client-cert", "x-arr-clientcert"}

func (r *reader) gatewayTLS(n *doctree.Node) {
	g := &r.cfg.GatewayTLS
	g.Line = n.Line
	var ask, header string
	r.Map(n, "gateway-tls",
		doctree.Field{Name: "certificates", Read: r.Texts(&g.Certificates)},
		doctree.Field{Name: "client-certificates", Read: r.OneOf(&ask, "request", "off")},
		doctree.Field{Name: "authorities", Read: r.Each(func(n *doctree.Node) {
			var ref SecretRef
			r.secretRef("an authority", &ref)(n)
			g.Authorities = append(g.Authorities, ref)
		})},
		doctree.Field{Name: "hop-header", Read: func(n *doctree.Node) {
			r.OneOf(&header, "Client-Cert", "X-ARR-ClientCert")(n)
			g.HopHeader = strings.ToLower(header)
		}})
	g.NoClientCertificates = ask == "off"
}
