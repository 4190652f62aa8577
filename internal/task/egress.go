package task

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/policy/exchange"
)

// EgressAction is the action that a refusal names where a call leaves the gateway
// and the project does not let it; its resource is host/HOST. It is granted by
// `egress:` of stile.yaml, never by a role's statement.
const EgressAction = "egress"

// mappedReason is the reason of a call that `map:` sends to a URL: the author wrote
// the address out.
const mappedReason = "map of stile.yaml"

// connectionError is what AWS gives where a connection cannot authorize a call.
const connectionError = "Events.ConnectionResource.InvalidConnectionState"

// leave sends a call past the gateway: to mapped, the URL that stile.yaml gives
// for its target, else to its own host where the project lets the role out.
func (r *Runner) leave(ctx context.Context, call sfn.TaskCall, q request, mapped string) (*exchange.Exchange, sfn.TaskResult) {
	backend, host, reason := exchange.Backend{BaseURL: mapped}, q.url.Authority(), cmp.Or(q.reason, mappedReason)
	if mapped == "" {
		role, _ := sfn.RoleName(call.RoleARN)
		exit, ok := Exit{}, false
		if r.cfg.Egress != nil {
			exit, ok = r.cfg.Egress(host, role)
		}
		if !ok {
			return nil, r.refuse(call, q, host, role)
		}
		reason = exit.Reason
		backend = exchange.Backend{ID: exit.Entry, BaseURL: "https://" + host, Tainted: !exit.Private}
	} else if u, err := url.Parse(mapped); err == nil {
		host = u.Host
	}
	send := func(creds Credentials, earlier []exchange.Call) (*exchange.Exchange, sfn.TaskResult) {
		q, bad := q.with(creds)
		if bad.Error != "" {
			return nil, bad
		}
		ex := r.exchange(call, q)
		ex.Backend, ex.Calls = backend, earlier
		ex.State.Host, ex.State.Reason = host, reason
		addSecrets(ex, creds)
		if r.cfg.Ungoverned != nil {
			if err := r.cfg.Ungoverned(ctx, call, host, reason, ex); err != nil {
				return nil, fault("States.TaskFailed", "The call past the gateway could not be recorded in the audit, so that it was not sent.")
			}
		}
		return ex, r.deliver(ctx, call, ex, r.cfg.Upstream)
	}
	var creds Credentials
	if q.authorize != nil {
		var err error
		if creds, err = q.authorize(ctx); err != nil {
			res := fault(connectionError, "Connection '"+q.connection+"' cannot authorize the call: "+err.Error()+".")
			res.NoSecret = lacksSecret(err)
			return nil, res
		}
	}
	ex, res := send(creds, nil)
	if res.Error != "" || creds.Again == nil || !unauthorized(ex) {
		return ex, res
	}
	if next, worth := creds.Again(ctx); worth {
		return send(next, ex.Calls)
	}
	return ex, res
}

// unauthorized says that the target takes the credentials for none of its own; AWS
// renews a connection's token on both statuses.
func unauthorized(ex *exchange.Exchange) bool {
	s := ex.Response.StatusCode
	return s == http.StatusUnauthorized || s == http.StatusProxyAuthRequired
}

// refuse is the result of a call that may not leave the gateway. It says what to
// write so that it may.
func (r *Runner) refuse(call sfn.TaskCall, q request, host, role string) sfn.TaskResult {
	ex := r.exchange(call, q)
	ex.State.Host = host
	who := "role '" + role + "'"
	if role == "" {
		who = "a state machine without a role"
	}
	res := fault("States.Permissions", "The host '"+host+"' is not mapped to the gateway, and egress of stile.yaml does not let "+who+
		" call it. To let it, add under egress: "+EgressLine(host, cmp.Or(role, "ROLE"))+"; to send it through the gateway, add under map: "+
		strconv.Quote(q.target)+": {gateway: self}.")
	res.Call = record(call, ex, &exchange.PermissionDenied{Action: EgressAction, Resource: "host/" + host, Role: role, State: call.State})
	return res
}

// EgressLine is the entry of `egress:` in stile.yaml that lets a role call a host.
func EgressLine(host, role string) string {
	return `- {host: "` + host + `", roles: [` + role + `], reason: "why this call may leave the gateway"}`
}

// with is the request that carries the connection's credentials in its body, and no
// other parameter of their names.
func (q request) with(creds Credentials) (request, sfn.TaskResult) {
	named := func(list []Secret, name string, same func(a, b string) bool) bool {
		return slices.ContainsFunc(list, func(s Secret) bool { return same(s.Name, name) })
	}
	q.header = slices.DeleteFunc(slices.Clone(q.header), func(p exchange.Param) bool { return named(creds.Header, p.Name, strings.EqualFold) })
	q.query = slices.DeleteFunc(slices.Clone(q.query), func(p exchange.Param) bool {
		return named(creds.Query, p.Name, strings.EqualFold)
	})
	if len(creds.Body) == 0 {
		return q, sfn.TaskResult{}
	}
	return q, q.encode(&q, creds.Body)
}

// addSecrets gives the exchange the credentials of header and query. They stand in
// what is sent and in nothing that is recorded of it.
func addSecrets(ex *exchange.Exchange, creds Credentials) {
	for _, s := range creds.Header {
		ex.Request.Header.Set(s.Name, s.Value.Reveal())
	}
	for _, s := range creds.Query {
		ex.Request.URL.Query = append(ex.Request.URL.Query, exchange.Param{Name: s.Name, Value: s.Value.Reveal()})
	}
}
