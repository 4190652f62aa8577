package policies

import (
	"testing"

	"stile/policy"
	"stile/policy/exchange"
)

// TestVaryByDeveloper: answers are shared within what the policy names, by who owns the
// subscription, and by the subscription where nobody does.
func TestVaryByDeveloper(t *testing.T) {
	user := func(id string, groups ...string) *exchange.User {
		u := &exchange.User{ID: id}
		for _, g := range groups {
			u.Groups = append(u.Groups, exchange.Group{ID: g})
		}
		return u
	}
	ann, anna, ben, bob := user("ann", "developers", "partners"), user("ann", "developers", "partners"), user("ben", "developers", "partners"), user("bob", "developers")
	one, two := "one", "two"
	for _, c := range []struct {
		name              string
		developer, groups string
		a, b              *exchange.User
		subA, subB        string
		shared            bool
	}{
		{"neither", "false", "false", ann, bob, one, two, true},
		{"one developer, two subscriptions", "true", "false", ann, anna, one, two, true},
		{"two developers", "true", "false", ann, ben, one, one, false},
		{"two developers of the same groups", "false", "true", ann, ben, one, two, true},
		{"two developers of different groups", "false", "true", ann, bob, one, one, false},
		{"both", "true", "true", ann, ben, one, one, false},
		{"no owners", "true", "false", nil, nil, one, two, false},
		{"no owners, groups", "false", "true", nil, nil, one, two, false},
		{"no owners, one subscription", "true", "true", nil, nil, one, one, true},
		{"an owner called as a subscription", "true", "false", user("one"), nil, two, one, false},
	} {
		key := func(u *exchange.User, subscription string) string {
			l := &lookup{byDeveloper: policy.Literal(c.developer), byGroups: policy.Literal(c.groups)}
			ex := &exchange.Exchange{User: u, Subscription: &exchange.Subscription{ID: subscription}}
			got, err := l.key(ex, &policy.Env{})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if shared := key(c.a, c.subA) == key(c.b, c.subB); shared != c.shared {
			t.Errorf("%s: shared %v", c.name, shared)
		}
	}
}
