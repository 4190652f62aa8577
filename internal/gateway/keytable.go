package gateway

import (
	"crypto/sha256"
	"hash/maphash"
	"maps"

	"stile/internal/apim"
)

// keyShards is how many parts a table of keys has: a table that differs from another in
// few subscriptions copies the parts that these are in, and shares the others with it.
const keyShards = 512

// keyTable finds subscriptions by key. Of a key it holds a digest under a secret of
// this process alone. A table that is in use never changes.
type keyTable struct {
	seed  [sha256.Size]byte
	bySum [keyShards]map[[sha256.Size]byte]*subscription
	byID  [keyShards]map[string]*subscription
	count int // of subscriptions
	// opens are the scopes of all subscriptions, which are checked at each change.
	opens map[opened]int
	// lacking are keys whose secret has no value: they cannot be known when they
	// come.
	lacking []lackingKey
	// fetched says that a key is behind a reference: what it is may have changed.
	fetched bool
	// probed is told of each look into the table; nil but in tests.
	probed func()
}

// opened is what a subscription opens, seen from its workspace.
type opened struct{ kind, id, workspace string }

type lackingKey struct {
	of     *subscription
	reason string
}

// names hashes ids into shards; the seed is one of this process.
var names = maphash.MakeSeed()

func sumShard(sum *[sha256.Size]byte) int { return (int(sum[0])<<8 | int(sum[1])) % keyShards }

func idShard(id string) int { return int(maphash.String(names, id) % keyShards) }

func (t *keyTable) id(id string) *subscription { return t.byID[idShard(id)][id] }

func (t *keyTable) sum(sum *[sha256.Size]byte) *subscription { return t.bySum[sumShard(sum)][*sum] }

// keyWriter fills a table that is not in use yet.
type keyWriter struct {
	*keyTable
	ownSums, ownIDs [keyShards]bool
}

func (w *keyWriter) sums(sum *[sha256.Size]byte) map[[sha256.Size]byte]*subscription {
	at := sumShard(sum)
	if !w.ownSums[at] {
		w.ownSums[at], w.bySum[at] = true, own(w.bySum[at])
	}
	return w.bySum[at]
}

func (w *keyWriter) ids(id string) map[string]*subscription {
	at := idShard(id)
	if !w.ownIDs[at] {
		w.ownIDs[at], w.byID[at] = true, own(w.byID[at])
	}
	return w.byID[at]
}

// own gives a map that may be written to.
func own[K comparable](shared map[K]*subscription) map[K]*subscription {
	if shared == nil {
		return map[K]*subscription{}
	}
	return maps.Clone(shared)
}

func (w *keyWriter) add(s *subscription) {
	w.ids(s.noun.ID)[s.noun.ID] = s
	w.opens[s.opened()]++
	w.count++
}

// remove takes a subscription and its keys out.
func (w *keyWriter) remove(s *subscription) {
	delete(w.ids(s.noun.ID), s.noun.ID)
	for i := range s.sum {
		if w.sum(&s.sum[i]) == s {
			delete(w.sums(&s.sum[i]), s.sum[i])
		}
	}
	if w.opens[s.opened()]--; w.opens[s.opened()] == 0 {
		delete(w.opens, s.opened())
	}
	w.count--
}

func (s *subscription) opened() opened { return opened{s.kind, s.id, s.noun.Workspace} }

// patched makes the table of keys out of the last snapshot's, of which most changes of a
// project change little or nothing, and there may be very many. ok is false where the
// table has to be made anew: what keys are, or who owns them, may have changed, or there
// are faults, which are told as of a whole table.
func (c *compiler) patched(apis map[string]bool) (t *keyTable, ok bool) {
	p := c.opts.Previous
	if p == nil || p.keys.fetched || !sameUsers(p.service, c.svc) || !c.stillOpen(p.keys.opens, apis) {
		return nil, false
	}
	before, after := p.service.Subscriptions, c.svc.Subscriptions
	for len(before) > 0 && len(after) > 0 && before[0] == after[0] {
		before, after = before[1:], after[1:]
	}
	for len(before) > 0 && len(after) > 0 && before[len(before)-1] == after[len(after)-1] {
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	stay, fresh := map[string]bool{}, []*apim.Subscription(nil)
	for _, noun := range after {
		if stay[noun.ID] {
			return nil, false
		}
		if old := p.keys.id(noun.ID); old != nil && sameSubscription(old.noun, noun) {
			stay[noun.ID] = true
			continue
		}
		fresh = append(fresh, noun)
	}
	var gone []*subscription
	for _, noun := range before {
		if !stay[noun.ID] {
			gone = append(gone, p.keys.id(noun.ID))
		}
	}
	if len(fresh) == 0 && len(gone) == 0 {
		return p.keys, true
	}
	if len(fresh)+len(gone) > keyShards {
		return nil, false // most parts would be copied
	}
	return c.patch(p.keys, gone, fresh, apis)
}

func (c *compiler) patch(from *keyTable, gone []*subscription, fresh []*apim.Subscription, apis map[string]bool) (*keyTable, bool) {
	t := *from
	t.opens = maps.Clone(from.opens)
	w := &keyWriter{keyTable: &t}
	for _, s := range gone {
		w.remove(s)
	}
	told, users := len(c.faults), c.users()
	for _, noun := range fresh {
		c.subscription(w, noun, apis, users)
	}
	if len(c.faults) > told {
		c.faults = c.faults[:told]
		return nil, false
	}
	return &t, !t.fetched
}

// stillOpen reports whether all that is opened is there.
func (c *compiler) stillOpen(opens map[opened]int, apis map[string]bool) bool {
	for o := range opens {
		switch o.kind {
		case "product":
			if q := c.products[o.id]; q == nil || q.noun.Workspace != o.workspace {
				return false
			}
		case "api":
			if !apis[o.id] {
				return false
			}
		}
	}
	return true
}
