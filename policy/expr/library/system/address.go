package system

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

var (
	typeAddress = clr.Class("System.Net.IPAddress")
	typeFamily  = clr.EnumType("System.Net.Sockets.AddressFamily")
)

// address is IPAddress.
type address struct{ netip.Addr }

// RuntimeType names the .NET type.
func (address) RuntimeType() *clr.Type { return typeAddress }

// readAddress reads as IPAddress.Parse does: IPv6, with brackets or not, and IPv4 with
// one to four numbers, decimal, octal or hexadecimal.
func readAddress(s string) (address, bool) {
	if strings.Contains(s, ":") {
		s = strings.TrimPrefix(s, "[")
		if i := strings.IndexByte(s, ']'); i >= 0 {
			s = s[:i]
		}
		a, err := netip.ParseAddr(s)
		return address{a}, err == nil
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return address{}, false
	}
	var n uint64
	for i, p := range parts {
		v, ok := addressPart(p)
		limit := uint64(255)
		if i == len(parts)-1 {
			limit = 1<<(8*(5-len(parts))) - 1
			n = n<<(8*(5-len(parts))) | v
		} else {
			n = n<<8 | v
		}
		if !ok || v > limit {
			return address{}, false
		}
	}
	return v4(uint32(n)), true
}

func addressPart(p string) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(p, "0x"), strings.HasPrefix(p, "0X"):
		p, base = p[2:], 16
	case len(p) > 1 && p[0] == '0':
		base = 8
	}
	if p == "" || strings.ContainsAny(p, "+-_") {
		return 0, false
	}
	v, err := strconv.ParseUint(p, base, 32)
	return v, err == nil
}

// v4 gives an address by its number in the order of the network.
func v4(n uint32) address {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return address{netip.AddrFrom4(b)}
}

func addressSpecs() []clr.TypeSpec {
	known := func(name, text string) clr.MemberSpec {
		return clr.Line("static IPAddress "+name, constant(address{netip.MustParseAddr(text)}))
	}
	ask := func(sig string, f func(a netip.Addr) clr.Value) clr.MemberSpec {
		return clr.Line(sig, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(a[0].(address).Addr) })
	}
	return []clr.TypeSpec{
		{Type: typeFamily, Enum: "Unspecified=0 Unix=1 InterNetwork=2 InterNetworkV6=23 Unknown=-1"},
		{Type: typeAddress, Members: append([]clr.MemberSpec{
			known("Any", "0.0.0.0"), known("Loopback", "127.0.0.1"), known("Broadcast", "255.255.255.255"), known("None", "255.255.255.255"),
			known("IPv6Any", "::"), known("IPv6Loopback", "::1"), known("IPv6None", "::"),
			ask("AddressFamily AddressFamily", func(a netip.Addr) clr.Value {
				if a.Is4() {
					return clr.Enum{Type: typeFamily, N: 2}
				}
				return clr.Enum{Type: typeFamily, N: 23}
			}),
			ask("byte[] GetAddressBytes()", func(a netip.Addr) clr.Value { return a.AsSlice() }),
			ask("bool IsIPv4MappedToIPv6", func(a netip.Addr) clr.Value { return a.Is4In6() }),
			ask("bool IsIPv6LinkLocal", func(a netip.Addr) clr.Value { return a.Is6() && a.IsLinkLocalUnicast() }),
			ask("bool IsIPv6Multicast", func(a netip.Addr) clr.Value { return a.Is6() && a.IsMulticast() }),
			ask("IPAddress MapToIPv4()", func(a netip.Addr) clr.Value { return address{a.Unmap()} }),
			ask("IPAddress MapToIPv6()", func(a netip.Addr) clr.Value { return address{netip.AddrFrom16(a.As16())} }),
			ask("string ToString()", func(a netip.Addr) clr.Value { return a.String() }),
		}, addressMembers()...)},
	}
}

func addressMembers() []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("static IPAddress Parse(string ipString)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			v, ok := readAddress(needText(m, a[0], "ipString"))
			if !ok {
				m.Throw(clr.TypeFormat, "An invalid IP address was specified.")
			}
			return v
		}),
		clr.Line("static bool TryParse(string ipString, out IPAddress address)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			s, _ := a[0].(string)
			v, ok := readAddress(s)
			if !ok {
				set(a[1], nil)
				return false
			}
			set(a[1], v)
			return true
		}),
		clr.Line("static bool IsLoopback(IPAddress address)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			v, ok := a[0].(address)
			if !ok {
				null(m, "address")
			}
			return v.Unmap().IsLoopback()
		}),
		clr.Line("new(byte[] address)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, ok := a[0].([]byte)
			if !ok {
				null(m, "address")
			}
			v, ok := netip.AddrFromSlice(b)
			if !ok {
				m.Throw(clr.TypeArgument, "An invalid IP address was specified.\nParameter name: address")
			}
			return address{v}
		}),
		clr.Line("new(long newAddress)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			n := a[0].(int64)
			if n < 0 || n > 0xffffffff {
				m.Throw(clr.TypeArgumentRange, "Specified argument was out of the range of valid values.\nParameter name: newAddress")
			}
			return v4(bits.ReverseBytes32(uint32(n)))
		}),
		clr.Line("bool Equals(object comparand)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }),
		clr.Line("static short HostToNetworkOrder(short host)", turn16), clr.Line("static short NetworkToHostOrder(short network)", turn16),
		clr.Line("static int HostToNetworkOrder(int host)", turn32), clr.Line("static int NetworkToHostOrder(int network)", turn32),
		clr.Line("static long HostToNetworkOrder(long host)", turn64), clr.Line("static long NetworkToHostOrder(long network)", turn64),
	}
}

func turn16(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	return int16(bits.ReverseBytes16(uint16(a[0].(int16))))
}

func turn32(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	return int32(bits.ReverseBytes32(uint32(a[0].(int32))))
}

func turn64(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	return int64(bits.ReverseBytes64(uint64(a[0].(int64))))
}
