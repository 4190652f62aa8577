package app

import (
	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/contract"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/policy"
)

// jointFaults holds the project's halves against each other. A nil snapshot means
// that the gateway's half has faults of its own, which are told first; o gives the
// account and region of what has no ARN.
func jointFaults(p *files.Project, machines []contract.Machine, snapshot *gateway.Snapshot, o config.ServerOptions) diag.List {
	if snapshot == nil {
		return nil
	}
	in := contract.Project{Documents: documents(p.APIM), Locate: snapshot.Locate,
		Target: func(name string) (bool, bool) {
			to, ok := targetOf(p, name)
			return to.Gateway, ok
		},
		Connection: func(arn string) bool { _, ok := connectionIn(p, arn); return ok },
		Egress:     egressOf(p), Exit: exitsOf(p), Account: o.Account, Region: o.Region}
	if p.Config.Reaches() {
		in.Function = functionsOf(p)
	}
	for _, a := range p.Config.Activities {
		in.Activities = append(in.Activities, a.Name)
	}
	for _, m := range p.StateMachines {
		in.Names = append(in.Names, m.Name)
	}
	for _, m := range machines {
		m.Role = p.Roles[m.RoleName]
		in.Machines = append(in.Machines, m)
	}
	return contract.Check(in)
}

// documents are all policy documents of a service.
func documents(svc *apim.Service) (out []policy.Source) {
	add := func(s *policy.Source) {
		if s != nil {
			out = append(out, *s)
		}
	}
	add(svc.Policy)
	for _, w := range svc.Workspaces {
		add(w.Policy)
	}
	for _, p := range svc.Products {
		add(p.Policy)
	}
	for _, a := range svc.APIs {
		add(a.Policy)
		for _, o := range a.Operations {
			add(o.Policy)
		}
	}
	for _, f := range svc.Fragments {
		add(&f.Source)
	}
	return out
}
