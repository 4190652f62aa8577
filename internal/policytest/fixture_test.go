package policytest_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/policies"
	"stile/internal/policytest"
	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

//go:embed testdata/project.txtar
var fixture []byte

// project writes a fixture's files into a folder of the test, those of more too, and
// works there: files in diagnostics then have short names.
func project(t testing.TB, more ...txtar.File) *policytest.Host {
	t.Helper()
	archive := txtar.Parse(fixture)
	t.Chdir(t.TempDir())
	for _, f := range append(archive.Files, more...) {
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, faults := files.Load(".")
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	h, faults := policytest.New(policytest.Config{Service: p.APIM, Issuer: "http://issuer.test", Roles: []string{"clerk"}, KeyHeader: gateway.DefaultKeyHeader,
		Machines: map[string]string{"order": "clerk", "bare": ""}, Counters: policies.NewCounters, Compile: compile, Gateway: newGateway,
		Tokens: func(get func(context.Context, string, string) ([]byte, error), now func() time.Time) policy.Tokens {
			return gateway.NewTokens(identity.NewVerifier(nil, get, now))
		}, Principal: func(c policytest.Caller, now time.Time) *exchange.Principal {
			return exchange.NewPrincipal(exchange.Claims{Issuer: "http://issuer.test", Role: c.Role, State: c.State, Expires: now})
		}})
	if h == nil {
		t.Fatal(faults)
	}
	return h
}

// read reads a file of tests that must have no fault.
func read(t testing.TB, h *policytest.Host, name, text string) []*policytest.Case {
	t.Helper()
	src := diag.NewSource(name, text)
	f, faults := policytest.Read(src)
	if f != nil {
		faults = append(faults, h.Check(src, f)...)
	}
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return f.Cases
}

func run(t testing.TB, h *policytest.Host, cases []*policytest.Case) *policytest.Report {
	t.Helper()
	r, err := h.Run(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func gathered(t testing.TB, h *policytest.Host) (all []*policytest.Case) {
	t.Helper()
	sources, faults := policytest.Gather(".")
	if len(faults) > 0 || len(sources) == 0 {
		t.Fatal(faults, len(sources))
	}
	for _, src := range sources {
		all = append(all, read(t, h, src.File(), src.Text())...)
	}
	return all
}

// told writes differences in lines.
func told(r *policytest.Report) string {
	var b strings.Builder
	for _, c := range r.Cases {
		for _, f := range c.Failures {
			for _, d := range f.Differences {
				b.WriteString(c.Name + ": " + d.What + ": " + policytest.Shown(d.Expected) + " | " + policytest.Shown(d.Got) + "\n")
			}
		}
	}
	return b.String()
}

func asJSON(t testing.TB, r *policytest.Report) string {
	t.Helper()
	out, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func shuffled(all []*policytest.Case) []*policytest.Case {
	out := slices.Clone(all)
	slices.Reverse(out)
	return out
}

func compile(svc *apim.Service, previous policytest.Project, secrets func(secret.Ref) (secret.Value, error)) (policytest.Project, diag.List) {
	before, _ := previous.(*gateway.Snapshot)
	made, faults := gateway.Compile(svc, policies.Table(), gateway.CompileOptions{Previous: before, Secrets: secrets,
		Authorize: func(ex *exchange.Exchange) *exchange.PermissionDenied {
			return &exchange.PermissionDenied{Action: "apim:Invoke", Resource: ex.API.ID, Role: ex.Principal.Role()}
		}})
	if made == nil {
		return nil, faults
	}
	return made, faults
}

func newGateway(p policytest.Project, env policy.Env) exchange.Caller {
	g := gateway.New(gateway.Config{Backend: env.Backend, Counters: env.Counters, Cache: env.Cache, Tokens: env.Tokens, Events: env.Events,
		Sleep: env.Sleep, InOrder: env.InOrder, Now: env.Now, NewGUID: env.NewGUID, Rand: env.Rand,
		Record: func(*exchange.Exchange, string) gateway.Debugging { return gateway.DebugRecord }})
	g.Swap(p.(*gateway.Snapshot))
	return g
}
