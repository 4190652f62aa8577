package identity

import "context"

// Kinds of a Caller, as assignments.yaml spells them.
const (
	KindUser = "user" // a person: the subject of an ID token
	KindApp  = "app"  // a program: client credentials
	KindKey  = "key"  // an access key without a principal of its own
)

// Caller is who calls the control listener: the page, the command line or the
// Step Functions API. The zero Caller is nobody.
type Caller struct {
	Kind string
	// ID is the subject (user), the client id (app) or the key id (key).
	ID string
	// Provider is the name of the identity provider in stile.yaml that vouches for
	// the ID; empty for an access key.
	Provider string
	// Name is for people to read; it decides nothing.
	Name string
	// Groups are group ids; Roles the provider's own role names.
	Groups, Roles []string
	// Via is page, api (the command line among them), or aws.
	Via string
	// Lax says that nobody was proven and `dev` on loopback lets everybody do all.
	Lax bool
}

// IsZero says that nobody is known.
func (c Caller) IsZero() bool { return c.Kind == "" && !c.Lax }

// String gives the principal as assignments.yaml spells it, user:ID say; "anonymous"
// for nobody.
func (c Caller) String() string {
	if c.Kind == "" {
		return "anonymous"
	}
	return c.Kind + ":" + c.ID
}

type callerKey struct{}

// WithCaller keeps who calls in the context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom gives who calls; the zero Caller where nobody was proven.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
