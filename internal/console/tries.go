package console

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"stile/internal/gatetrace"
)

// How many tries are remembered, and the bytes of one and of all.
const (
	maxTries     = 64
	maxTryBytes  = 256 << 10
	maxTriesRoom = 4 << 20
)

// tries remembers the last calls that were sent from pages, by their traces, for those
// who sent them: a trace has nothing of a body that no policy read, such as that of a
// request over a limit. It holds no credential, and lives as long as the process.
type tries struct {
	mu    sync.Mutex
	kept  map[string]sentTry
	order []string // oldest first
	bytes int
}

// sentTry is a call without its credentials; lacking names the header fields that were.
type sentTry struct {
	who     string
	call    TryCall
	lacking []string
}

func (s *sentTry) size() int {
	n := len(s.call.Target) + len(s.call.Body)
	for _, f := range s.call.Headers {
		n += len(f.Name) + len(f.Value)
	}
	return n
}

// remember keeps a call that who sent under its trace's id, unless a secret stands where
// it cannot be taken out. hide takes the project's secrets out of a text.
func (t *tries) remember(id, who, keyHeader string, call *TryCall, hide func(string) string) {
	s := sentTry{who: who, call: *call}
	s.call.Headers = nil
	for _, f := range call.Headers {
		if gatetrace.Credential(f.Name) || strings.EqualFold(f.Name, keyHeader) || hide(f.Value) != f.Value {
			s.lacking = append(s.lacking, f.Name)
			continue
		}
		s.call.Headers = append(s.call.Headers, f)
	}
	if hide(call.Body) != call.Body || hide(call.Target) != call.Target || credentialIn(call.Target) || s.size() > maxTryBytes {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept[id], t.order, t.bytes = s, append(t.order, id), t.bytes+s.size()
	for len(t.order) > maxTries || t.bytes > maxTriesRoom {
		old := t.kept[t.order[0]]
		t.bytes -= old.size()
		delete(t.kept, t.order[0])
		t.order = t.order[1:]
	}
}

// credentialIn reports whether a parameter of a target's query is a credential by name.
func credentialIn(target string) bool {
	_, query, _ := strings.Cut(target, "?")
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err != nil || gatetrace.Credential(plain) {
			return true
		}
	}
	return false
}

func (t *tries) find(id, who string) (sentTry, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.kept[id]
	s.call.Headers = slices.Clone(s.call.Headers)
	return s, ok && s.who == who
}

// callOf makes a call of a traced request: as the caller sent it from a page, else as
// far as the trace holds it.
func (c *console) callOf(ctx context.Context, t *gatetrace.Trace) (call TryCall, lacking []string, err error) {
	if s, ok := c.tries.find(t.ID, c.Permissions.Subject(ctx)); ok {
		return s.call, s.lacking, nil
	}
	return callOf(t)
}
