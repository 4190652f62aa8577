package policy

import (
	"context"
	"crypto"
	"errors"
	"time"

	"stile/diag"
	"stile/policy/exchange"
)

// Section is one of a policy document's four.
type Section uint8

// The sections, as a set.
const (
	Inbound Section = 1 << iota
	BackendSection
	Outbound
	OnError
	AnySection = Inbound | BackendSection | Outbound | OnError
)

// Scope is where a policy document stands.
type Scope uint8

// The scopes, as a set.
const (
	Global Scope = 1 << iota
	Workspace
	Product
	API
	Operation
	AnyScope = Global | Workspace | Product | API | Operation
)

// Source is one policy document or fragment to compile.
type Source struct {
	File  string // as the user names it; part of verdicts and diagnostics
	Text  string
	Scope Scope
	// Revision is the API's revision, empty for other scopes.
	Revision string
}

// Values is what a document may name outside itself.
type Values interface {
	// NamedValue gives a named value's text by display name; secret ones taint the
	// spans they are substituted into.
	NamedValue(name string) (text string, secret, ok bool)
	// Fragment gives a fragment's source by its id.
	Fragment(id string) (Source, bool)
	// Backend reports a backend entity by its id.
	Backend(id string) (exchange.Backend, bool)
}

// Run is a compiled policy: it runs on the caller's goroutine, changes ex, and
// returns nil to go on, or one of: *Denied, ErrEnd, ErrAnswered (in inbound), or any
// other error, which sends the pipeline to on-error.
type Run func(ctx context.Context, ex *exchange.Exchange, env *Env) error

// ErrEnd ends the pipeline with the response as it stands (return-response).
var ErrEnd = errors.New("pipeline ended by a policy")

// ErrAnswered says that inbound has the answer already (a hit of cache-lookup): the
// rest of inbound and the backend section are skipped, outbound runs.
var ErrAnswered = errors.New("the request was answered by a policy")

// Denied is a refusal by a policy: the pipeline goes to on-error with this last
// error, and answers the client with Status, Body and Header unless on-error
// changes the response. The pipeline fills in place (file, line, scope, section)
// and sets exchange.Verdict.
type Denied struct {
	Status int
	Reason string // LastError.Reason, exact APIM spelling
	// Message is LastError.Message and, unless Public is set, the client's message.
	Message string
	Public  string
	Header  []exchange.Param
	// RetryAfter and Counter are set by limits.
	RetryAfter time.Duration
	Counter    string
	// Within is the element inside the policy whose limit it is; zero: the policy itself.
	Within Part
	// Backend is the backend entity that refused, Rule the rule of its circuit breaker,
	// File and Line where the entity is declared: the verdict's place then.
	Backend, Rule, File string
	Line                int
}

// Error gives reason and message.
func (d *Denied) Error() string { return d.Reason + ": " + d.Message }

// Env is everything a running pipeline reaches outside its exchange.
type Env struct {
	Now     func() time.Time
	NewGUID func() string
	Rand    func() uint64
	// Backend sends ex to ex.Backend and fills the response (forward-request).
	Backend  exchange.Caller
	Counters Counters
	Tokens   Tokens
	// Cache serves the cache policies; nil is a cache that is always empty.
	Cache Cache
	// External is the cache outside that the policies' caching-type means; nil is none.
	External Cache
	// Identity gives tokens of managed identities; nil refuses all.
	Identity TokenSource
	// Authorizations gives what get-authorization-context asks for; nil refuses all.
	Authorizations Authorizations
	// Sleep waits for a time, or until ctx ends, whose error it gives; nil waits by the
	// machine's clock. Policies call Wait.
	Sleep func(ctx context.Context, d time.Duration) error
	// Background starts f beside the exchange and reports whether it did: the host
	// bounds how many run, and ends their context when it stops. nil runs f before
	// Background's caller goes on. Policies call Beside.
	Background func(f func(ctx context.Context)) bool
	// InOrder says that policies which may run side by side run one after the other, so
	// that the same exchange always goes the same way: for tests.
	InOrder bool
	// Flights keep several exchanges from making one cached value at once; nil lets
	// them.
	Flights *Flights
	// Trace takes context.Trace and the trace policy's lines; nil drops them.
	Trace func(source, message string)
	// Telemetry takes metrics and the trace policy's lines for who runs the gateway;
	// Events takes what log-to-eventhub sends. nil drops them.
	Telemetry Telemetry
	Events    EventLog
	// Secret masking: spans from secret named values are printed as *** already.

	// Steps and Memory bound one evaluation of an expression; 0 is expr's default.
	Steps, Memory int
	// Panicked is told when a policy broke an invariant: the value of the panic and
	// the stack. The exchange is answered with 500 in any case; nil drops it.
	Panicked func(value any, stack []byte)

	// run is the pipeline's own state of one exchange; see run.go.
	run *run
}

// Counters are the rate limits' and quotas' counters. They live beside the
// configuration snapshot and survive a reload.
type Counters interface {
	// Take asks for n calls under key within limit calls per window. It is exact on
	// one node: of concurrent callers at most limit are allowed in any window.
	Take(ctx context.Context, key string, n, limit int64, window time.Duration, now time.Time) (CounterResult, error)
}

// CounterResult is Take's answer.
type CounterResult struct {
	Allowed    bool
	Remaining  int64
	RetryAfter time.Duration // > 0 where not allowed
}

// Tokens verifies JSON Web Tokens for validate-jwt. Signature and keys are its
// business; issuers, audiences, claims and times are checked by the policy.
type Tokens interface {
	// OwnIssuer is Stile's own issuer (`iss`), whose discovery document lies at
	// OwnIssuer + "/.well-known/openid-configuration".
	OwnIssuer() string
	// Verify checks the signature of a compact JWS with the keys that the sources
	// publish, or with the given keys.
	Verify(ctx context.Context, token string, sources []KeySource, keys []SigningKey) (Claims, error)
	// Decrypt opens a compact JWE and gives the compact JWS inside, unverified; a JWS
	// is given back as it is. A refusal is a *TokenError.
	Decrypt(token string, keys []DecryptionKey) (string, error)
}

// KeySource is a discovery document whose keys are taken. Computed says that an
// expression made its URL: it leads to public hosts alone.
type KeySource struct {
	URL      string
	Computed bool
}

// SigningKey is one issuer-signing-keys/key: raw symmetric bytes, or RSA n and e in base64url.
type SigningKey struct {
	ID     string
	Secret []byte
	N, E   string
	// Public is the key of a stored certificate; else nil.
	Public crypto.PublicKey
}

// DecryptionKey is one decryption-keys/key: raw symmetric bytes, or the private key
// of a stored certificate.
type DecryptionKey struct {
	ID      string
	Secret  []byte
	Private crypto.PrivateKey
}

// Claims is what a verified token, or a Principal, says.
type Claims interface {
	// Claim gives a claim's values as text, nil where it is absent.
	Claim(name string) []string
	// Time gives exp, nbf or iat.
	Time(name string) (time.Time, bool)
	// Issuers lists the issuers that the keys' discovery documents name; a token's
	// issuer must be among them where the policy names no issuers itself.
	Issuers() []string
}

// TokenError says why Verify refused: Reason is validate-jwt's LastError reason
// (TokenNotPresent, JwtInvalid, TokenSignatureInvalid, TokenSignatureKeyNotFound …).
type TokenError struct {
	Reason, Message string
	// Detail is for who runs the gateway, not for who calls it; it may be empty.
	Detail string
}

// Error gives reason and message.
func (e *TokenError) Error() string { return e.Reason + ": " + e.Message }

// Descriptor is one policy's literal in the table: everything about it.
type Descriptor struct {
	Name     string
	Sections Section
	Scopes   Scope
	// Once says that a section may hold it only once.
	Once bool
	// Fragment says whether it may stand in a fragment.
	NotInFragment bool
	// Preflight says that a preflight request of a browser runs this policy, and of
	// inbound no policy without it.
	Preflight bool
	Schema    Schema
	// Compile turns a checked element into its Run. It reports further faults
	// through c; a nil Run with a fault reported drops the document.
	Compile func(c *Compiler, el *Element) Run
	// Doc is one sentence for the generated support table.
	Doc string
	// Lacking is set, in place of Compile, for a policy that Azure API Management
	// has and this version does not: what to use meanwhile. A document that uses it
	// is refused.
	Lacking string
}

// Schema says which attributes and children an element may have. Anything else
// is a diagnostic.
type Schema struct {
	Attributes []Attribute
	Children   []Child
	// Text says that the element holds text (literal or expression).
	Text bool
	// Ordered says that the children must stand in the order of Children.
	Ordered bool
	// Policies says that the element holds policies (choose's when …), sections of
	// its own place.
	Policies bool
	// AnyChildren says that the content is taken as it is (set-body's template).
	AnyChildren bool
}

// Attribute of an element.
type Attribute struct {
	Name       string
	Required   bool
	Expression bool     // may be @(…) or @{…}
	Values     []string // allowed literals; empty: any
	Default    string
	// Kind says what a literal must read as, and an expression give.
	Kind Kind
	// Lacking is set for an attribute that Azure API Management has and this version
	// does not: what to use meanwhile.
	Lacking string
}

// Kind is the kind of an attribute's value.
type Kind uint8

// The kinds of values.
const (
	TextKind Kind = iota
	BoolKind      // true or false
	IntKind       // a whole number, not negative
)

// Child element.
type Child struct {
	Name     string
	Required bool
	Many     bool
	Schema   Schema
	// Lacking is as Attribute.Lacking.
	Lacking string
}

// Faults is what Compile and Link report.
type Faults = diag.List
