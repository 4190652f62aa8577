package config

import (
	"net/netip"

	"stile/internal/config/doctree"
)

// trustedHop reads one entry of trusted-hops: an address, or a range as CIDR.
func (r *reader) trustedHop(n *doctree.Node) {
	var text string
	r.NonEmpty(&text)(n)
	if text == "" {
		return
	}
	p, err := netip.ParsePrefix(text)
	if a, alone := netip.ParseAddr(text); alone == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	switch {
	case err != nil:
		r.Fault(n, doctree.CodeValue, "a trusted hop is an address or a range of addresses", "write for example 10.0.0.0/8")
		return
	case p.Addr().Is4In6():
		r.Fault(n, doctree.CodeValue, "an IPv4 address is written as IPv4", "write for example 10.0.0.0/8")
		return
	case p.Bits() == 0:
		r.Fault(n, doctree.CodeValue, "a range of all addresses would let every caller choose an address",
			"name the proxies that stand before the gateway")
		return
	case p.Masked() != p:
		r.Fault(n, doctree.CodeValue, "the range has bits behind its length", "write "+p.Masked().String())
		return
	}
	r.cfg.TrustedHops = append(r.cfg.TrustedHops, p)
}
