package policies

import "stile/policy/exchange"

// maxTree bounds the trees that a transformation makes of one body, in bytes as its
// parts count them: about what a document of the longest body takes.
const maxTree = 256 << 20

// ration is an xmltree.Budget of memory alone: a body is bounded, and the work with it.
// What is made past it ends the transformation by a panic that rationed takes.
type ration struct{ left int }

// Work does nothing.
func (*ration) Work(int) {}

// Grow charges bytes.
func (r *ration) Grow(n int) {
	if r.left -= n; r.left < 0 {
		panic(r)
	}
}

// rationed gives what convert makes of a body; exchange.ErrBodyTooLarge where its
// ration did not last.
func rationed(convert func(body []byte) (string, error), body []byte) (out string, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *ration:
			err = exchange.ErrBodyTooLarge
		default:
			panic(v)
		}
	}()
	return convert(body)
}
