package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy/exchange"
)

// membership puts products beside their APIs. What is not of the product's workspace
// is not there for it.
func (c *compiler) membership() {
	byID := map[string][]*api{}
	for _, a := range c.snap.apis {
		byID[a.noun.ID] = append(byID[a.noun.ID], a)
	}
	for _, noun := range c.svc.Products {
		p := c.products[noun.ID]
		if p == nil || p.noun.Place != noun.Place {
			continue
		}
		for _, id := range noun.APIs {
			revisions := byID[id]
			if len(revisions) == 0 || id == apim.CallbacksID || revisions[0].noun.Workspace != noun.Workspace {
				c.fault(noun.Place, CodeNoSuch, "product "+noun.ID+" names API "+id+", which is not there", c.nearAPI(id))
				continue
			}
			for _, a := range revisions {
				c.join(a, p)
			}
		}
	}
}

func (c *compiler) join(a *api, p *product) {
	a.products = append(a.products, p)
	switch {
	case p.noun.SubscriptionRequired:
	case a.open == nil:
		a.open, a.openAt = p, len(a.products)
	case a.noun.IsCurrentRevision:
		c.fault(p.noun.Place, CodeTwice, "API "+a.noun.ID+" is in two products that need no subscription, "+a.open.noun.ID+" and "+p.noun.ID,
			"a request without a key would not know which it runs under: take it out of one of them")
	}
}

func (c *compiler) nearAPI(id string) string {
	var ids []string
	for _, a := range c.svc.APIs {
		ids = append(ids, a.ID)
	}
	if near, ok := diag.Nearest(id, ids); ok {
		return "did you mean " + near + "?"
	}
	return "the APIs are " + strings.Join(ids, ", ")
}

// subscriptions makes the table of keys. What a key is kept as depends on a secret of
// this process, so that who reads its memory or watches its time learns of no key.
func (c *compiler) subscriptions() {
	apis := map[string]bool{}
	for _, a := range c.svc.APIs {
		apis[a.ID] = true
	}
	if t, ok := c.patched(apis); ok {
		c.snap.keys = t
		return
	}
	t := &keyTable{opens: map[opened]int{}}
	if c.opts.Previous != nil {
		t.seed = c.opts.Previous.keys.seed
	} else {
		_, _ = rand.Read(t.seed[:]) // it never fails: without randomness the process ends
	}
	for i := range keyShards {
		t.byID[i] = make(map[string]*subscription, len(c.svc.Subscriptions)/keyShards)
		t.bySum[i] = make(map[[sha256.Size]byte]*subscription, 2*len(c.svc.Subscriptions)/keyShards)
	}
	w, users := &keyWriter{keyTable: t}, c.users()
	for i := range keyShards {
		w.ownIDs[i], w.ownSums[i] = true, true
	}
	for _, noun := range c.svc.Subscriptions {
		c.subscription(w, noun, apis, users)
	}
	c.snap.keys = t
}

// subscription puts one into the table.
func (c *compiler) subscription(w *keyWriter, noun *apim.Subscription, apis map[string]bool, users map[string]*exchange.User) {
	if w.id(noun.ID) != nil {
		c.fault(noun.Place, CodeTwice, "another subscription has the id "+noun.ID, "")
		return
	}
	s := &subscription{noun: noun}
	c.scope(s, apis)
	c.owner(s, users)
	w.add(s)
	c.keys(w, s)
}

// sameUsers reports whether two services have the same users in the same groups.
func sameUsers(a, b *apim.Service) bool {
	return reflect.DeepEqual(a.Users, b.Users) && reflect.DeepEqual(a.Groups, b.Groups)
}

func sameSubscription(a, b *apim.Subscription) bool {
	return a == b || a.Subscription == b.Subscription && a.Place == b.Place && a.State == b.State && a.Workspace == b.Workspace &&
		a.Owner == b.Owner && slices.Equal(a.Keys, b.Keys)
}

func (c *compiler) keys(t *keyWriter, s *subscription) {
	for i, k := range s.noun.Keys[:min(len(s.noun.Keys), len(s.sum))] {
		digest := k.Digest
		if !k.Ref.IsZero() {
			t.fetched = true
			v, lacking := c.resolve(k.Ref, s.noun.Place, "an unknown subscription key")
			if lacking != "" {
				t.lacking = append(t.lacking, lackingKey{s, lacking})
				continue
			}
			digest = digestOf(v)
		}
		if digest == (apim.Digest{}) {
			continue
		}
		sum := t.keyed(digest)
		if other := t.sum(&sum); other != nil && other != s {
			c.fault(s.noun.Place, CodeTwice, "subscriptions "+other.noun.ID+" and "+s.noun.ID+" have a key in common", "give each a key of its own")
			continue
		}
		s.sum[i] = sum
		t.sums(&sum)[sum] = s
	}
}

// digestOf gives the digest of a key that is there; an empty one is none.
func digestOf(v secret.Value) apim.Digest {
	if v.Empty() {
		return apim.Digest{}
	}
	return sha256.Sum256([]byte(v.Reveal()))
}

// scope reads what a subscription opens.
func (c *compiler) scope(s *subscription, apis map[string]bool) {
	noun := s.noun
	kind, id, _ := strings.Cut(noun.Scope, "/")
	s.kind, s.id = kind, id
	switch kind {
	case "", apim.AllAccess:
	case "product":
		if p := c.products[id]; p == nil || p.noun.Workspace != noun.Workspace {
			c.fault(noun.Place, CodeNoSuch, "subscription "+noun.ID+" is for product "+id+", which is not there", "")
		}
	case "api":
		if !apis[id] || workspaceOf(id) != noun.Workspace {
			c.fault(noun.Place, CodeNoSuch, "subscription "+noun.ID+" is for API "+id+", which is not there", c.nearAPI(id))
		}
	}
}

// workspaceOf is the workspace in a noun's id.
func workspaceOf(id string) string {
	workspace, _, ok := strings.Cut(id, "/")
	if !ok {
		return ""
	}
	return workspace
}

// developers is the group that API Management puts every user into.
const developers = "developers"

// builtInGroups are there without a folder.
var builtInGroups = map[string]string{"administrators": "Administrators", developers: "Developers", "guests": "Guests"}

// groups gives the groups by id, and puts those of products into their nouns.
func (c *compiler) groups() map[string]exchange.Group {
	out := map[string]exchange.Group{}
	for id, name := range builtInGroups {
		out[id] = exchange.Group{ID: id, Name: name}
	}
	seen := map[string]bool{}
	for _, g := range c.svc.Groups {
		if seen[g.ID] {
			c.fault(g.Place, CodeTwice, "another group has the id "+g.ID, "")
		}
		seen[g.ID], out[g.ID] = true, g.Group
	}
	return out
}

// named gives groups by their ids, sorted; unknown ones are faults.
func (c *compiler) named(known map[string]exchange.Group, ids []string, at apim.Place, who string) (out []exchange.Group) {
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	for _, id := range slices.Compact(sorted) {
		g, ok := known[id]
		if !ok {
			names := make([]string, 0, len(known))
			for name := range known {
				names = append(names, name)
			}
			hint := "add groups/" + id + "/groupInformation.json"
			if near, found := diag.Nearest(id, names); found {
				hint = "did you mean " + near + "?"
			}
			c.fault(at, CodeNoSuch, who+" names group "+id+", which is not there", hint)
			continue
		}
		out = append(out, g)
	}
	return out
}

// users gives the users by id, with their groups.
func (c *compiler) users() map[string]*exchange.User {
	out := map[string]*exchange.User{}
	for _, noun := range c.svc.Users {
		if out[noun.ID] != nil {
			c.fault(noun.Place, CodeTwice, "another user has the id "+noun.ID, "")
			continue
		}
		u := noun.User
		u.Groups = c.named(c.known, append([]string{developers}, noun.GroupIDs...), noun.Place, "user "+noun.ID)
		out[noun.ID] = &u
	}
	return out
}

// owner puts a subscription to its user. Folders that were extracted name owners and
// hold no users: of such a one no more than the id is known.
func (c *compiler) owner(s *subscription, users map[string]*exchange.User) {
	id := s.noun.Owner
	if id == "" {
		return
	}
	if users[id] == nil {
		users[id] = &exchange.User{ID: id, Groups: c.named(c.known, []string{developers}, s.noun.Place, "user "+id)}
	}
	s.owner = users[id]
}
