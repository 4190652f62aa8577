package task

import (
	"testing"
	"time"

	"stile/internal/config"
	"stile/internal/sfn"
	"stile/jsonval"
)

// TestAHostIsCalledAsItIsJudged: a spelling that the client would turn into a mapped
// host does not slip past the gateway by an entry for the domain.
func TestAHostIsCalledAsItIsJudged(t *testing.T) {
	cfg := &config.Config{Map: []config.MapEntry{{Key: "https://pay.acme.example.com", GatewaySelf: true}},
		Egress: []config.Egress{{Host: "*.example.com", Roles: []string{"r"}, Reason: "partners"}}}
	for _, endpoint := range []string{"https://ｐay.acme.example.com/x", "https://pay。acme.example.com/x", "https://%EF%BD%90ay.acme.example.com/x", "https://pa\u00ady.acme.example.com/x"} {
		up := &gate{status: 200, body: "{}"}
		r, err := New(Config{Gateway: &gate{status: 401}, Upstream: up,
			Map: func(target string) (Target, bool) {
				e, ok := cfg.Resolve(target)
				return Target{Gateway: e.GatewaySelf}, ok
			},
			Egress: func(host, role string) (Exit, bool) {
				e, ok := cfg.EgressTo(host, role)
				return Exit{Entry: e.Host, Reason: e.Reason}, ok
			},
			Connection: func(string) (Connection, bool) { return Connection{Name: "c"}, true },
			NewGUID:    func() string { return "id" }, Now: time.Now}, Table())
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan sfn.TaskResult, 1)
		r.Start(t.Context(), sfn.TaskCall{Resource: invoke, Parameters: jsonval.MustParse(to(endpoint)), RoleARN: "arn:aws:iam::111111111111:role/r",
			ExecutionARN: "arn", Command: 1}, func(res sfn.TaskResult) { done <- res })
		if res := <-done; res.Error != "States.Runtime" || up.seen != nil {
			t.Errorf("%s: %s %s, sent %v", endpoint, res.Error, res.Cause, up.seen != nil)
		}
	}
	if bad := table("arn:aws:states:::apigateway:invoke")(jsonval.MustParse(`{"ApiEndpoint":"ａcme.execute-api.us-east-1.amazonaws.com","Method":"GET"}`)); bad != "ApiEndpoint" {
		t.Errorf("apigateway:invoke takes it: %q", bad)
	}
}

func table(resource string) func(jsonval.Value) string {
	for _, in := range Table() {
		if in.Resource == resource {
			return in.Shape
		}
	}
	return nil
}
