// Package task may not, by whatever name.
package task

import . "stile/policy/exchange"

// Make is a function value.
var Make = NewPrincipal
