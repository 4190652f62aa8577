package memkv

import (
	"bytes"
	"hash/maphash"
)

// node is a treap's node: a search tree by key, a heap by rank. It never changes
// after it was made, so a root is a consistent view for as long as it is held.
type node struct {
	key, value  []byte
	rank        uint64
	left, right *node
}

// seed only balances trees; it decides nothing that a test can see.
var seed = maphash.MakeSeed()

func get(n *node, key []byte) ([]byte, bool) {
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c == 0:
			return n.value, true
		case c < 0:
			n = n.left
		default:
			n = n.right
		}
	}
	return nil, false
}

// split cuts a tree into keys before key and keys from key on.
func split(n *node, key []byte) (before, from *node) {
	if n == nil {
		return nil, nil
	}
	c := *n
	if bytes.Compare(n.key, key) < 0 {
		c.right, from = split(n.right, key)
		return &c, from
	}
	before, c.left = split(n.left, key)
	return before, &c
}

// join puts two trees together where every key of a is before every key of b.
func join(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.rank >= b.rank:
		c := *a
		c.right = join(a.right, b)
		return &c
	default:
		c := *b
		c.left = join(a, b.left)
		return &c
	}
}

// set copies the path to the key alone.
func set(root *node, key, value []byte) *node {
	return insert(root, &node{key: key, value: value, rank: maphash.Bytes(seed, key)})
}

func insert(root, n *node) *node {
	if root == nil {
		return n
	}
	order := bytes.Compare(n.key, root.key)
	if order == 0 {
		n.left, n.right = root.left, root.right
		return n
	}
	if n.rank > root.rank {
		n.left, n.right = split(root, n.key) // the key is not in it: its rank would be above
		return n
	}
	c := *root
	if order < 0 {
		c.left = insert(root.left, n)
	} else {
		c.right = insert(root.right, n)
	}
	return &c
}

// remove drops one key.
func remove(root *node, key []byte) *node {
	if _, there := get(root, key); !there {
		return root
	}
	return removed(root, key)
}

func removed(root *node, key []byte) *node {
	order := bytes.Compare(key, root.key)
	if order == 0 {
		return join(root.left, root.right)
	}
	c := *root
	if order < 0 {
		c.left = removed(root.left, key)
	} else {
		c.right = removed(root.right, key)
	}
	return &c
}

// removeRange drops the keys in [lower, upper); nil upper means no end.
func removeRange(root *node, lower, upper []byte) *node {
	before, rest := split(root, lower)
	if upper == nil {
		return before
	}
	_, after := split(rest, upper)
	return join(before, after)
}

// walk calls f in order over [lower, upper); nil upper means no end.
func walk(n *node, lower, upper []byte, reverse bool, f func(k, v []byte) bool) bool {
	if n == nil {
		return true
	}
	low := bytes.Compare(n.key, lower) >= 0
	high := upper == nil || bytes.Compare(n.key, upper) < 0
	first, last, goFirst, goLast := n.left, n.right, low, high
	if reverse {
		first, last, goFirst, goLast = n.right, n.left, high, low
	}
	if goFirst && !walk(first, lower, upper, reverse, f) {
		return false
	}
	if low && high && !f(n.key, n.value) {
		return false
	}
	return !goLast || walk(last, lower, upper, reverse, f)
}
