// Package exchange is one request and its answer inside the gate: the vocabulary
// that policies, the gateway, backends, tasks and the workflow facade share.
//
// It is not net/http (no type of it appears here; adapters stand at the wires)
// and not a pipeline: it holds data and a body that may stream, and runs nothing.
// Wires make an Exchange, a pipeline changes it, a Caller answers it.
//
// Invariants: an Exchange belongs to one goroutine at a time; header fields keep
// their order and spelling; a Principal is made by internal/app alone; what a
// Caller returns as an error means "no complete answer", never an HTTP status.
package exchange

import (
	"context"
	"crypto/tls"
	"net/netip"
	"strconv"
	"time"
)

// Caller answers an exchange: it fills ex.Response, or returns an error where no
// complete answer was had (connection failure, timeout, cancelled context). A
// callee that stops because ctx was cancelled ends the response body with ctx's
// error, so that a cut answer never looks whole. Do runs on the caller's
// goroutine and may be called from many.
type Caller interface {
	Do(ctx context.Context, ex *Exchange) error
}

// CallerFunc makes a function a Caller.
type CallerFunc func(ctx context.Context, ex *Exchange) error

// Do calls f.
func (f CallerFunc) Do(ctx context.Context, ex *Exchange) error { return f(ctx, ex) }

// Exchange is one request on its way through the gate, and its answer.
type Exchange struct {
	// ID is context.RequestId: a GUID in lower case with dashes.
	ID       string
	Request  Request
	Response Response

	// API, Operation, Product and Subscription are set by the gateway's router and
	// key check; nil where there is none. They belong to the snapshot: read only.
	API          *API
	Operation    *Operation
	Product      *Product
	Subscription *Subscription
	// User owns the subscription; Workspace is the API's. nil where there is none.
	User      *User
	Workspace *Workspace
	// Deployment is the gateway that this exchange runs on; nil stands for a managed
	// gateway without certificates.
	Deployment *Deployment

	// Principal is the caller as Stile itself knows it; nil for an edge caller
	// without one.
	Principal *Principal

	// Subject is the sub of the token that validate-jwt or validate-azure-ad-token
	// verified last; empty where none did. It decides nothing inside the gate.
	Subject string

	// Variables is context.Variables: values keep the type that policy/expr gave
	// them (string for a literal).
	Variables map[string]any

	// LastError is context.LastError; nil until a section failed.
	LastError *LastError

	// Verdict is the denial that ended the pipeline, nil where none did.
	Verdict *Verdict

	// Decisions lists what every policy that ran decided, in order.
	Decisions []Decision

	// Backend is where forward-request sends: set-backend-service changes it.
	Backend Backend

	// SubscriptionID names the subscription that a call with a Principal counts
	// against (its role's). The gateway ignores it without a Principal.
	SubscriptionID string

	// Calls lists every backend call of this exchange, in order.
	Calls []Call

	// State is the state whose call this exchange is, through the gateway or past it;
	// nil where no state called. It says who called and gives no rights: those are the
	// Principal's.
	State *StateCall

	// Trace joins the exchange to its trace; see Trace.
	Trace Trace

	// Hops counts gateways and in-process calls this request came through.
	Hops int

	// Started is when the exchange began; context.Timestamp.
	Started time.Time

	// Revision names the snapshot of configuration that the exchange runs on.
	Revision string

	// Recording is where the pipeline writes down what each policy does; nil: nowhere.
	Recording *Recording
}

// StateCall names a state's call: the names of state machine, execution and state,
// the attempt from 1, and where the call leaves the gateway's rule and why.
type StateCall struct {
	StateMachine, Execution, State string
	Attempt                        int
	// Host is host[:port] of a call past the gateway, Reason why the project lets it
	// out; empty for one through the gateway.
	Host, Reason string
}

// Request is context.Request.
type Request struct {
	Method string
	// URL is where the request goes next: policies rewrite it. Its path is the one
	// canonical path that routing, authorization and the upstream share.
	URL URL
	// OriginalURL is what the client asked for.
	OriginalURL URL
	Header      Header
	Body        *Body // nil: no body
	// Client is the caller's address; for a step it is engine.address.
	Client netip.Addr
	// Matched holds the values of the operation's URL template, in its order.
	Matched []Param
	// ClientCertificate is the chain that the caller proved to have over TLS, DER, its
	// own certificate first; nil where it showed none. Nothing of it was checked but
	// that the caller has the private key.
	ClientCertificate [][]byte
	// PrivateEndpoint is the connection that the request came through; nil for none.
	PrivateEndpoint *PrivateEndpoint
	// Foundry is the deployment of a Foundry model that the request names; empty for none.
	Foundry string
	// Upgrade is the protocol that the caller asks to go on with, in lower case:
	// websocket, or empty. A Caller that cannot ignores it.
	Upgrade string
}

// Response is context.Response. StatusCode 0 means "no answer yet".
type Response struct {
	StatusCode int
	Reason     string // the reason phrase; empty means the standard one
	Header     Header
	Body       *Body // nil: empty
	// Tunnel is the backend's side of an upgrade that it agreed to (status 101); nil
	// else. Who takes the response as the last one closes it.
	Tunnel Tunnel
}

// Param is a name with its value.
type Param struct{ Name, Value string }

// Backend is where forward-request sends a request.
type Backend struct {
	// ID is the backend entity's name; empty for a plain URL.
	ID string
	// BaseURL is an absolute URL without trailing slash, or stile://workflows/NAME.
	BaseURL string
	// Pool says that the entity is a pool of backends; Region is the Azure region that
	// the entity names, empty for none.
	Pool   bool
	Region string
	// Tainted says that BaseURL came from an expression, so that egress rules apply.
	Tainted bool
	// ClientCertificate proves the gateway to the backend over TLS; nil for none.
	ClientCertificate *tls.Certificate
	// Entity is what the configuration says of the backend beside its URL; nil for
	// nothing. It belongs to the snapshot: read only.
	Entity *Entity
	// Proxy is the HTTP proxy that a policy sends the request through; nil for the
	// entity's, or none.
	Proxy *Proxy
	// Forwarding is what forward-request asks of the Caller; set just before Do.
	Forwarding Forwarding
}

// Forwarding is forward-request's wishes for one call. A Caller that cannot meet
// one ignores it; in-process callers ignore all but Timeout.
type Forwarding struct {
	// Timeout bounds the wait for the response's header. The pipeline itself ends
	// Do's context then; a Caller may use it to set deadlines of its own.
	Timeout time.Duration
	// ContinueTimeout bounds the wait for "100 Continue"; 0: no such wait.
	ContinueTimeout time.Duration
	// FollowRedirects asks the Caller to follow redirects, not to hand them on.
	FollowRedirects bool
	// HTTPVersion is "1", "2" or "2or1"; empty is "1".
	HTTPVersion string
	// BufferRequest asks to hold the request's body in memory, so that it can be
	// sent again; StreamResponse asks to pass the response on byte by byte
	// (buffer-response="false").
	BufferRequest, StreamResponse bool
}

// CallbacksAPI is the id and the path of the built-in API on which services outside
// answer waiting tasks.
const CallbacksAPI = "callbacks"

// API is context.Api: part of a configuration snapshot, read only.
type API struct {
	ID, Name, Path, Revision, Version string
	ServiceURL                        string
	Protocols                         []string
	IsCurrentRevision                 bool
	SubscriptionRequired              bool
	KeyHeader, KeyQuery               string // subscription key parameter names
}

// Operation is context.Operation.
type Operation struct {
	ID, Name, Method, URLTemplate string
	// Contract is what the API's description says of the operation; nil where there is
	// no description.
	Contract Contract
}

// Contract is an operation as an API's description has it. internal/openapi makes
// it; the policies that validate and mock know what stands behind it.
type Contract interface{ OperationID() string }

// Redacted is text that no formatter prints: its String, GoString and JSON forms
// are "***". Policies that must read it call Reveal.
type Redacted struct{ text string }

// Redact wraps text.
func Redact(text string) Redacted { return Redacted{text} }

// Reveal gives the wrapped text.
func (r Redacted) Reveal() string { return r.text }

// String gives "***".
func (r Redacted) String() string { return "***" }

// GoString gives "***".
func (r Redacted) GoString() string { return "***" }

// MarshalJSON gives "***".
func (r Redacted) MarshalJSON() ([]byte, error) { return []byte(`"***"`), nil }

// LastError is context.LastError (APIM's error handling page).
type LastError struct {
	Source, Reason, Message, Scope, Section, Path, PolicyID string
}

// Call is one call to a backend in an exchange.
type Call struct {
	// Span is the call's span id, 16 hex digits; its parent is the exchange's span.
	Span     string        `json:"span"`
	Backend  string        `json:"backend,omitempty"`
	Method   string        `json:"method"`
	URL      string        `json:"url"`
	Status   int           `json:"status,omitempty"`
	Error    string        `json:"error,omitempty"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration"`
}

// PermissionDenied is the error that a gateway's Do returns where a Principal may
// not call the operation: checked before any policy runs. A step's call fails by
// it with States.Permissions.
type PermissionDenied struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Role     string `json:"role"`
	// State is the state that called; empty for a bare role.
	State string `json:"state,omitempty"`
	// File and Line name the denying statement, else the role's Statement.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Explicit says that a Deny statement did it; else nothing allowed it.
	Explicit bool `json:"explicit"`
}

// Error names permission, resource, state and place.
func (e *PermissionDenied) Error() string {
	why := "no statement allows"
	if e.Explicit {
		why = "a statement denies"
	}
	s := "role " + e.Role + ": " + why + " " + e.Action + " on " + e.Resource
	if e.State != "" {
		s = "state '" + e.State + "': " + s
	}
	if e.File != "" {
		s += " (" + e.File + ":" + strconv.Itoa(e.Line) + ")"
	}
	return s
}

// Verdict is a denial by our own pipeline, with its place: what tells the engine,
// and a person, which policy in which file holds a request.
type Verdict struct {
	Policy   string `json:"policy"`
	PolicyID string `json:"policyId,omitempty"`
	Scope    string `json:"scope"`
	Section  string `json:"section"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Revision string `json:"revision,omitempty"`
	Status   int    `json:"status"`
	Reason   string `json:"reason"`
	Message  string `json:"message,omitempty"`
	// RetryAfter is how long until the counter or breaker opens; 0 where unknown.
	RetryAfter time.Duration `json:"retryAfter,omitempty"`
	// Counter is the counter key of a rate limit or quota.
	Counter string `json:"counter,omitempty"`
	// Path and Element tell the policy from its namesakes in a document that was
	// edited since: where it stood (LastError.Path), and a digest of its text.
	Path    string `json:"path,omitempty"`
	Element string `json:"element,omitempty"`
	// Within names the <api> or <operation> inside the policy whose limit refused;
	// Line and Column are its own then.
	Within string `json:"within,omitempty"`
	// Backend is the backend entity that refused, and Rule the rule of its circuit
	// breaker; File and Line are the entity's then, and the policy is the one that
	// called it.
	Backend string `json:"backend,omitempty"`
	Rule    string `json:"rule,omitempty"`
	// NamedValue is the one whose secret has no value, where that is the reason.
	NamedValue string `json:"namedValue,omitempty"`
}

// Decision is what one policy did in one exchange.
type Decision struct {
	Policy   string `json:"policy"`
	PolicyID string `json:"policyId,omitempty"`
	Scope    string `json:"scope"`   // global, product, api, operation
	Section  string `json:"section"` // inbound, backend, outbound, on-error
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	// Path and Element are as in Verdict; empty where the outcome is ok.
	Path     string        `json:"path,omitempty"`
	Element  string        `json:"element,omitempty"`
	Outcome  string        `json:"outcome"` // ok, denied, returned, failed
	Detail   string        `json:"detail,omitempty"`
	Status   int           `json:"status,omitempty"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration"`
	// Span is the span id of this decision in the exchange's trace, 16 hex digits.
	Span string `json:"span,omitempty"`
}
