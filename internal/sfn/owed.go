package sfn

import "context"

type owedKey struct{}

// Owed marks what is begun on behalf of something that was taken before: a state that
// starts an execution, the project's own definitions at a start of the server. Where
// new work is refused for want of room, it is not.
func Owed(ctx context.Context) context.Context { return context.WithValue(ctx, owedKey{}, true) }

// IsOwed reports whether Owed marked ctx.
func IsOwed(ctx context.Context) bool { return ctx.Value(owedKey{}) != nil }
