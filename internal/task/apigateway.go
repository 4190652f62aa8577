package task

import (
	"context"
	"slices"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// apiGatewayInvoke is arn:aws:states:::apigateway:invoke (Step Functions' API
// Gateway integration): parameters ApiEndpoint (a host), Method, Stage, Path,
// Headers and QueryParameters (arrays), RequestBody, AuthType.
func apiGatewayInvoke(ctx context.Context, r *Runner, call sfn.TaskCall) sfn.TaskResult {
	q, refused := readAPIGateway(r, call)
	if refused.Error != "" {
		return refused
	}
	ex, res := r.send(ctx, call, q)
	if res.Error != "" {
		return res
	}
	return r.result(call, ex, "ApiGateway.")
}

func readAPIGateway(r *Runner, call sfn.TaskCall) (q request, refused sfn.TaskResult) {
	p, refused := r.parameters(call)
	if refused.Error != "" {
		return q, refused
	}
	q, bad := shapeAPIGateway(p)
	if bad != "" {
		return q, invalid(call.Parameters, bad)
	}
	for _, h := range q.header {
		if strings.EqualFold(h.Name, "Authorization") || strings.EqualFold(h.Name, "Host") {
			return q, fault("States.Runtime", "The header '"+h.Name+"' is reserved: apigateway:invoke does not let a state set it.")
		}
	}
	return q, sfn.TaskResult{}
}

func shapeAPIGateway(p jsonval.Value) (q request, bad string) {
	host, ok := p.Get("ApiEndpoint").Str()
	if !ok || host == "" || strings.ContainsAny(host, "/?#") {
		return q, "ApiEndpoint"
	}
	method, _ := p.Get("Method").Str()
	if !slices.Contains(methods, method) {
		return q, "Method"
	}
	u, err := exchange.ParseURL("https://" + host)
	if err != nil || !spelledOut(u.Host) {
		return q, "ApiEndpoint"
	}
	for _, part := range []string{"Stage", "Path"} {
		text, ok := p.Get(part).Str()
		if p.Get(part).Exists() && !ok {
			return q, part
		}
		if text = strings.Trim(text, "/"); text != "" {
			u.Path += "/" + text
		}
	}
	if u.Path == "" {
		u.Path = "/"
	}
	q = request{target: host, url: u, method: method}
	if q.header, bad = params(p.Get("Headers"), "Headers", true); bad != "" {
		return q, bad
	}
	if q.query, bad = params(p.Get("QueryParameters"), "QueryParameters", true); bad != "" {
		return q, bad
	}
	if body := p.Get("RequestBody"); body.Exists() {
		q.contentType = "application/json"
		q.body = bodyText(body, q.header)
	}
	return q, ""
}
