package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// keyTable finds subscriptions by key. Keys are kept as SHA-256 sums only.
type keyTable struct {
	bySum map[[sha256.Size]byte]*subscription
	byID  map[string]*subscription
	// lacking are keys whose secret has no value: they cannot be known when they
	// come.
	lacking []lackingKey
}

type lackingKey struct {
	of     *subscription
	reason string
}

type subscription struct {
	noun *apim.Subscription
	sum  [2][sha256.Size]byte
}

// find gives the active subscription of a key. The map is reached by the key's
// sum, which tells an observer of time nothing about the key; the sum is then
// compared once more in constant time.
func (t *keyTable) find(key string) *subscription {
	sum := sha256.Sum256([]byte(key))
	s := t.bySum[sum]
	if s == nil || s.noun.State != apim.Active {
		return nil
	}
	if subtle.ConstantTimeCompare(sum[:], s.sum[0][:])|subtle.ConstantTimeCompare(sum[:], s.sum[1][:]) != 1 {
		return nil
	}
	return s
}

// covers gives whether a subscription opens an API, and the index of the product
// that its calls run under (0: none).
func (s *subscription) covers(a *api) (product int, ok bool) {
	kind, id, _ := strings.Cut(s.noun.Scope, "/")
	switch kind {
	case "":
		return 0, true
	case "api":
		return 0, id == a.noun.ID
	case "product":
		product, ok = a.productIndex(id)
		return product, ok && product > 0
	}
	return 0, false
}

// mayBe says why a key that is not known may still be right for an API: the
// secret of an active subscription's key cannot be read. Empty where it cannot be.
func (t *keyTable) mayBe(a *api) string {
	for _, k := range t.lacking {
		if _, ok := k.of.covers(a); ok && k.of.noun.State == apim.Active {
			return "a key of subscription " + k.of.noun.ID + ": " + k.reason
		}
	}
	return ""
}

// takeKey gives the subscription key of a request and removes it, so that no
// policy forwards it and no record shows it.
func takeKey(ex *exchange.Exchange, a *api) string {
	var key string
	if ex.Request.Header.Has(a.noun.KeyHeader) {
		key = ex.Request.Header.Get(a.noun.KeyHeader)
		ex.Request.Header.Del(a.noun.KeyHeader)
	}
	if v, ok := param(ex.Request.URL.Query, a.noun.KeyQuery); ok {
		if key == "" {
			key = v
		}
		ex.Request.URL.Query = without(ex.Request.URL.Query, a.noun.KeyQuery)
		ex.Request.OriginalURL.Query = without(ex.Request.OriginalURL.Query, a.noun.KeyQuery)
	}
	return key
}

func without(list []exchange.Param, name string) []exchange.Param {
	var out []exchange.Param
	for _, p := range list {
		if !strings.EqualFold(p.Name, name) {
			out = append(out, p)
		}
	}
	return out
}

// admit finds out under which subscription and product a request runs, following
// API Management's table of requests with and without a key: a key must cover
// the API; without one an open product lets in, else an API that requires none.
// A call with a Principal names its subscription instead of a key.
func (s *Snapshot) admit(ex *exchange.Exchange, a *api) (product int, refusal *policy.Denied) {
	key := takeKey(ex, a)
	var sub *subscription
	named := key != ""
	if ex.Principal != nil {
		named, key = ex.SubscriptionID != "", ""
		if named {
			sub = s.keys.byID[ex.SubscriptionID]
			if sub != nil && sub.noun.State != apim.Active {
				sub = nil
			}
		}
	} else if named {
		sub = s.keys.find(key)
	}
	if !named {
		return s.anonymous(ex, a)
	}
	if sub != nil {
		if at, ok := sub.covers(a); ok {
			held := sub.noun.Subscription
			held.Key = exchange.Redact(key)
			ex.Subscription = &held
			if at > 0 {
				ex.Product = &a.products[at-1].noun.Product
			}
			return at, nil
		}
	}
	if reason := s.keys.mayBe(a); sub == nil && ex.Principal == nil && reason != "" {
		return 0, unavailable(reason)
	}
	return 0, a.refuse(ex, "SubscriptionKeyInvalid",
		"Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.")
}

func (s *Snapshot) anonymous(ex *exchange.Exchange, a *api) (int, *policy.Denied) {
	if a.open != nil {
		at, _ := a.productIndex(a.open.noun.ID)
		ex.Product = &a.open.noun.Product
		return at, nil
	}
	if !a.noun.SubscriptionRequired {
		return 0, nil
	}
	return 0, a.refuse(ex, "SubscriptionKeyNotFound",
		"Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.")
}

func (a *api) refuse(ex *exchange.Exchange, reason, message string) *policy.Denied {
	u := ex.Request.OriginalURL
	realm := u.Scheme + "://" + u.Authority() + "/" + strings.Trim(a.noun.Path, "/")
	return &policy.Denied{Status: 401, Reason: reason, Message: message, Header: []exchange.Param{{
		Name:  "WWW-Authenticate",
		Value: `AzureApiManagementKey realm="` + realm + `",name="` + a.noun.KeyHeader + `",type="header"`,
	}}}
}
