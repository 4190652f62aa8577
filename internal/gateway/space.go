package gateway

import (
	"maps"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// space is a workspace, or the service itself: the names that documents in it see,
// and the policy of all its APIs. No name of one is seen in another.
type space struct {
	noun     *exchange.Workspace // nil: the service
	values   *values
	document *policy.Document // nil for the service: its document is the global one
	held     *held
	// carried says that documents of the last snapshot's space may be taken over, as
	// far as their own names did not change.
	carried bool
	// same says that all its names are those of the last snapshot's space.
	same bool
}

// spaces reads the names of the service and of its workspaces, and the workspaces'
// documents.
func (c *compiler) spaces() {
	c.snap.spaces = map[string]*space{"": c.space(nil)}
	c.snap.values = c.snap.spaces[""].values
	for _, w := range c.svc.Workspaces {
		if c.snap.spaces[w.ID] != nil {
			c.fault(w.Place, CodeTwice, "another workspace has the id "+w.ID, "")
			continue
		}
		c.snap.spaces[w.ID] = c.space(w)
	}
	for _, w := range c.svc.Workspaces {
		s := c.snap.spaces[w.ID]
		s.document, s.held = c.document(w.Policy, s)
	}
}

func (c *compiler) space(w *apim.Workspace) *space {
	s := &space{}
	id := ""
	if w != nil {
		id, s.noun = w.ID, &w.Workspace
	}
	s.values = c.readValues(c.svc, id)
	if p := c.opts.Previous; p != nil && p.spaces[id] != nil {
		old := p.spaces[id].values
		s.carried = s.values.sameSurroundings(old)
		s.same = s.carried && maps.Equal(s.values.named, old.named) && maps.Equal(s.values.fragments, old.fragments) && maps.Equal(s.values.loggers, old.loggers)
	}
	return s
}

// within gives the space of a noun; that of a workspace that is not declared has no
// names at all.
func (c *compiler) within(workspace string) *space {
	if s := c.snap.spaces[workspace]; s != nil {
		return s
	}
	s := c.space(&apim.Workspace{Workspace: exchange.Workspace{ID: workspace, Name: workspace}})
	c.snap.spaces[workspace] = s
	return s
}
