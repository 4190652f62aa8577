package policies

import (
	"context"

	"stile/internal/openapi"
	"stile/internal/openapi/sample"
	"stile/policy"
	"stile/policy/exchange"
)

// mockResponse is https://learn.microsoft.com/azure/api-management/mock-response-policy.
// Additions: index chooses among examples, from 0; headers that the description
// shows a value for are in the answer. Difference: a body is made up for JSON alone.
var mockResponse = policy.Descriptor{
	Name: "mock-response", Sections: anySide &^ policy.BackendSection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "status-code", Expression: true, Kind: policy.IntKind, Default: "200"},
		{Name: "content-type", Expression: true},
		{Name: "index", Kind: policy.IntKind, Default: "0"},
	}},
	Doc: "Answers with an example of the API's description, else with a sample of its schema, else with an empty body.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		checkStatus(c, e, "status-code")
		code, contentType, index := c.Value(e, "status-code"), c.Value(e, "content-type"), c.Value(e, "index")
		return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
			n, err := status(code, ex, env)
			if err != nil {
				return err
			}
			t, err := contentType.Text(ex, env)
			if err != nil {
				return err
			}
			at, err := index.Int(ex, env)
			if err != nil {
				return err
			}
			return answerWith(ctx, ex, env, mocked(ex, n, t, int(at)), nil)
		}
	},
}

// mocked makes the answer for a status and a content type, empty for the first one.
func mocked(ex *exchange.Exchange, code int, contentType string, index int) exchange.Response {
	res := exchange.Response{StatusCode: code}
	m := sample.Response(contract(ex), code, contentType, index)
	for _, h := range m.Headers {
		res.Header.Set(h[0], h[1])
	}
	if m.ContentType != "" {
		res.Header.Set("Content-Type", m.ContentType)
	}
	if m.Body != nil {
		res.Body = exchange.Bytes(m.Body)
	}
	return res
}

// contract is the operation as the API's description has it, nil where it has none.
func contract(ex *exchange.Exchange) *openapi.Operation {
	if ex.Operation == nil {
		return nil
	}
	o, _ := ex.Operation.Contract.(*openapi.Operation)
	return o
}
