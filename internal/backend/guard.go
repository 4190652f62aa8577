package backend

import (
	"fmt"
	"net/netip"
	"syscall"
)

type dialControl = func(network, address string, c syscall.RawConn) error

// refusedAddress is the fault of a backend URL that came from an expression and
// leads to an address inside the host or its network.
type refusedAddress struct{ addr netip.Addr }

// Error names the address.
func (e *refusedAddress) Error() string {
	return fmt.Sprintf("the address %s is not a public one, and the URL came from a policy expression", e.addr)
}

// internalRanges are addresses that a URL made of request data must not reach,
// beside those that netip itself knows to be special (IANA special-purpose
// registries; 168.63.129.16 is Azure's host).
var internalRanges = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("::/96"), netip.MustParsePrefix("fec0::/10"),
}

// refuseInternal sees the address that is really dialled, behind every name.
func refuseInternal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := ap.Addr().Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return &refusedAddress{ip}
	}
	for _, p := range internalRanges {
		if p.Contains(ip) {
			return &refusedAddress{ip}
		}
	}
	return nil
}
