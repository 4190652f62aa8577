package gateway

import (
	"stile/diag"
	"stile/internal/apim"
	"stile/policy/exchange"
)

// callbacksBackend answers the built-in API; app puts internal/callback behind it.
const callbacksBackend = "stile://callbacks"

// callbacks is the built-in API on which services outside answer waiting tasks:
// its operations, with the policy documents of the service's own API of that id.
func (c *compiler) callbacks() *apim.API {
	out := &apim.API{API: exchange.API{
		ID: apim.CallbacksID, Name: "Callbacks", Path: apim.CallbacksID, Revision: "1", IsCurrentRevision: true,
		ServiceURL: callbacksBackend, Protocols: []string{"http", "https"},
	}}
	out.Operations = []*apim.Operation{
		{Operation: exchange.Operation{ID: "complete", Name: "Complete a task", Method: "POST", URLTemplate: "/{token}"}},
		{Operation: exchange.Operation{ID: "fail", Name: "Fail a task", Method: "POST", URLTemplate: "/{token}/fail"}},
	}
	for _, own := range c.svc.APIs {
		if own.ID != apim.CallbacksID {
			continue
		}
		if own.Path != "" || own.ServiceURL != "" {
			c.fault(own.Place, CodeReserved, "the API "+apim.CallbacksID+" is built in",
				"rename this API; apim/apis/callbacks may hold policy documents only")
			continue
		}
		out.Policy, out.Place = own.Policy, own.Place
		for _, o := range own.Operations {
			target := out.Operation(o.ID)
			if target == nil {
				hint := "its operations are complete and fail"
				if near, ok := diag.Nearest(o.ID, []string{"complete", "fail"}); ok {
					hint = "did you mean " + near + "?"
				}
				c.fault(o.Place, CodeNoSuch, "the built-in API callbacks has no operation "+o.ID, hint)
				continue
			}
			target.Policy, target.Place = o.Policy, o.Place
		}
	}
	return out
}
