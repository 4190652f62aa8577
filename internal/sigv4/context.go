package sigv4

import "context"

type callerKey struct{}

// NewContext gives a context that carries who signed the request.
func NewContext(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// FromContext gives who signed the request, and false where nobody did or nothing
// was proven.
func FromContext(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}
