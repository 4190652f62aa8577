package app

import (
	"context"
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/audit"
	"stile/internal/secret"
	"stile/jsonval"
)

// taken records that a project was taken up: before and after are digests of its
// files.
func (a *auditor) taken(name, before, after, revision string) error {
	var o jsonval.Object
	return a.append(context.Background(), audit.Entry{Actor: "files", Via: "files", Action: "stile:Configure", Resource: "project/" + name,
		Decision: audit.Allowed, Before: before, After: after, Verdict: o.AddString("revision", revision).Value()})
}

// notTaken records a project with faults, which was not taken.
func (a *auditor) notTaken(name, before string, faults diag.List) {
	errors, first := 0, ""
	for _, d := range faults {
		if d.Severity == diag.Error {
			if errors++; errors == 1 {
				first = d.Code + " " + placeOf(d.File, d.Line)
			}
		}
	}
	var o jsonval.Object
	o.AddInt("faults", int64(errors)).AddString("first", first)
	a.note(context.Background(), audit.Entry{Actor: "files", Via: "files", Action: "stile:Configure", Resource: "project/" + name,
		Decision: audit.Denied, Before: before, Verdict: o.Value()})
}

// secretsChanged records new values by their references.
func (a *auditor) secretsChanged(refs []secret.Ref, revision string) {
	var o jsonval.Object
	o.AddString("revision", revision)
	for _, ref := range refs {
		a.note(context.Background(), audit.Entry{Actor: "secrets", Via: "engine", Action: "stile:Configure", Resource: "secret/" + ref.String(),
			Decision: audit.Allowed, Verdict: o.Value()})
	}
}

// digest of the project that serves now, empty before the first.
func (s *server) digest() string {
	if p := s.current.Load(); p != nil {
		return p.Digest
	}
	return ""
}

// takeNoted gives the secrets that have changed since it was asked last, in order.
func (x *secrets) takeNoted() (refs []secret.Ref) {
	x.noted.Range(func(ref, _ any) bool {
		x.noted.Delete(ref)
		refs = append(refs, ref.(secret.Ref))
		return true
	})
	slices.SortFunc(refs, func(a, b secret.Ref) int { return strings.Compare(a.String(), b.String()) })
	return refs
}
