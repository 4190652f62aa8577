// Package recent keeps a bounded number of values by their keys, those that were used
// last. The engine alone uses it, for the executions of a shard; it takes no lock.
package recent

// Cache keeps values in a list by use.
type Cache[K comparable, V any] struct {
	max         int
	idle        func(V) bool
	byKey       map[K]*node[K, V]
	first, last *node[K, V] // most and least recently used
}

type node[K comparable, V any] struct {
	key        K
	value      V
	prev, next *node[K, V]
}

// New makes a cache that Trim brings down to so many values; one that is not idle
// stays over the bound.
func New[K comparable, V any](most int, idle func(V) bool) Cache[K, V] {
	return Cache[K, V]{max: most, idle: idle, byKey: map[K]*node[K, V]{}}
}

// Get finds a value and marks it used; the zero value where it is not there.
func (c *Cache[K, V]) Get(key K) (v V) {
	n := c.byKey[key]
	if n == nil {
		return v
	}
	if n != c.first {
		c.unlink(n)
		c.push(n)
	}
	return n.value
}

// Add puts a value in whose key is not there.
func (c *Cache[K, V]) Add(key K, v V) {
	n := &node[K, V]{key: key, value: v}
	c.byKey[key] = n
	c.push(n)
}

// Remove takes a value out; one that is not there is passed over.
func (c *Cache[K, V]) Remove(key K) {
	if n := c.byKey[key]; n != nil {
		delete(c.byKey, key)
		c.unlink(n)
	}
}

// Len is how many values there are.
func (c *Cache[K, V]) Len() int { return len(c.byKey) }

// Trim drops the least used idle values over the bound.
func (c *Cache[K, V]) Trim() {
	for n := c.last; n != nil && len(c.byKey) > c.max; {
		older := n
		n = n.prev
		if c.idle(older.value) {
			c.Remove(older.key)
		}
	}
}

func (c *Cache[K, V]) push(n *node[K, V]) {
	n.prev, n.next = nil, c.first
	if c.first != nil {
		c.first.prev = n
	} else {
		c.last = n
	}
	c.first = n
}

func (c *Cache[K, V]) unlink(n *node[K, V]) {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		c.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		c.last = n.prev
	}
	n.prev, n.next = nil, nil
}
