package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// TestAddresses judges one address in and about every range. Letters: P is reached
// at both levels, I inside alone, - nowhere.
func TestAddresses(t *testing.T) {
	cases := map[string]string{
		// metadata services, in every spelling
		"169.254.169.254": "-", "::ffff:169.254.169.254": "-", "64:ff9b::a9fe:a9fe": "-", "2002:a9fe:a9fe::": "-", "::169.254.169.254": "-",
		"::ffff:0:169.254.169.254": "-", "2001:0:a9fe:a9fe::1": "-", "2001:0:808:808:0:0:5601:5601": "-", "64:ff9b:1:a9fe:a9:fe00::": "-", "64:ff9b:1::a9fe:a9fe": "-",
		"fd00:ec2::254": "-", "fd00:ec2::23": "-", "fd20:ce::254": "-", "168.63.129.16": "-", "::ffff:168.63.129.16": "-", "64:ff9b::a83f:8110": "-",
		"100.100.100.200": "-", "64:ff9b::6464:64c8": "-", "192.0.0.192": "-", "2002:c000:c0::1": "-", "169.254.170.2": "-",
		// inside
		"127.0.0.1": "I", "127.255.255.254": "I", "::1": "I", "::ffff:127.0.0.1": "I", "::127.0.0.1": "I", "64:ff9b::7f00:1": "I", "2002:7f00:1::1": "I",
		"10.0.0.1": "I", "10.255.255.255": "I", "172.16.0.1": "I", "172.31.255.255": "I", "192.168.0.1": "I", "100.64.0.1": "I", "100.127.255.255": "I",
		"198.18.0.1": "I", "198.19.255.255": "I", "fc00::1": "I", "fd12:3456::1": "I", "64:ff9b::a00:1": "I",
		// reached by nobody
		"0.0.0.0": "-", "0.1.2.3": "-", "::": "-", "169.254.0.1": "-", "fe80::1": "-", "fe80::1%lo": "-", "fec0::1": "-", "224.0.0.1": "-", "239.255.255.255": "-",
		"240.0.0.1": "-", "255.255.255.255": "-", "192.0.0.1": "-", "192.0.2.1": "-", "198.51.100.7": "-", "203.0.113.7": "-", "192.88.99.1": "-",
		"ff02::1": "-", "2001:db8::1": "-", "3fff::1": "-", "5f00::1": "-", "100::1": "-", "2001:10::1": "-", "4000::1": "-", "1::1": "-", "64:ff9b:2::1": "-",
		"2002:e000:1::": "-",
		// next to the ranges, and the world
		"9.255.255.255": "P", "11.0.0.0": "P", "172.15.255.255": "P", "172.32.0.0": "P", "192.167.255.255": "P", "192.169.0.0": "P", "100.63.255.255": "P",
		"100.128.0.0": "P", "126.255.255.255": "P", "128.0.0.1": "P", "169.253.255.255": "P", "169.255.0.0": "P", "168.63.129.15": "P", "168.63.129.17": "P",
		"198.17.255.255": "P", "198.20.0.0": "P", "223.255.255.255": "P", "8.8.8.8": "P", "::ffff:8.8.8.8": "P", "2606:2800:220:1::1": "P", "2001:200::1": "P",
		"2a00:1450::1": "P", "2003::1": "P", "1.0.0.1": "P",
		// a translator that leads to the world is the configuration's to name
		"64:ff9b::808:808": "I", "2002:808:808::1": "I",
	}
	for text, want := range cases {
		addr := netip.MustParseAddr(text)
		got := "-"
		if Check(addr, Inside) == nil {
			got = "I"
		}
		if Check(addr, Public) == nil {
			if got == "-" {
				t.Errorf("%s is public and not inside", text)
			}
			got = "P"
		}
		if got != want {
			t.Errorf("%s: %s, want %s (%v; %v)", text, got, want, Check(addr, Public), Check(addr, Inside))
		}
	}
	t.Logf("%d addresses", len(cases))
}

// TestEveryRangeIsHeld: the first and the last address of each range are refused
// for data, and nothing that the table calls Never is reached.
func TestEveryRangeIsHeld(t *testing.T) {
	for _, r := range ranges {
		if r.What == "" || r.Prefix != r.Prefix.Masked() {
			t.Errorf("%v is not whole", r)
		}
		for _, addr := range []netip.Addr{r.Prefix.Addr(), last(r.Prefix)} {
			if Check(addr, Public) == nil {
				t.Errorf("%s of %s (%s) is reached by data", addr, r.Prefix, r.What)
			}
			if r.Kind == Never && Check(addr, Inside) == nil {
				t.Errorf("%s of %s (%s) is reached", addr, r.Prefix, r.What)
			}
		}
	}
	if Check(netip.Addr{}, Inside) == nil {
		t.Error("no address is reached")
	}
}

func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	addr, _ := netip.AddrFromSlice(b)
	return addr
}

// TestSpellingsAgree: an IPv4 address is judged alike as IPv4 and mapped into IPv6,
// and no carrier makes one public or reaches what it may not.
func TestSpellingsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "bytes")
		v4 := netip.AddrFrom4([4]byte(b))
		for _, level := range []Level{Public, Inside} {
			if (Check(v4, level) == nil) != (Check(netip.AddrFrom16(v4.As16()), level) == nil) {
				t.Fatalf("%s and its mapped form differ", v4)
			}
		}
		nat64 := netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: b[0], 13: b[1], 14: b[2], 15: b[3]})
		sixToFour := netip.AddrFrom16([16]byte{0x20, 0x02, b[0], b[1], b[2], b[3], 15: 1})
		for _, addr := range []netip.Addr{nat64, sixToFour} {
			if Check(addr, Public) == nil {
				t.Fatalf("%s is public", addr)
			}
			if Check(v4, Inside) != nil && Check(addr, Inside) == nil {
				t.Fatalf("%s leads to %s, which is not reached", addr, v4)
			}
		}
	})
}

// TestDial: a name is judged by what it resolved to, when it is dialled.
func TestDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1"} {
		_, err := Dial(Public)(context.Background(), "tcp4", net.JoinHostPort(host, port))
		var refused *Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", host, err)
		}
		c, err := Dial(Inside)(context.Background(), "tcp4", net.JoinHostPort(host, port))
		if err != nil {
			t.Errorf("%s inside: %v", host, err)
			continue
		}
		c.Close()
	}
	if Control(Inside)("unix", "/run/docker.sock", nil) == nil {
		t.Error("a path is no address")
	}
}
