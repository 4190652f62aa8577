package policies

import (
	"stile/policy"
	"stile/policy/exchange"
)

// keepSubject notes who a verified token is about. A token that is not signed, and
// may say anything, and a step's own principal are not asked.
func keepSubject(ex *exchange.Exchange, claims policy.Claims) {
	switch claims.(type) {
	case jsonClaims, principal:
		return
	}
	if sub := claims.Claim("sub"); len(sub) == 1 {
		ex.Subject = sub[0]
	}
}
