package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"stile/internal/cache/rediscache"
	"stile/internal/config"
	"stile/internal/policies"
	"stile/internal/policies/cachecodec"
	"stile/internal/ratelimit"
	"stile/internal/ratelimit/redislimit"
	"stile/internal/redis"
	"stile/internal/secret"
	"stile/internal/telemetry"
	"stile/policy"
)

// shared is what nodes share over Redis; its zero value is a node by itself.
type shared struct {
	link   *redis.Link
	refuse bool
}

// openShared connects where stile.yaml names a server. One that does not answer is
// away, which keeps nothing from starting.
func (s *server) openShared(p *project) error {
	c := p.Config.Redis
	if c == nil {
		return nil
	}
	roots, err := s.redisRoots(p, c)
	if err != nil {
		return err
	}
	s.shared.refuse = c.Refuse
	s.shared.link = redis.Open(context.Background(), redis.Config{
		Endpoint: func(ctx context.Context) (redis.Endpoint, error) { return s.redisEndpoint(ctx, p, c) },
		TLS:      roots, Prefix: p.Config.KeyPrefix(), Timeout: c.Timeout, Dial: c.Connect, Changed: s.redisChanged,
	})
	m := s.seeing.metrics
	state := s.shared.link.State
	m.Read("stile.redis.up", "{server}", "Whether the Redis server that nodes share answers: 1 or 0.", telemetry.KindGauge, func() float64 {
		if state().Up {
			return 1
		}
		return 0
	})
	m.Read("stile.redis.failures", "{call}", "Calls of Redis that failed, or were not made because it is away.", telemetry.KindCounter,
		func() float64 { return float64(state().Failures) })
	m.Read("stile.redis.losses", "{loss}", "How often Redis was found to have lost its data.", telemetry.KindCounter,
		func() float64 { return float64(state().Losses) })
	return nil
}

// redisEndpoint is the address with its secrets as they are now.
func (s *server) redisEndpoint(ctx context.Context, p *project, c *config.Redis) (redis.Endpoint, error) {
	text := c.URL
	if c.Secret.Text != "" {
		v, err := s.redisSecret(ctx, p, c.Secret)
		if err != nil {
			return redis.Endpoint{}, err
		}
		text = v.Reveal()
	}
	e, err := redis.ParseEndpoint(text)
	if err != nil {
		return e, err
	}
	if c.Username != "" {
		e.Username = c.Username
	}
	if c.Password.Text != "" {
		v, err := s.redisSecret(ctx, p, c.Password)
		if err != nil {
			return e, err
		}
		e.Password = v.Reveal()
	}
	s.secrets.mask.Seen(secret.NewValue(e.Password))
	return e, nil
}

func (s *server) redisSecret(ctx context.Context, p *project, written config.SecretRef) (secret.Value, error) {
	ref, err := secret.Parse(written.Text)
	if err != nil {
		return secret.Value{}, err
	}
	return s.secrets.store.Get(ctx, ref.Under(p.Dir))
}

// redisRoots trusts the authority of stile.yaml; nil is the machine's list.
func (s *server) redisRoots(p *project, c *config.Redis) (*tls.Config, error) {
	if c.Authority.Text == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), secret.DefaultTimeout)
	defer cancel()
	v, err := s.redisSecret(ctx, p, c.Authority)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(v.Reveal())) {
		return nil, errors.New("redis.authority has no certificate in PEM")
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// redisChanged tells of a change, once.
func (s *server) redisChanged(now redis.State) {
	switch {
	case now.Lost:
		s.log.Warn("redis has lost its data: each node counts on with what it let through itself, the cache is empty")
	case now.Up:
		s.log.Info("redis is back: nodes share their counters and the cache again")
	case s.shared.refuse:
		s.log.Warn("redis is away: what has a limit or quota is refused, the external cache misses", "reason", now.Reason)
	default:
		s.log.Warn("redis is away: each node counts by itself, the external cache misses", "reason", now.Reason)
	}
}

// counters are the policies' counters: this node's own, or those of all nodes.
func (s *server) counters() policy.Counters {
	own := ratelimit.NewMemory(0)
	if s.shared.link == nil {
		return policies.FromSources(own, s.quotas.groups)
	}
	c := redislimit.Config{Link: s.shared.link, Refuse: s.shared.refuse}
	return policies.FromSources(redislimit.NewLimits(c, own), redislimit.NewQuotas(c, s.quotas.groups))
}

// externalCache is the cache that nodes share; nil is none.
func (s *server) externalCache() policy.Cache {
	if s.shared.link == nil {
		return nil
	}
	return cachecodec.New(rediscache.New(s.shared.link))
}

// degraded says what is not as it should be of a server that is ready; empty where all is.
func (s *server) degraded() string {
	if s.shared.link == nil {
		return ""
	}
	if now := s.shared.link.State(); !now.Up {
		return "redis is away since " + now.Since.UTC().Format(time.RFC3339)
	}
	return ""
}

func (s *server) closeShared() {
	if s.shared.link != nil {
		_ = s.shared.link.Close() // connections that are broken already
	}
}
