// Package policies is the policies of Stile: a file per family, one literal each,
// all in the one table that Table gives.
//
// It is not the language (package policy: scanning, sections, scopes, running)
// and holds no state: what a policy remembers over requests (counters, keys) is
// reached through policy.Env. The composition root gives Table to whatever
// compiles documents.
//
// Invariants: every element of a document that the table does not fully know is
// refused when the document loads; a policy of Azure API Management that this
// version lacks stands in the table with what to use meanwhile (lacking.go); a
// compiled policy keeps nothing between two exchanges.
package policies

import (
	"sync"

	"stile/internal/policies/meter"
	"stile/policy"
	"stile/policy/exchange"
)

// Table gives the table of all policies, the same one at each call.
var Table = sync.OnceValue(func() *policy.Table {
	t, err := policy.NewTable(append([]policy.Descriptor{
		setHeader, setBody, setStatus, setVariable, setMethod, setQueryParameter, rewriteURI, findAndReplace,
		choose, returnResponse, setBackendService, forwardRequest,
		rateLimit, rateLimitByKey, quota, quotaByKey, validateJWT, validateWebhook, checkHeader, ipFilter, cors, trace,
		validateAzureADToken, authenticationBasic, authenticationManagedIdentity, authenticationCertificate, limitConcurrency, sendRequest,
		validateClientCertificate, mockResponse, validateContent, validateParameters, validateHeaders, validateStatusCode,
		cacheLookup, cacheStore, cacheLookupValue, cacheStoreValue, cacheRemoveValue, cacheValue,
		sendOneWayRequest, invokeRequest, retry, wait, proxy, getAuthorizationContext,
		logToEventhub, sendServiceBusMessage, validateOData,
		xmlToJSON, jsonToXML, jsonp, redirectContentURLs, crossDomain,
	}, append(meter.Descriptors(meter.Shared{CounterKey: counterKey, FieldName: checkFieldName}), lacking()...)...))
	if err != nil {
		panic(err)
	}
	return t
})

// anySide is the sections of policies that work on request and response.
const anySide = policy.AnySection

// message is the half of an exchange that a policy changes.
type message func(ex *exchange.Exchange) (*exchange.Header, **exchange.Body)

// sideOf gives the half that belongs to the section: the response in outbound and
// on-error, else the request.
func sideOf(c *policy.Compiler) message {
	if c.Responding() {
		return response
	}
	return request
}

func request(ex *exchange.Exchange) (*exchange.Header, **exchange.Body) {
	return &ex.Request.Header, &ex.Request.Body
}

func response(ex *exchange.Exchange) (*exchange.Header, **exchange.Body) {
	return &ex.Response.Header, &ex.Response.Body
}
