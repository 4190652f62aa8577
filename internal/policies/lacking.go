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
		{"use cache-lookup-value and cache-store-value", []string{"llm-semantic-cache-lookup", "llm-semantic-cache-store",
			"azure-openai-semantic-cache-lookup", "azure-openai-semantic-cache-store"}},
		{"change the body with set-body", []string{"xsl-transform"}},
		{"remove it", []string{"llm-content-safety"}},
		{"GraphQL APIs are not supported", []string{"validate-graphql-request", "publish-event", "http-data-source", "sql-data-source", "cosmosdb-data-source"}},
		{"Dapr is not supported", []string{"invoke-dapr-binding", "publish-to-dapr",
			"invoke-darp-binding", "publish-to-darp"}}, // as Microsoft's policy toolkit spells them
	} {
		for _, name := range group.names {
			out = append(out, policy.Descriptor{Name: name, Lacking: group.hint, Doc: "Not in this version."})
		}
	}
	return out
}
