package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"stile/internal/config/doctree"
	"stile/internal/reach"
)

// Egress is one entry of egress: a host past the gateway that states of some roles
// may call, and why.
type Egress struct {
	// Host is in lower case: a host name or an IP address, a port behind it where it
	// is not 443; or *. and a domain, which stands for every host below it.
	Host string
	// Roles are the names of the roles, as roles/NAME.json has them.
	Roles  []string
	Reason string
	// Private lets the host, which is then written out, be on this machine or in a
	// private network.
	Private      bool
	Line, Column int
}

// maxReason bounds an entry's reason, which stands in each call's record.
const maxReason = 300

func (r *reader) egress(n *doctree.Node) {
	e := Egress{Line: n.Line, Column: n.Column}
	r.Map(n, "an egress entry",
		doctree.Field{Name: "host", Required: true, Read: r.NonEmpty(&e.Host)},
		doctree.Field{Name: "roles", Required: true, Read: func(n *doctree.Node) {
			r.Texts(&e.Roles)(n)
			if len(e.Roles) == 0 || slices.ContainsFunc(e.Roles, func(s string) bool { return strings.TrimSpace(s) == "" }) {
				r.Fault(n, doctree.CodeValue, "roles must name at least one role", "write the roles whose states make the call")
			}
		}},
		doctree.Field{Name: "reason", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&e.Reason)(n)
			if e.Reason = strings.TrimSpace(e.Reason); len(e.Reason) > maxReason || strings.ContainsFunc(e.Reason, func(c rune) bool { return c < ' ' }) {
				r.Fault(n, doctree.CodeValue, "a reason is one line of at most "+strconv.Itoa(maxReason)+" bytes", "")
			}
		}},
		doctree.Field{Name: "private", Read: r.Bool(&e.Private)})
	e.Host = strings.ToLower(strings.TrimSpace(e.Host))
	if at := n.Get("host"); at != nil && e.Host != "" {
		if problem, hint := checkEgressHost(e.Host, e.Private); problem != "" {
			r.Fault(at, doctree.CodeValue, problem, hint)
		}
	}
	e.Host = strings.TrimSuffix(e.Host, ":443")
	for _, o := range r.cfg.Egress {
		if i := slices.IndexFunc(e.Roles, func(role string) bool { return slices.Contains(o.Roles, role) }); o.Host == e.Host && i >= 0 {
			r.Fault(n, doctree.CodeDuplicate, "another egress entry lets role "+e.Roles[i]+" call "+e.Host, "keep one of them")
			break
		}
	}
	r.cfg.Egress = append(r.cfg.Egress, e)
}

func checkEgressHost(host string, private bool) (problem, hint string) {
	const write = "write for example api.example.com, api.example.com:8443 or *.example.com"
	domain, wild := strings.CutPrefix(host, "*.")
	u, err := url.Parse("https://" + domain)
	if err != nil || u.Host != domain || u.User != nil || u.Hostname() == "" || strings.ContainsAny(domain, "*\\% \t") || strings.HasSuffix(domain, ":") {
		return "this is neither a host nor *. and a domain", write
	}
	if port := u.Port(); port != "" {
		if p, err := strconv.Atoi(port); err != nil || p < 1 || p > 65535 || strconv.Itoa(p) != port {
			return "this is no port", write
		}
	}
	name := u.Hostname()
	ip, err := netip.ParseAddr(name)
	switch {
	case wild && private:
		return "private needs a host that is written out: a domain's owner decides where the hosts below it lead", "list each host"
	case wild && (err == nil || !strings.Contains(name, ".")):
		return "*. must stand before a domain of two names or more", write
	case err == nil && reach.Check(ip, reach.Inside) != nil:
		return reach.Check(ip, reach.Inside).Error(), "no entry can let this address be called"
	case err == nil && !private && reach.Check(ip, reach.Public) != nil, !private && (name == "localhost" || strings.HasSuffix(name, ".localhost")):
		return "this host is not a public one", "add private: true if the call is meant to go inside"
	case err == nil:
		return "", ""
	case numeric(name[strings.LastIndexByte(name, '.')+1:]):
		return "this is no IP address as it is written here", "write four numbers from 0 to 255, or an IPv6 address in brackets"
	}
	for label := range strings.SplitSeq(name, ".") {
		if !hostLabel(label) {
			return "this is neither a host nor *. and a domain", write
		}
	}
	return "", ""
}

// numeric says that a name's last label is a number: resolvers take such names for
// addresses in unusual spellings.
func numeric(label string) bool {
	_, err := strconv.ParseUint(label, 0, 64)
	return err == nil || label != "" && strings.Trim(label, "0123456789") == ""
}

func hostLabel(s string) bool {
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

// EgressTo finds the entry that lets a role call a host, host[:port] of an https
// URL. One that is written out goes before a domain, a longer domain before a
// shorter one.
func (c *Config) EgressTo(host, role string) (found Egress, ok bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	for _, e := range c.Egress {
		if !slices.Contains(e.Roles, role) {
			continue
		}
		if e.Host == host {
			return e, true
		}
		if below, wild := strings.CutPrefix(e.Host, "*"); wild && len(host) > len(below) && strings.HasSuffix(host, below) && len(e.Host) > len(found.Host) {
			found, ok = e, true
		}
	}
	return found, ok
}

// Inside reports whether an entry, of whichever roles, lets a host be on this machine
// or in a private network; host is host[:port] of an https URL.
func (c *Config) Inside(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	return slices.ContainsFunc(c.Egress, func(e Egress) bool { return e.Private && e.Host == host })
}
