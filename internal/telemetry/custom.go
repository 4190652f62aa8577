package telemetry

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// maxCustom bounds the families of measurements that documents define.
const maxCustom = 500

// Custom counts measurements whose names and labels documents bring (the emit-metric
// policy): a family for each namespace, name and set of labels, without buckets. Those
// beyond maxCustom are dropped and counted. The zero Custom is empty and ready.
type Custom struct {
	mu       sync.RWMutex
	families map[string]*family
	dropped  uint64
}

// Observe counts a value under a name inside a namespace; labels and values
// correspond. It is safe for concurrent use.
func (c *Custom) Observe(namespace, name string, labels, values []string, v float64) {
	key := namespace + "\xff" + name + "\xff" + strings.Join(labels, "\xff")
	c.mu.RLock()
	f := c.families[key]
	c.mu.RUnlock()
	if f == nil {
		if f = c.add(key, namespace, name, labels); f == nil {
			return
		}
	}
	(&Histogram{f}).Observe(v, values...)
}

func (c *Custom) add(key, namespace, name string, labels []string) *family {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.families[key]; f != nil {
		return f
	}
	if len(c.families) >= maxCustom {
		c.dropped++
		return nil
	}
	f := &family{Family: Family{Namespace: namespace, Name: name, Unit: "1", Kind: KindHistogram, Labels: slices.Clone(labels),
		Help: "A measurement of the policies' documents."}}
	f.series.Store(&map[string]*series{})
	if c.families == nil {
		c.families = map[string]*family{}
	}
	c.families[key] = f
	return f
}

// Dropped counts the measurements that found no room for a family.
func (c *Custom) Dropped() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.dropped
}

// sorted lists the families by namespace, name and labels.
func (c *Custom) sorted() []*family {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := make([]*family, 0, len(c.families))
	for _, f := range c.families {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *family) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), slices.Compare(a.Labels, b.Labels))
	})
	return out
}
