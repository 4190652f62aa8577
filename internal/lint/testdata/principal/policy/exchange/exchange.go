// Package exchange has the Principal.
package exchange

// Principal is who calls.
type Principal struct{}

// NewPrincipal makes one.
func NewPrincipal() *Principal { return &Principal{} }
