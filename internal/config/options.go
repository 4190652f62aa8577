package config

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// ServerOptions are the flags of `dev` and `serve` (design: The command line).
type ServerOptions struct {
	// Control, ControlTLS and Gateway are listen addresses, host:port.
	Control, ControlTLS, Gateway string
	// GatewayTLS is the listen address of the gateway over TLS; empty for none.
	GatewayTLS string
	// PublicURL is the gateway as outsiders see it, for callbacks; it wins over
	// stile.yaml's. Empty: http:// and the gateway's address.
	PublicURL string
	// Issuer is the `iss` of our tokens. Empty: http:// and the control address.
	Issuer string
	// Data is the data folder. Empty: .stile/data of the project.
	Data      string
	Ephemeral bool
	// DataKey is the file with the age identity that seals secrets which are given over
	// an API. Empty: one that is made beside the data folder, its name with .key.
	DataKey string
	// Account and Region stand in ARNs.
	Account, Region string
	// Mock is the mock file of `dev` (MockConfigFile.json). Empty: the one in the
	// project's folder tests, where there is one.
	Mock string
	// ReadyFile is written once all listeners answer.
	ReadyFile string
}

// DefaultServerOptions are the flags' defaults.
func DefaultServerOptions() ServerOptions {
	return ServerOptions{
		Control: "127.0.0.1:7400", ControlTLS: "127.0.0.1:7443", Gateway: "127.0.0.1:7480",
		Account: "111111111111", Region: "us-east-1",
	}
}

// Validate gives every fault of the options, one line each, nil where there is
// none; each line names the flag.
func (o ServerOptions) Validate() []string {
	var out []string
	for _, a := range []struct{ flag, addr string }{{"--control", o.Control}, {"--control-tls", o.ControlTLS}, {"--gateway", o.Gateway}, {"--gateway-tls", o.GatewayTLS}} {
		if a.flag == "--gateway-tls" && a.addr == "" {
			continue
		}
		if _, port, err := net.SplitHostPort(a.addr); err != nil || port == "" {
			out = append(out, fmt.Sprintf("%s %q is not host:port", a.flag, a.addr))
		}
	}
	for _, u := range []struct{ flag, url string }{{"--public-url", o.PublicURL}, {"--issuer", o.Issuer}} {
		if u.url != "" {
			if problem := checkHTTP(u.url); problem != "" {
				out = append(out, u.flag+" "+problem)
			}
		}
	}
	if len(o.Account) != 12 || strings.Trim(o.Account, "0123456789") != "" {
		out = append(out, fmt.Sprintf("--account %q is not an account of 12 digits", o.Account))
	}
	if o.Region == "" || strings.ContainsAny(o.Region, ": /") {
		out = append(out, fmt.Sprintf("--region %q is not a region's name", o.Region))
	}
	if o.Ephemeral && o.Data != "" {
		out = append(out, "--ephemeral and --data exclude each other")
	}
	return out
}

// Loopback reports whether a listen address is reachable from this machine only.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
