package exchange

import (
	"crypto/tls"
	"time"
)

// Entity is a backend entity beyond its URL: which members a pool has, when its
// circuit opens, what the gateway proves itself with, and how it is reached.
type Entity struct {
	// ID names the entity; what is remembered of it over requests and snapshots is
	// remembered under this.
	ID string
	// File and Line are where it is declared.
	File string
	Line int
	// Pool is the members of a backend of type Pool, in the order of the file; a pool
	// has no URL of its own.
	Pool []Member
	// Rules open the circuit; none: it never opens.
	Rules []BreakerRule
	// Credentials go with every request.
	Credentials Credentials
	// AnyChain and AnyName leave the server's certificate unchecked: who signed it, and
	// whether it is for this host.
	AnyChain, AnyName bool
	// Proxy is the proxy that the backend is reached through; nil for none.
	Proxy *Proxy
	// Lacking is why the backend cannot be called now, such as a secret without a
	// value; empty where it can.
	Lacking string
}

// Type is Pool or Single, as context.Backend.Type spells it.
func (e *Entity) Type() string {
	if e != nil && len(e.Pool) > 0 {
		return "Pool"
	}
	return "Single"
}

// Member is a backend in a pool. Of the members that may be called, those of the
// lowest Priority are; among them, by Weight.
type Member struct {
	Backend          Backend
	Priority, Weight int
}

// BreakerRule opens a backend's circuit for Trip when, within Interval, Count calls
// failed, or Percentage of all calls; one of the two is 0.
type BreakerRule struct {
	Name              string
	Count, Percentage int
	Interval, Trip    time.Duration
	// Statuses are the answers that are failures.
	Statuses []StatusRange
	// Reasons are the LastError reasons of calls without an answer that are failures;
	// they are compared without regard to case and blanks.
	Reasons []string
	// AcceptRetryAfter lets the Retry-After field of the answer that trips say how long
	// the circuit stays open.
	AcceptRetryAfter bool
	// Line is where the rule stands in the entity's file; 0 where unknown.
	Line int
}

// StatusRange is the statuses from Min to Max, both among them.
type StatusRange struct{ Min, Max int }

// Credentials are what a backend entity adds to each request.
type Credentials struct {
	// Authorization is the whole field; empty for none.
	Authorization Redacted
	Header, Query []SecretParam
	// Certificate proves the gateway over TLS where no policy names another; nil for
	// none.
	Certificate *tls.Certificate
}

// SecretParam is a name with a value that must not be printed.
type SecretParam struct {
	Name  string
	Value Redacted
}

// Proxy is an HTTP proxy.
type Proxy struct {
	// URL is http://host[:port].
	URL            string
	User, Password Redacted
	// Tainted says that URL came from an expression, so that egress rules apply.
	Tainted bool
}
