// Package reach says which IP addresses a connection may go to, by where its
// address came from.
//
// It resolves no name: it judges the address that a dialler is about to connect to,
// behind every name and redirect. backend's transports, the token endpoints of
// connections and whoever else dials for a project call it; Transport is for the
// documents and secrets that are fetched.
//
// Invariants: there is one table, ranges; an address of a cloud's
// metadata service is refused at every level, however it is written; what stands
// in no range and is not global unicast is refused.
package reach

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Level says how far an address may lead.
type Level uint8

const (
	// Public: public addresses alone. It is for every address that came from data or
	// an expression.
	Public Level = iota
	// Inside: loopback and private networks too. It is for a host that the
	// configuration writes out.
	Inside
)

// Kind is what the addresses of a range are.
type Kind uint8

const (
	// Never is reached at no level: metadata services, and addresses that name no host.
	Never Kind = iota
	// Inner is this machine and private networks: reached at level Inside.
	Inner
	// Carrier addresses hold an IPv4 address that a translator leads to. At level
	// Public they are refused, at Inside the address within is judged.
	Carrier
)

// Range is one entry of the table.
type Range struct {
	Prefix netip.Prefix
	Kind   Kind
	// What names the range for people.
	What string
}

func entry(prefix string, kind Kind, what string) Range {
	return Range{netip.MustParsePrefix(prefix), kind, what}
}

// ranges is the table: IANA's special-purpose registries of IPv4 and IPv6
// addresses, and the metadata services of clouds. The first range that holds an
// address decides.
var ranges = []Range{
	entry("169.254.169.254/32", Never, "a metadata service (AWS, Azure, Google)"),
	entry("fd00:ec2::/32", Never, "a metadata service (AWS)"),
	entry("168.63.129.16/32", Never, "the host of an Azure machine"),
	entry("100.100.100.200/32", Never, "a metadata service (Alibaba)"),
	entry("192.0.0.0/24", Never, "a protocol assignment, a metadata service (Oracle) among them"),
	entry("fd20:ce::/32", Never, "a metadata service (Google)"),

	entry("127.0.0.0/8", Inner, "loopback"),
	entry("::1/128", Inner, "loopback"),
	entry("10.0.0.0/8", Inner, "a private network"),
	entry("172.16.0.0/12", Inner, "a private network"),
	entry("192.168.0.0/16", Inner, "a private network"),
	entry("fc00::/7", Inner, "a private network"),
	entry("100.64.0.0/10", Inner, "a shared network of a carrier"),
	entry("198.18.0.0/15", Inner, "a network for benchmarks"),

	entry("0.0.0.0/8", Never, "no host's address"),
	entry("169.254.0.0/16", Never, "link-local"),
	entry("192.0.2.0/24", Never, "for documentation"),
	entry("198.51.100.0/24", Never, "for documentation"),
	entry("203.0.113.0/24", Never, "for documentation"),
	entry("192.88.99.0/24", Never, "a relay that is no more"),
	entry("224.0.0.0/4", Never, "multicast"),
	entry("240.0.0.0/4", Never, "reserved"),

	entry("::/128", Never, "no host's address"),
	entry("64:ff9b::/96", Carrier, "translated to IPv4 (NAT64)"),
	entry("64:ff9b:1::/48", Carrier, "translated to IPv4 (NAT64)"),
	entry("2002::/16", Carrier, "translated to IPv4 (6to4)"),
	entry("2001::/32", Carrier, "translated to IPv4 (Teredo)"),
	entry("::ffff:0:0:0/96", Carrier, "translated to IPv4 (SIIT)"),
	entry("::/96", Carrier, "an IPv4 address in IPv6"),
	entry("2001::/23", Never, "a protocol assignment"),
	entry("2001:db8::/32", Never, "for documentation"),
	entry("3fff::/20", Never, "for documentation"),
	entry("5f00::/16", Never, "segment routing"),
	entry("100::/64", Never, "discarded"),
	entry("fe80::/10", Never, "link-local"),
	entry("fec0::/10", Never, "site-local"),
	entry("ff00::/8", Never, "multicast"),
}

// global is what IANA has given out of IPv6 for hosts.
var global = netip.MustParsePrefix("2000::/3")

// Refused is the error for an address that a connection may not go to.
type Refused struct {
	Addr netip.Addr
	// What names the address's range.
	What  string
	Level Level
}

// Error names the address and why.
func (e *Refused) Error() string {
	s := "the address " + e.Addr.String() + " may not be called: it is " + e.What
	if e.Level == Public {
		s += ", and only a host that the configuration writes out may be inside"
	}
	return s
}

// Check gives a *Refused where addr may not be reached at a level.
func Check(addr netip.Addr, level Level) error {
	addr = addr.Unmap().WithZone("")
	for _, r := range ranges {
		if !r.Prefix.Contains(addr) {
			continue
		}
		switch {
		case r.Kind == Inner && level == Inside:
			return nil
		case r.Kind == Carrier && level == Inside:
			for _, v4 := range within(addr) {
				if refused := Check(v4, Inside); refused != nil {
					return &Refused{addr, r.What + ", and leads to " + v4.String(), level}
				}
			}
			return nil
		}
		return &Refused{addr, r.What, level}
	}
	if !addr.IsValid() || addr.Is6() && !global.Contains(addr) {
		return &Refused{addr, "given to no host", level}
	}
	return nil
}

// within gives the IPv4 addresses that an IPv6 address of a Carrier holds.
func within(addr netip.Addr) []netip.Addr {
	b := addr.As16()
	switch {
	case b[0] == 0x20 && b[1] == 0x02: // RFC 3056
		return []netip.Addr{netip.AddrFrom4([4]byte(b[2:6]))}
	case b[0] == 0x20 && b[1] == 0x01: // RFC 4380: server and, inverted, client
		return []netip.Addr{netip.AddrFrom4([4]byte(b[4:8])), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	case b[1] == 0x64 && b[5] == 1: // RFC 8215: prefixes of any length of RFC 6052 from 48
		return []netip.Addr{netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]}), netip.AddrFrom4([4]byte{b[7], b[9], b[10], b[11]}),
			netip.AddrFrom4([4]byte{b[9], b[10], b[11], b[12]}), netip.AddrFrom4([4]byte(b[12:16]))}
	}
	return []netip.Addr{netip.AddrFrom4([4]byte(b[12:16]))}
}

// Control is a net.Dialer's Control for a level: it sees the address that is
// really dialled, whatever a name resolved to this time.
func Control(level Level) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return &Refused{What: "no IP address"}
		}
		return Check(to.Addr(), level)
	}
}

// Dial is an http.Transport's DialContext for a level.
func Dial(level Level) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: Control(level)}
	return d.DialContext
}
