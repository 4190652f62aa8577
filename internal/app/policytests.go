package app

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/policies"
	"stile/internal/policytest"
	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

// ErrNoTests is the error of Test where there is nothing to run.
var ErrNoTests = errors.New("there are no tests")

// Test runs the tests of a project's policies, those whose name match takes (nil takes
// all). The error is a diag.List with every fault of the tests and of the documents
// that they run, ErrNoTests, or ctx's.
func Test(ctx context.Context, dir string, match func(name string) bool) (*policytest.Report, error) {
	p, faults := files.Load(dir)
	if p == nil {
		return nil, faults
	}
	addBuiltIn(p.APIM, testIssuer)
	sources, found := policytest.Gather(dir)
	host, more := testHost(p)
	faults = append(append(faults, found...), more...)
	var cases []*policytest.Case
	for _, src := range sources {
		f, found := readTests(host, src)
		faults = append(faults, found...)
		if f == nil {
			continue
		}
		for _, c := range f.Cases {
			if match == nil || match(c.Name) {
				cases = append(cases, c)
			}
		}
	}
	if faults.HasErrors() {
		return nil, slices.DeleteFunc(faults.Sort(), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	}
	if len(cases) == 0 {
		return nil, ErrNoTests
	}
	return host.Run(ctx, cases)
}

// testIssuer is the issuer of Stile's own tokens in tests.
var testIssuer = "http://" + config.DefaultServerOptions().Control

// testHost compiles a project for its tests.
func testHost(p *files.Project) (*policytest.Host, diag.List) {
	current := &project{Project: p, roles: p.Roles, access: identity.NewAccess(p.Roles, p.Assignments)}
	who := &authority{}
	machines := map[string]string{}
	for _, m := range p.StateMachines {
		machines[m.Name] = m.Role
	}
	allow := func(ex *exchange.Exchange) *exchange.PermissionDenied { return who.authorizeIn(current, ex) }
	return policytest.New(policytest.Config{Service: p.APIM, Issuer: testIssuer, KeyHeader: gateway.DefaultKeyHeader,
		Roles: slices.Sorted(maps.Keys(p.Roles)), Machines: machines, Principal: testPrincipal, Counters: policies.NewCounters, Tokens: testTokens, Gateway: testGateway,
		Compile: func(svc *apim.Service, previous policytest.Project, secrets func(secret.Ref) (secret.Value, error)) (policytest.Project, diag.List) {
			before, _ := previous.(*gateway.Snapshot)
			made, faults := gateway.Compile(svc, policies.Table(), gateway.CompileOptions{Revision: "test", Previous: before, Secrets: secrets, Authorize: allow})
			faults = slices.DeleteFunc(faults, func(d diag.Diagnostic) bool { return d.Code == gateway.CodeSecret }) // the tests give them
			if made == nil {
				return nil, faults
			}
			return made, faults
		}})
}

// testTokens verifies with the keys that a test lists.
func testTokens(get func(ctx context.Context, url, origin string) ([]byte, error), now func() time.Time) policy.Tokens {
	return gateway.NewTokens(identity.NewVerifier(nil, get, now))
}

// testGateway is the gateway of one case.
func testGateway(p policytest.Project, env policy.Env) exchange.Caller {
	g := gateway.New(gateway.Config{Backend: env.Backend, Counters: env.Counters, Cache: env.Cache, External: env.External, Tokens: env.Tokens,
		Identity: env.Identity, Authorizations: env.Authorizations, Events: env.Events, Sleep: env.Sleep, InOrder: env.InOrder, Now: env.Now, NewGUID: env.NewGUID, Rand: env.Rand,
		Record: func(*exchange.Exchange, string) gateway.Debugging { return gateway.DebugRecord }})
	g.Swap(p.(*gateway.Snapshot))
	return g
}

// testPrincipal is the state that a test calls as.
func testPrincipal(c policytest.Caller, now time.Time) *exchange.Principal {
	return exchange.NewPrincipal(exchange.Claims{Issuer: testIssuer, Audience: identity.Audience, Subject: c.Execution + "/" + c.State,
		Expires: now.Add(stepTokenLife), Role: c.Role, StateMachine: c.StateMachine, Execution: c.Execution, State: c.State, Attempt: 1})
}

// readTests reads one file of tests and holds it against the project.
func readTests(host *policytest.Host, src *diag.Source) (*policytest.File, diag.List) {
	f, faults := policytest.Read(src)
	if f != nil && host != nil {
		faults = append(faults, host.Check(src, f)...)
	}
	return f, faults
}

// testFaults are the faults of a project's tests.
func testFaults(dir string, p *files.Project) diag.List {
	sources, faults := policytest.Gather(dir)
	if len(sources) == 0 {
		return faults
	}
	host, _ := testHost(p)
	for _, src := range sources {
		_, found := readTests(host, src)
		faults = append(faults, found...)
	}
	return faults
}

// checkTests reads one file of tests, within the project that it lies in.
func checkTests(path string) diag.List {
	src, fault := policytest.Open(path)
	if fault != nil {
		return diag.List{*fault}
	}
	var host *policytest.Host
	if dir, ok := projectOf(path); ok {
		if p, _ := files.Load(dir); p != nil {
			addBuiltIn(p.APIM, testIssuer)
			host, _ = testHost(p)
		}
	}
	_, faults := readTests(host, src)
	return faults
}

// isTests reports whether a path is that of tests of policies.
func isTests(path string) bool {
	return strings.HasSuffix(filepath.ToSlash(path), policytest.Suffix)
}
