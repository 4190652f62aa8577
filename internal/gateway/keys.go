package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// subscription is a subscription with what it opens, read once.
type subscription struct {
	noun  *apim.Subscription
	sum   [2][sha256.Size]byte
	kind  string // "", product, api or apim.AllAccess
	id    string // of the product or API
	owner *exchange.User
}

// keyed is a key's digest under the table's secret. Both parts have one length, so
// that the plain hash of the two is as good as an HMAC.
func (t *keyTable) keyed(digest apim.Digest) [sha256.Size]byte {
	var text [2 * sha256.Size]byte
	copy(text[:], t.seed[:])
	copy(text[sha256.Size:], digest[:])
	return sha256.Sum256(text[:])
}

// find gives the active subscription of a key, and whether it is the second one of
// its two. The map is reached by the key's keyed digest, which tells an observer of
// time nothing about the key; the digests are then compared in constant time.
func (t *keyTable) find(key string) (s *subscription, second bool) {
	sum := t.keyed(sha256.Sum256([]byte(key)))
	if t.probed != nil {
		t.probed()
	}
	if s = t.sum(&sum); s == nil || s.noun.State != apim.Active {
		return nil, false
	}
	first, other := subtle.ConstantTimeCompare(sum[:], s.sum[0][:]), subtle.ConstantTimeCompare(sum[:], s.sum[1][:])
	if first|other != 1 {
		return nil, false
	}
	return s, first == 0
}

// covers gives whether a subscription opens an API, and the index of the product
// that its calls run under (0: none).
func (s *subscription) covers(a *api) (product int, ok bool) {
	switch s.kind {
	case apim.AllAccess:
		return 0, true
	case "":
		return 0, a.noun.Workspace == s.noun.Workspace
	case "api":
		return 0, s.id == a.noun.ID
	case "product":
		for i, p := range a.products {
			if p.noun.ID == s.id {
				return i + 1, true
			}
		}
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
// policy forwards it and no record shows it. The query is looked at only where the
// header is not there.
func takeKey(ex *exchange.Exchange, a *api) string {
	key, inHeader := "", ex.Request.Header.Has(a.noun.KeyHeader)
	if inHeader {
		key = ex.Request.Header.Get(a.noun.KeyHeader)
		ex.Request.Header.Del(a.noun.KeyHeader)
	}
	if v, ok := param(ex.Request.URL.Query, a.noun.KeyQuery); ok {
		if !inHeader {
			key = v
		}
		ex.Request.URL.Query = without(ex.Request.URL.Query, a.noun.KeyQuery)
		ex.Request.OriginalURL.Query = without(ex.Request.OriginalURL.Query, a.noun.KeyQuery)
	}
	return key
}

// takeKeys removes the keys of a request that names no version of the APIs at its path:
// whatever they are called, no record of it shows one.
func (s *Snapshot) takeKeys(ex *exchange.Exchange) {
	if node, _ := s.root.find(ex.Request.URL.Path); node != nil {
		for _, a := range node.here {
			takeKey(ex, a)
		}
	}
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
	var second bool
	named := key != ""
	if ex.Principal != nil {
		named, key = ex.SubscriptionID != "", ""
		if named {
			sub = s.keys.id(ex.SubscriptionID)
			if sub != nil && sub.noun.State != apim.Active {
				sub = nil
			}
		}
	} else if named {
		sub, second = s.keys.find(key)
	}
	if !named {
		return s.anonymous(ex, a)
	}
	if sub != nil {
		if at, ok := sub.covers(a); ok {
			held := sub.noun.Subscription
			held.Key, held.Secondary = exchange.Redact(key), second
			ex.Subscription, ex.User = &held, sub.owner
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
		ex.Product = &a.open.noun.Product
		return a.openAt, nil
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
