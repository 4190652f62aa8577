package engine

// cache keeps a shard's executions that were used last, in a list by use.
type cache struct {
	max         int
	byID        map[execID]*live
	first, last *live // most and least recently used
}

func newCache(most int) cache { return cache{max: most, byID: map[execID]*live{}} }

// get finds an execution and marks it used.
func (c *cache) get(id execID) *live {
	l := c.byID[id]
	if l != nil && l != c.first {
		c.unlink(l)
		c.push(l)
	}
	return l
}

func (c *cache) add(l *live) {
	c.byID[l.id] = l
	c.push(l)
}

func (c *cache) remove(l *live) {
	delete(c.byID, l.id)
	c.unlink(l)
}

// trim drops the least used executions over the bound. One whose last turn is not
// durable must stay: the store may not show it yet.
func (c *cache) trim() {
	for l := c.last; l != nil && len(c.byID) > c.max; {
		older := l
		l = l.prev
		if older.unsettled.Load() == 0 {
			c.remove(older)
		}
	}
}

func (c *cache) push(l *live) {
	l.prev, l.next = nil, c.first
	if c.first != nil {
		c.first.prev = l
	} else {
		c.last = l
	}
	c.first = l
}

func (c *cache) unlink(l *live) {
	if l.prev != nil {
		l.prev.next = l.next
	} else {
		c.first = l.next
	}
	if l.next != nil {
		l.next.prev = l.prev
	} else {
		c.last = l.prev
	}
	l.prev, l.next = nil, nil
}
