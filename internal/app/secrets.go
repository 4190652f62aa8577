package app

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/secret"
	"stile/internal/secret/agefile"
	"stile/internal/secret/awssm"
	"stile/internal/secret/keyvault"
	"stile/internal/secret/vault"
)

// secrets are the project's secrets: one store with all its sources, and who is
// told when one changes.
type secrets struct {
	store    *secret.Store
	mask     *secret.Masker         // of every value that was resolved
	identity atomic.Pointer[string] // the file of age identities that stile.yaml names
	changed  chan struct{}          // one that the gateway was compiled with has changed
	noted    sync.Map               // secret.Ref → nothing: those that have, until they are taken

	// taking is held while a project is compiled and taken, from files or because a
	// secret has changed: one never overtakes the other.
	kept    keptSecrets // of connections made over the API
	taking  sync.Mutex
	watched map[secret.Ref]func() // under taking
	known   map[string]bool       // owners of what know registered; under taking
}

// newSecrets makes the store; a nil transport is the network.
func newSecrets(log *slog.Logger, transport http.RoundTripper) *secrets {
	x := &secrets{changed: make(chan struct{}, 1), watched: map[secret.Ref]func(){}, mask: secret.NewMasker(nil)}
	x.store = secret.NewStore(secret.Config{Log: log, Mask: x.mask, Sources: map[string]secret.Source{
		secret.KeyVault: keyvault.New(keyvault.Config{Getenv: os.Getenv, Transport: transport}),
		secret.Vault:    vault.New(vault.Config{Getenv: os.Getenv, Transport: transport}),
		secret.AWS:      awssm.New(awssm.Config{Getenv: os.Getenv, Transport: transport, Now: time.Now}),
		secret.Age:      agefile.New(x.ageIdentity),
		secret.Kept:     &x.kept,
	}})
	return x
}

func (x *secrets) ageIdentity() string {
	if path := os.Getenv("STILE_AGE_IDENTITY"); path != "" {
		return path
	}
	if path := x.identity.Load(); path != nil {
		return *path
	}
	return ""
}

// prepare takes the settings of a project and fetches the secrets that its
// gateway compiles with. Those that do not come in time count as missing until
// they do.
func (x *secrets) prepare(p *files.Project) {
	c := p.Config.Secrets
	if c.AgeIdentity != "" && !filepath.IsAbs(c.AgeIdentity) {
		c.AgeIdentity = filepath.Join(p.Dir, c.AgeIdentity)
	}
	x.identity.Store(&c.AgeIdentity)
	x.store.Tune(c.Refresh, c.MaxAge)
	x.know(p)
	ctx, cancel := context.WithTimeout(context.Background(), secret.DefaultTimeout)
	defer cancel()
	x.store.Load(ctx, gateway.Secrets(p.APIM)...)
}

// value is gateway.CompileOptions.Secrets: what is asked for is watched from now
// on. taking is held.
func (x *secrets) value(ref secret.Ref) (secret.Value, error) {
	if x.watched[ref] == nil {
		x.watched[ref] = x.store.Watch(ref, func() {
			x.noted.Store(ref, nil)
			select {
			case x.changed <- struct{}{}:
			default: // it is known already that something has changed
			}
		})
	}
	return x.store.Peek(ref)
}

// refused asks for secrets again with which a backend refused a call.
func (x *secrets) refused(refs []secret.Ref) { x.store.Hurry(refs...) }

// keep ends the watches of what is used no more. taking is held.
func (x *secrets) keep(used []secret.Ref) {
	for _, ref := range slices.Collect(maps.Keys(x.watched)) {
		if !slices.Contains(used, ref) {
			x.watched[ref]()
			delete(x.watched, ref)
		}
	}
}

// rotate keeps the secrets fresh until ctx ends, and compiles again what depends
// on one that has changed.
func (s *server) rotate(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { s.secrets.store.Run(ctx) })
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.secrets.changed:
			s.takeSecrets()
		}
	}
}

// takeSecrets compiles the gateway's configuration with the secrets as they are
// now. Where a new value does not fit its document, the configuration before
// stays.
func (s *server) takeSecrets() {
	s.secrets.taking.Lock()
	defer s.secrets.taking.Unlock()
	now := s.gateway.Snapshot()
	next, faults := gateway.Compile(now.Service(), s.policyTable(),
		gateway.CompileOptions{Revision: newRevision(), Previous: now, Secrets: s.secrets.value})
	if next == nil {
		for _, d := range faults {
			s.log.Error("a secret's new value does not fit, the one before is used on", "fault", d.String(), "help", d.Hint)
		}
		return
	}
	s.gateway.Swap(next)
	s.secrets.keep(next.Secrets())
	s.audit.secretsChanged(s.secrets.takeNoted(), next.Revision())
	s.log.Info("secrets have changed: the gateway runs with them as they are now", "revision", next.Revision())
}

func newRevision() string { return time.Now().UTC().Format("20060102T150405.000Z") }
