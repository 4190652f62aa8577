package config

import (
	"slices"
	"time"

	"stile/internal/config/doctree"
)

// User is one entry of users: somebody who owns subscriptions, as context.User shows
// him. It gives no rights in Stile.
type User struct {
	ID, Email, FirstName, LastName, Note string
	// Groups are ids of groups of the gateway.
	Groups     []string
	Identities []UserIdentity
	// Registered is zero where the file does not say.
	Registered time.Time
	Line       int
}

// UserIdentity says who a user is at a provider.
type UserIdentity struct{ ID, Provider string }

func (r *reader) user(n *doctree.Node) {
	u := User{Line: n.Line}
	r.Map(n, "a user",
		doctree.Field{Name: "id", Required: true, Read: r.NonEmpty(&u.ID)},
		doctree.Field{Name: "email", Read: r.NonEmpty(&u.Email)},
		doctree.Field{Name: "first-name", Read: r.NonEmpty(&u.FirstName)},
		doctree.Field{Name: "last-name", Read: r.NonEmpty(&u.LastName)},
		doctree.Field{Name: "note", Read: r.NonEmpty(&u.Note)},
		doctree.Field{Name: "groups", Read: r.Texts(&u.Groups)},
		doctree.Field{Name: "registered", Read: r.instant(&u.Registered)},
		doctree.Field{Name: "identities", Read: r.Each(func(n *doctree.Node) {
			var i UserIdentity
			r.Map(n, "an identity of a user",
				doctree.Field{Name: "provider", Required: true, Read: r.NonEmpty(&i.Provider)},
				doctree.Field{Name: "id", Required: true, Read: r.NonEmpty(&i.ID)})
			u.Identities = append(u.Identities, i)
		})})
	if u.ID != "" && slices.ContainsFunc(r.cfg.Users, func(o User) bool { return o.ID == u.ID }) {
		r.Fault(n, doctree.CodeDuplicate, "another user has the id "+u.ID, "")
	}
	r.cfg.Users = append(r.cfg.Users, u)
}

// instant reads a time, RFC 3339.
func (r *reader) instant(to *time.Time) func(*doctree.Node) {
	return func(n *doctree.Node) {
		t, err := time.Parse(time.RFC3339, n.Text)
		if err != nil {
			r.Fault(n, doctree.CodeValue, "this is not a time", "write for example 2026-01-31T00:00:00Z")
			return
		}
		*to = t.UTC()
	}
}
