// Package app may make one.
package app

import "stile/policy/exchange"

// Make makes one.
func Make() *exchange.Principal { return exchange.NewPrincipal() }
