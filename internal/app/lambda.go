package app

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/contract"
	"stile/internal/files"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/policy/exchange"
)

// function is task.Config.Function: what stands behind a Lambda function, by the
// project as it stands.
func (s *server) function(f sfn.Function) (task.FunctionTarget, bool) {
	p := s.current.Load().Project
	c := &p.Config.Lambda
	if is, ok := p.Config.Function(f.Name, f.ARN()); ok {
		if is.HTTP != "" {
			return task.FunctionTarget{URL: is.HTTP}, true
		}
		path, header, problem, _ := functionOperation(p.APIM, is)
		return task.FunctionTarget{Operation: strings.TrimRight(s.opts.PublicURL, "/") + path, Header: header}, problem == ""
	}
	if c.Endpoint == "" {
		return task.FunctionTarget{}, false
	}
	to := task.FunctionTarget{Endpoint: c.Endpoint}
	if c.AccessKey.ID != "" {
		to.Key = func(ctx context.Context) (task.SigningKey, error) { return s.lambdaKey(ctx, p) }
	}
	return to, true
}

// lambdaKey is the access key of the endpoint with its secrets as they are now.
func (s *server) lambdaKey(ctx context.Context, p *files.Project) (key task.SigningKey, err error) {
	k := p.Config.Lambda.AccessKey
	key.ID, key.Region = k.ID, k.Region
	for to, written := range map[*secret.Value]config.SecretRef{&key.Secret: k.Secret, &key.Token: k.Token} {
		if written.Text == "" {
			continue
		}
		ref, err := secret.Parse(written.Text)
		if err != nil {
			return key, err // a project with this fault is not taken
		}
		if *to, err = s.secrets.store.Get(ctx, ref.Under(p.Dir)); err != nil {
			return key, err
		}
		s.secrets.mask.Seen(*to)
	}
	return key, nil
}

// functionOperation is the path, and the header of the version, at which the gateway
// answers for a function; problem says why it cannot, and hint what to do.
func functionOperation(svc *apim.Service, f config.Function) (path string, header []exchange.Param, problem, hint string) {
	var ids []string
	a := svc.API(f.API)
	if a == nil {
		for _, a := range svc.APIs {
			ids = append(ids, a.ID)
		}
		return "", nil, "there is no API " + f.API, nearOr(f.API, ids, "write API/OPERATION by their ids")
	}
	o := a.Operation(f.Operation)
	if o == nil {
		for _, o := range a.Operations {
			ids = append(ids, o.ID)
		}
		return "", nil, "API " + f.API + " has no operation " + f.Operation, nearOr(f.Operation, ids, "write API/OPERATION by their ids")
	}
	if o.Method != "POST" || strings.ContainsAny(o.URLTemplate, "{*") {
		return "", nil, "operation " + f.API + "/" + f.Operation + " is " + o.Method + " " + o.URLTemplate + ": a function's payload goes to a POST without parameters in its path",
			"give the API such an operation"
	}
	segment, query := "", ""
	switch {
	case a.Version == "":
	case a.VersionScheme == "Segment":
		segment = joined(a.Version)
	case a.VersionScheme == "Query":
		query = "?" + url.Values{a.VersionName: {a.Version}}.Encode()
	case a.VersionScheme == "Header":
		header = []exchange.Param{{Name: a.VersionName, Value: a.Version}}
	}
	return joined(a.Path) + segment + joined(o.URLTemplate) + query, header, "", ""
}

// joined is a part of a path behind its slash; nothing for an empty one.
func joined(part string) string {
	if part = strings.Trim(part, "/"); part == "" {
		return ""
	}
	return "/" + part
}

func nearOr(name string, names []string, hint string) string {
	if near, ok := diag.Nearest(name, names); ok {
		return "did you mean " + near + "?"
	}
	return hint
}

// functionFaults tells of functions of stile.yaml whose operation is not there or
// cannot take a payload.
func functionFaults(p *files.Project) (out diag.List) {
	for _, f := range p.Config.Lambda.Functions {
		if f.API == "" { // another kind, or told of by config
			continue
		}
		if _, _, problem, hint := functionOperation(p.APIM, f); problem != "" {
			out = append(out, diag.Diagnostic{Code: config.CodeNoSuch, Severity: diag.Error, File: filepath.ToSlash(p.Config.File), Line: f.Line, Column: f.Column,
				Message: "function " + f.Name + " has no operation to call: " + problem, Hint: hint})
		}
	}
	return out
}

// functionsOf is contract.Project.Function.
func functionsOf(p *files.Project) func(sfn.Function) (contract.Function, bool) {
	return func(f sfn.Function) (contract.Function, bool) {
		is, ok := p.Config.Function(f.Name, f.ARN())
		past := is.HTTP
		if !ok {
			past = p.Config.Lambda.Endpoint
		}
		if u, err := url.Parse(past); err == nil {
			past = u.Host
		}
		return contract.Function{API: is.API, Operation: is.Operation, Past: past}, ok || past != ""
	}
}

// mayInvoke is task.Config.MayInvoke: the role of the state's machine decides, as it
// stands now.
func (a *authority) mayInvoke(call sfn.TaskCall, f sfn.Function) error {
	const action = "lambda:InvokeFunction"
	name, _ := sfn.RoleName(call.RoleARN)
	denied := &exchange.PermissionDenied{Action: action, Resource: f.Resource(), Role: name, State: call.State}
	role := a.project().roles[name]
	if role == nil {
		if a.lax {
			a.warn(name)
			return nil
		}
		return denied
	}
	d := role.Decide(action, f.Resources()...)
	if d.Allowed {
		return nil
	}
	denied.File, denied.Line, denied.Explicit = d.File, d.Line, d.Explicit
	return denied
}
