package exchange

import (
	"time"
)

// Principal is a caller that Stile itself vouches for: a state of an execution,
// or a role for which `stile token` minted a token. It cannot be made from data:
// its fields are unexported, and a lint rule lets internal/app alone call
// NewPrincipal.
type Principal struct{ c Claims }

// Claims are what a Principal says about itself; the same names stand in the
// token that carries it outside (issuer, audience and the rest of RFC 7519).
type Claims struct {
	Issuer, Audience string
	// Subject is EXECUTION/STATE, or role/NAME.
	Subject string
	Expires time.Time
	Role    string
	// StateMachine, Execution and State are names, not ARNs; empty for a bare role.
	StateMachine, Execution, State string
	Command                        uint64
	Attempt                        int
	// Act is the subject that started the execution, where one is known.
	Act string
}

// NewPrincipal makes a Principal. Only internal/app calls it.
func NewPrincipal(c Claims) *Principal { return &Principal{c} }

// Claims gives a copy of what the principal says.
func (p *Principal) Claims() Claims { return p.c }

// Issuer is the `iss` claim.
func (p *Principal) Issuer() string { return p.c.Issuer }

// Role is the role's name.
func (p *Principal) Role() string { return p.c.Role }

// Claim gives the values of a claim by its name on the wire; nil where there is none.
func (p *Principal) Claim(name string) []string {
	one := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	switch name {
	case "iss":
		return one(p.c.Issuer)
	case "aud":
		return one(p.c.Audience)
	case "sub":
		return one(p.c.Subject)
	case "role":
		return one(p.c.Role)
	case "state_machine":
		return one(p.c.StateMachine)
	case "execution":
		return one(p.c.Execution)
	case "state":
		return one(p.c.State)
	case "act":
		return one(p.c.Act)
	}
	return nil
}
