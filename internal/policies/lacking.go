package policies

import "stile/policy"

// lacking are the policies of Azure API Management that this version does not
// have. A document that uses one is refused by name.
func lacking() []policy.Descriptor {
	var out []policy.Descriptor
	for _, group := range []struct {
		hint  string
		names []string
	}{
		{"set the Authorization header with set-header and a named value", []string{"get-authorization-context"}},
		{"use cache-lookup-value and cache-store-value", []string{"cache-value", "llm-semantic-cache-lookup", "llm-semantic-cache-store",
			"azure-openai-semantic-cache-lookup", "azure-openai-semantic-cache-store"}},
		{"remove it; use trace to write into the exchange's trace", []string{"emit-metric", "llm-emit-token-metric",
			"azure-openai-emit-token-metric", "log-to-eventhub"}},
		{"call the service with a Task of a workflow, or make it the operation's backend", []string{"send-one-way-request", "invoke-request", "wait", "send-service-bus-message"}},
		{"use a Task with Retry in a workflow", []string{"retry"}},
		{"use rate-limit or rate-limit-by-key", []string{"llm-token-limit", "azure-openai-token-limit"}},
		{"use return-response", []string{"mock-response"}},
		{"remove it; the gateway does not ask for client certificates", []string{"validate-client-certificate"}},
		{"check with choose and return-response", []string{"validate-content", "validate-headers", "validate-parameters",
			"validate-status-code", "validate-odata-request"}},
		{"change the body with set-body", []string{"json-to-xml", "xml-to-json", "xsl-transform", "jsonp", "redirect-content-urls"}},
		{"remove it", []string{"cross-domain", "proxy", "llm-content-safety"}},
		{"GraphQL APIs are not supported", []string{"validate-graphql-request", "publish-event", "http-data-source", "sql-data-source", "cosmosdb-data-source"}},
		{"Dapr is not supported", []string{"invoke-dapr-binding", "publish-to-dapr"}},
	} {
		for _, name := range group.names {
			out = append(out, policy.Descriptor{Name: name, Lacking: group.hint, Doc: "Not in this version."})
		}
	}
	return out
}
