package meter

import (
	"errors"

	"stile/policy"
	"stile/policy/exchange"
)

// Shared is what these policies have in common with their neighbours in
// internal/policies. All of it is required.
type Shared struct {
	// CounterKey bounds the text of a counter's key.
	CounterKey func(text string) string
	// FieldName says what is amiss with the name of a header field, empty if nothing.
	FieldName func(name string) string
}

// Descriptors are the policies of this package, the older names too.
func Descriptors(shared Shared) []policy.Descriptor {
	return []policy.Descriptor{shared.tokenLimit("llm-token-limit"), shared.tokenLimit("azure-openai-token-limit"),
		tokenMetric("llm-emit-token-metric"), tokenMetric("azure-openai-emit-token-metric"), emitMetric()}
}

var (
	errNoCounters = errors.New("the gateway has no counters")
	errNoQuotas   = errors.New("the gateway's counters know no quotas")
)

func quotasOf(env *policy.Env) (policy.Quotas, error) {
	if q, ok := env.Counters.(policy.Quotas); ok {
		return q, nil
	}
	return nil, errNoQuotas
}

func setVariableTo(ex *exchange.Exchange, name string, v any) {
	if ex.Variables == nil {
		ex.Variables = make(map[string]any)
	}
	ex.Variables[name] = v
}
