package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// client is the caller's address: the one that the connection comes from, or, where
// that is a trusted hop, the nearest one before it in X-Forwarded-For that is none.
//
// Only what a trusted hop wrote counts: the field is read from its end, and what
// stands before the first address that is no hop was written by who calls. An entry
// that is no address ends the reading: the hop that wrote it knew none better, and
// the address is then that hop's own. Where all are hops, the first one called.
func client(r *http.Request, trusted []netip.Prefix) netip.Addr {
	at := remoteAddress(r.RemoteAddr)
	if len(trusted) == 0 || !among(at, trusted) {
		return at
	}
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			var entry string
			if cut := strings.LastIndexByte(rest, ','); cut >= 0 {
				entry, rest = rest[cut+1:], rest[:cut]
			} else {
				entry, more = rest, false
			}
			before, ok := forwarded(strings.Trim(entry, " \t"))
			if !ok {
				return at
			}
			if at = before; !among(at, trusted) {
				return at
			}
		}
	}
	return at
}

// forwarded reads one entry: an address, alone or with a port, as some proxies add it.
func forwarded(entry string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(entry); err == nil {
		return ap.Addr().Unmap(), ap.Addr().Zone() == ""
	}
	if inner, ok := strings.CutPrefix(entry, "["); ok {
		if entry, ok = strings.CutSuffix(inner, "]"); !ok || !strings.Contains(entry, ":") {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(entry)
	return a.Unmap(), err == nil && a.Zone() == ""
}

func among(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func remoteAddress(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
