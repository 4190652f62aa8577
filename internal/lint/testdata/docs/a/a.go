// Package a has names with and without comments.
package a

func Bare() {}

// Told has a comment.
func Told() {}

type Naked struct{}

func (Naked) Method() {}

type hidden struct{}

func (hidden) Method() {}

// One comment is enough for a group.
const (
	One = 1
	Two = 2
)

const Three = 3

var (
	Four = 4 // a word beside it is enough
	Five = 5
)

// Pair is generic.
type Pair[K, V any] struct {
	Key   K
	Value V
}

func (p *Pair[K, V]) Swap() {}
