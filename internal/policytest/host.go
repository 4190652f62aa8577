package policytest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

// Config is what a Host needs of a project. All but Roles and Machines is required.
type Config struct {
	// Service is the project's, complete with built-in named values.
	Service *apim.Service
	// Compile compiles a service; what previous, if it is not nil, has unchanged may be
	// taken over. The Project is nil where a fault is an error.
	Compile func(svc *apim.Service, previous Project, secrets func(secret.Ref) (secret.Value, error)) (Project, diag.List)
	// Gateway makes a gateway that runs a project in an environment and records every
	// exchange.
	Gateway func(p Project, env policy.Env) exchange.Caller
	// Counters makes empty counters; Tokens a verifier that gets keys by get.
	Counters func() policy.Counters
	Tokens   func(get func(ctx context.Context, url, origin string) ([]byte, error), now func() time.Time) policy.Tokens
	// KeyHeader is the field of subscription keys where an API does not say.
	KeyHeader string
	// Issuer is the `iss` of Stile's own tokens.
	Issuer string
	// Roles are the names of the project's roles; Machines gives a state machine's role
	// by its name, empty where it has none.
	Roles    []string
	Machines map[string]string
	// Principal makes the Principal of a state that calls at a time.
	Principal func(Caller, time.Time) *exchange.Principal
}

// Project is a compiled project.
type Project interface {
	// Sites lists the policies of all its documents, each place once, by file, line and
	// column.
	Sites() []policy.Site
}

// Host is a project that is compiled for tests. It is safe for concurrent use.
type Host struct {
	cfg     Config
	service *apim.Service
	// base is the snapshot without values of any test.
	base Project
	mu   sync.Mutex
	with map[string]*variant
}

// variant is the project with the named values of some case.
type variant struct {
	once     sync.Once
	snapshot Project
	faults   diag.List
}

// New compiles a project once. The list has the faults of its documents, as `stile
// dev` would tell them; the Host is nil where one is an error.
func New(cfg Config) (*Host, diag.List) {
	h := &Host{cfg: cfg, service: testService(cfg.Service), with: map[string]*variant{}}
	var faults diag.List
	h.base, faults = cfg.Compile(h.service, nil, secrets(h.service, nil))
	if h.base == nil {
		return nil, faults
	}
	return h, faults
}

// keyOf is the key of a subscription in tests.
func keyOf(subscription string) string { return "test-key-of-" + subscription }

// testService is the service with keys that cases can send. The first key that is
// written out in the project stays as the second.
func testService(from *apim.Service) *apim.Service {
	svc := *from
	svc.Subscriptions = nil
	for _, s := range from.Subscriptions {
		own := *s
		own.Keys = []apim.Key{apim.NewKey(keyOf(s.ID))}
		for _, k := range s.Keys {
			if !k.IsZero() && k.Ref.IsZero() {
				own.Keys = append(own.Keys, k)
				break
			}
		}
		svc.Subscriptions = append(svc.Subscriptions, &own)
	}
	return &svc
}

// madeUp stands for a secret that no document can name, such as a backend's credential.
const madeUp = "test-secret"

var errNotGiven = errors.New("the test gives it no value: add it to named-values")

// secrets gives the values of references: those of named values that a case gives,
// and for what is no named value one that is made up. No source is ever asked.
func secrets(svc *apim.Service, given map[secret.Ref]string) func(secret.Ref) (secret.Value, error) {
	named := map[secret.Ref]bool{}
	for _, n := range svc.NamedValues {
		if !n.Ref.IsZero() {
			named[n.Ref] = true
		}
	}
	return func(ref secret.Ref) (secret.Value, error) {
		if text, ok := given[ref]; ok {
			return secret.NewValue(text), nil
		}
		if named[ref] {
			return secret.Value{}, errNotGiven
		}
		return secret.NewValue(madeUp), nil
	}
}

// snapshot gives the project with a case's named values, compiled once for all cases
// that have the same.
func (h *Host) snapshot(c *Case) (Project, diag.List) {
	if len(c.values) == 0 {
		return h.base, nil
	}
	values := slices.Clone(c.values)
	slices.SortFunc(values, func(a, b value) int { return cmp.Compare(a.name, b.name) })
	var key strings.Builder
	for _, v := range values {
		key.WriteString(v.name + "\x00" + v.text + "\x00")
	}
	h.mu.Lock()
	made := h.with[key.String()]
	if made == nil {
		made = new(variant)
		h.with[key.String()] = made
	}
	h.mu.Unlock()
	made.once.Do(func() { made.snapshot, made.faults = h.compile(values) })
	return made.snapshot, made.faults
}

func (h *Host) compile(values []value) (Project, diag.List) {
	svc, given := *h.service, map[secret.Ref]string{}
	svc.NamedValues = slices.Clone(svc.NamedValues)
	for i, n := range svc.NamedValues {
		for _, v := range values {
			if n.DisplayName != v.name {
				continue
			}
			if !n.Ref.IsZero() { // its secret is the test's, and stays one
				given[n.Ref] = v.text
				continue
			}
			own := *n
			own.Value = v.text
			svc.NamedValues[i] = &own
		}
	}
	snap, faults := h.cfg.Compile(&svc, h.base, secrets(&svc, given))
	return snap, slices.DeleteFunc(faults, func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
}
