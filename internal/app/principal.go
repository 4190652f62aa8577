package app

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"stile/internal/identity"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/policy/exchange"
)

// stepTokenLife is how long a state's token lives: long enough for the call that
// it goes out with.
const stepTokenLife = 10 * time.Minute

// authority says who a state is and what it may do, from the project's roles as
// they stand now. It is the one maker of Principals.
type authority struct {
	project func() *project
	issuer  *identity.Issuer
	now     func() time.Time
	log     *slog.Logger
	// mask is told how our tokens begin: a backend may send one back.
	mask *secret.Masker
	// lax allows a role that the project does not have, with one warning (dev).
	lax    bool
	warned sync.Map // role name → nothing
}

// identify is the caller that a dispatch is.
func (a *authority) identify(call sfn.TaskCall) task.Identity {
	name, _ := sfn.RoleName(call.RoleARN)
	p := exchange.NewPrincipal(exchange.Claims{
		Issuer: a.issuer.URL(), Audience: identity.Audience, Subject: call.ExecutionName + "/" + call.State,
		Expires: a.now().Add(stepTokenLife), Role: name, StateMachine: call.StateMachineName,
		Execution: call.ExecutionName, State: call.State, Command: call.Command, Attempt: int(call.Attempt), Act: cmp.Or(call.Subject, call.Owner),
	})
	id := task.Identity{Principal: p, Bearer: func() string {
		token, err := a.mint(p.Claims())
		if err != nil {
			a.log.Error("a state's token could not be minted", "state", p.Claim("state"), "error", err)
			return ""
		}
		return token
	}}
	if role := a.project().roles[name]; role != nil {
		id.SubscriptionID = role.Subscription
	}
	return id
}

// mint signs a token; nothing that it stands in is kept or shown with it.
func (a *authority) mint(c exchange.Claims) (string, error) {
	token, err := a.issuer.Mint(c)
	if head, _, ok := strings.Cut(token, "."); ok {
		a.mask.KeepHead(head + ".")
	}
	return token, err
}

// token mints a token for a role, for `stile token`.
func (a *authority) token(role string) (string, time.Time, error) {
	if a.project().roles[role] == nil {
		return "", time.Time{}, &sfn.Error{Code: "ResourceNotFound", Message: "no role " + role + " in the project"}
	}
	expires := a.now().Add(identity.TokenLife)
	token, err := a.mint(exchange.Claims{Issuer: a.issuer.URL(), Audience: identity.Audience,
		Subject: "role/" + role, Expires: expires, Role: role})
	return token, expires, err
}

// authorize asks the principal's role for the operation, before any policy, by the
// project as it stands now.
func (a *authority) authorize(ex *exchange.Exchange) *exchange.PermissionDenied {
	return a.authorizeIn(a.project(), ex)
}

// authorizeIn is authorize by a project: that of the snapshot which the exchange
// runs on. The role's subscription is that project's too.
func (a *authority) authorizeIn(p *project, ex *exchange.Exchange) *exchange.PermissionDenied {
	const action = "apim:Invoke"
	resource := "api/" + ex.API.ID + "/operation/" + ex.Operation.ID
	role := p.roles[ex.Principal.Role()]
	if role == nil {
		c := ex.Principal.Claims()
		if a.lax {
			a.warn(c.Role)
			return nil
		}
		return &exchange.PermissionDenied{Action: action, Resource: resource, Role: c.Role, State: c.State}
	}
	d := role.Decide(action, resource, resource[:len("api/")+len(ex.API.ID)])
	if d.Allowed {
		ex.SubscriptionID = role.Subscription
		return nil
	}
	c := ex.Principal.Claims()
	return &exchange.PermissionDenied{Action: action, Resource: resource, Role: c.Role, State: c.State,
		File: d.File, Line: d.Line, Explicit: d.Explicit}
}

// CheckRole is asked for the role of a state machine that is created or changed.
func (a *authority) CheckRole(_ context.Context, roleARN string) error {
	name, ok := sfn.RoleName(roleARN)
	if ok && a.project().roles[name] != nil {
		return nil
	}
	if a.lax {
		a.warn(name)
		return nil
	}
	return &sfn.Error{Code: "AccessDeniedException", Message: "Neither the global service principal " +
		"states.amazonaws.com, nor the regional one is authorized to assume the provided role."}
}

func (a *authority) warn(role string) {
	if _, told := a.warned.LoadOrStore(role, nil); told {
		return
	}
	a.log.Warn("role "+role+" is not in the project: its states may call every operation; `stile serve` would refuse it",
		"write", "roles/"+role+".json", "with", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/**"}]}`)
}
