// Package redis is the one connection of a node to a Redis server: what limits,
// quotas and the cache share, and the one package that names the client library.
//
// It is no counter and no cache: internal/ratelimit/redislimit and
// internal/cache/rediscache are, and run their scripts over a Link. It knows no
// policies. The composition root opens and closes the Link.
//
// Invariants: no call takes longer than the timeout, and while the server is away no
// call waits at all: a call in the background finds out that it is back; a command is
// never sent twice; a change is told once, never per call; the password is in no
// error, and nothing is kept that would name a caller: keys are digests.
package redis

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What a Link does where its maker does not say.
const (
	DefaultTimeout = 50 * time.Millisecond
	DefaultDial    = time.Second
)

// failures in a row after which the server counts as away.
const patience = 3

// ErrAway is what calls get while the server is away.
var ErrAway = errors.New("redis is away")

// Config is what a Link needs. Endpoint is required.
type Config struct {
	// Endpoint is asked for each new connection, so that a password which has changed
	// is used from then on. Its error must hold no secret.
	Endpoint func(ctx context.Context) (Endpoint, error)
	// TLS is used where the endpoint asks for TLS; nil trusts the machine's list.
	TLS *tls.Config
	// Prefix begins all keys. Nodes that share it share what they count and keep.
	Prefix string
	// Timeout bounds a call, Dial the making of a connection; 0 are the defaults.
	Timeout, Dial time.Duration
	// Changed is told that the server went away, came back or lost its data, by one
	// call at a time; nil drops it.
	Changed func(State)
	// Now is the clock of State's times; nil is the machine's.
	Now func() time.Time
}

// epochs are the one that counts and the one before it.
type epochs struct{ now, former string }

// State is how a Link stands.
type State struct {
	Up bool
	// Since is when that began. Reason is why the server is away.
	Since  time.Time
	Reason string
	// Lost says, of a change, that the server answers and its data are gone: it was
	// flushed, or began anew without them.
	Lost bool
	// Failures counts calls that failed or were not made, Losses how often data were lost.
	Failures, Losses int64
}

// Link is a connection. It is safe for concurrent use.
type Link struct {
	cfg    Config
	client *client.Client
	// away is the fast answer to whether the server is; mu guards the rest of it.
	away     atomic.Bool
	row      atomic.Int64 // failures in a row
	failures atomic.Int64
	losses   atomic.Int64
	// disturbed is when what the server counted was last in doubt, in nanoseconds.
	disturbed atomic.Int64
	epochs    atomic.Pointer[epochs]

	// telling is held from a change to the end of its telling, so that changes are told
	// in their order; it is taken before mu.
	telling sync.Mutex
	mu      sync.Mutex
	state   State
	rest    time.Duration // before the server is asked again
	closed  bool
	ctx     context.Context
	cancel  context.CancelFunc
	probing sync.WaitGroup
}

// Open makes a Link and asks the server once. A server that does not answer is away,
// which is no error: it is asked again until Close.
func Open(ctx context.Context, cfg Config) *Link {
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Dial <= 0 {
		cfg.Dial = DefaultDial
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	logging.Disable() // the library writes to stderr at each connection that fails
	l := &Link{cfg: cfg, rest: firstRest}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.client = client.NewClient(&client.Options{
		Addr: "redis", Dialer: l.dial, CredentialsProviderContext: l.credentials, OnConnect: l.choose,
		Protocol: 2, MaxRetries: -1, DialerRetries: 1, DialTimeout: cfg.Dial, ReadTimeout: cfg.Timeout, WriteTimeout: cfg.Timeout, PoolTimeout: cfg.Timeout,
		ContextTimeoutEnabled: true, ConnMaxLifetime: connectionLife, ConnMaxLifetimeJitter: connectionLife / 10, DisableIdentity: true, PipelinePoolSize: -1, MinIdleConns: idle,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	l.disturb()
	l.state = State{Up: true, Since: cfg.Now()}
	if err := l.probe(ctx); err != nil {
		l.goAway(err)
	}
	return l
}

// connectionLife is how long a connection is used, so that a password which was taken
// away is not used on for ever.
const connectionLife = 10 * time.Minute

// idle is how many connections stand ready: a call has less time than a connection may
// take, and goes on its way without one.
const idle = 4

// Close ends the Link; calls fail from then on.
func (l *Link) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.probing.Wait()
	return l.client.Close()
}

// State tells how the Link stands.
func (l *Link) State() State {
	l.mu.Lock()
	s := l.state
	l.mu.Unlock()
	s.Failures, s.Losses = l.failures.Load(), l.losses.Load()
	return s
}

// Steady reports whether for so long, up to now, every call was answered and no data
// were lost: what the server has counted in that time is whole.
func (l *Link) Steady(long time.Duration) bool {
	return !l.away.Load() && l.cfg.Now().UnixNano()-l.disturbed.Load() > int64(long)
}

// Doubt says that a counter was found damaged: what the server has counted until now is
// not relied on.
func (l *Link) Doubt() { l.disturb() }

// disturb notes that what the server has counted until now may not be whole.
func (l *Link) disturb() { l.disturbed.Store(l.cfg.Now().UnixNano()) }

// Key names something of a kind. What it is told apart by may be what a caller sent, so
// that its digest alone leaves the process.
func (l *Link) Key(kind, name string) string {
	sum := sha256.Sum256([]byte(name))
	return l.cfg.Prefix + kind + ":" + base64.RawURLEncoding.EncodeToString(sum[:24])
}

// EpochKey is the key of the text that says since when the server has its data.
// Scripts give Epoch's text for a new one, and the one that stands to Seen.
func (l *Link) EpochKey() string { return l.cfg.Prefix + "epoch" }

// Epoch makes a text for a new epoch.
func (l *Link) Epoch() string { return strconv.FormatUint(rand.Uint64(), 36) }

// Seen takes the epoch that a script found. Another one than before means that the
// server has lost its data.
func (l *Link) Seen(epoch string) {
	before := l.epochs.Load()
	switch {
	case before == nil:
		l.epochs.CompareAndSwap(nil, &epochs{now: epoch})
		return
	case before.now == epoch || before.former == epoch: // an answer from before the loss may come late
		return
	case !l.epochs.CompareAndSwap(before, &epochs{epoch, before.now}):
		return // another call tells of it
	}
	l.disturb()
	l.losses.Add(1)
	l.telling.Lock()
	defer l.telling.Unlock()
	l.mu.Lock()
	s := l.state
	l.mu.Unlock()
	s.Lost = true
	l.tell(s)
}

// tell is called with telling held.
func (l *Link) tell(s State) {
	if l.cfg.Changed != nil {
		s.Failures, s.Losses = l.failures.Load(), l.losses.Load()
		l.cfg.Changed(s)
	}
}

// dial makes a connection to the endpoint as it is now.
func (l *Link) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	e, err := l.cfg.Endpoint(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Dial)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", e.Address)
	if err != nil || !e.TLS {
		return conn, err
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if l.cfg.TLS != nil {
		settings = l.cfg.TLS.Clone()
	}
	if settings.ServerName == "" {
		settings.ServerName, _, _ = net.SplitHostPort(e.Address)
	}
	secure := tls.Client(conn, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

func (l *Link) credentials(ctx context.Context) (username, password string, err error) {
	e, err := l.cfg.Endpoint(ctx)
	return e.Username, e.Password, err
}

func (l *Link) choose(ctx context.Context, c *client.Conn) error {
	e, err := l.cfg.Endpoint(ctx)
	if err != nil || e.Database == 0 {
		return err
	}
	return c.Select(ctx, e.Database).Err()
}

// Script is a Lua script, which the server keeps by its digest.
type Script struct{ script *client.Script }

// NewScript makes a Script of its text.
func NewScript(text string) *Script { return &Script{client.NewScript(text)} }

// Run runs a script, once: where it failed it may have run all the same. The answer
// has int64, string and nil in it. A ctx that ends does not stop it.
func (l *Link) Run(ctx context.Context, s *Script, keys []string, args ...any) ([]any, error) {
	if l.away.Load() {
		l.failures.Add(1)
		return nil, ErrAway
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.Timeout)
	defer cancel()
	out, err := s.script.Run(ctx, l.client, keys, args...).Slice()
	if err == nil {
		l.row.Store(0)
		return out, nil
	}
	l.failed(err)
	return nil, err
}

// reason is an error in one line that may be logged.
func reason(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}
