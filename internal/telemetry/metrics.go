package telemetry

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Metrics holds counters and histograms, for whoever shows or exports them.
//
// Task: count on the path of every request without a lock that two requests share,
// and never grow with what clients send. Invariants: a family has at most
// maxSeries series: a label set beyond them is counted under "other"; a counter
// never falls. A library's registry lost: the same numbers go out in three forms
// (Prometheus, OTLP, Application Insights), and each library brings its own.
type Metrics struct {
	mu       sync.Mutex
	families []*family
	// Custom are the measurements of policies' documents; they stand behind the others
	// in a snapshot.
	Custom Custom
}

// maxSeries bounds the label sets of one family; Other is the value of every label
// of what is counted beyond it.
const (
	maxSeries = 2000
	Other     = "other"
)

// Kinds of families.
const (
	KindCounter   = "counter"
	KindGauge     = "gauge"
	KindHistogram = "histogram"
)

// Family is a metric at one time: all its series, sorted by their label values.
type Family struct {
	// Name is OpenTelemetry's: words joined by dots, such as stile.exchanges. In a
	// Namespace, which is set for Custom's alone, it is what a document says.
	Namespace, Name, Help string
	// Unit is in UCUM's spelling: "1", "s", "By", or {thing} for a count of things.
	Unit string
	Kind string
	// Labels are the names that a series' Values stand for.
	Labels []string
	// Bounds are a histogram's upper bounds, the last one infinite and not listed.
	Bounds []float64
	Series []Series
}

// Series is one label set of a family. Value is a counter's or gauge's; Count,
// Sum, Min, Max and Buckets (one more than Bounds, not added up) a histogram's.
type Series struct {
	Values        []string
	Value         float64
	Count         uint64
	Sum, Min, Max float64
	Buckets       []uint64
}

type family struct {
	Family
	read func() float64 // of a family that is kept elsewhere
	// series are read without a lock: each one that is new makes another map. There
	// are few, soon all of them, and a key is looked up without being allocated.
	series atomic.Pointer[map[string]*series] // by label values, joined
	adding sync.Mutex
}

type series struct {
	values        []string
	sum, min, max atomicFloat
	buckets       []atomic.Uint64
}

// Counter is a family that only grows.
type Counter struct{ f *family }

// Histogram is a family of distributions.
type Histogram struct{ f *family }

// Counter adds a family of counters; call it once for each name.
func (m *Metrics) Counter(name, unit, help string, labels ...string) *Counter {
	return &Counter{m.add(Family{Name: name, Unit: unit, Help: help, Kind: KindCounter, Labels: labels}, nil)}
}

// Histogram adds a family of distributions with the given upper bounds, ascending.
func (m *Metrics) Histogram(name, unit, help string, bounds []float64, labels ...string) *Histogram {
	return &Histogram{m.add(Family{Name: name, Unit: unit, Help: help, Kind: KindHistogram, Bounds: bounds, Labels: labels}, nil)}
}

// Read adds a family of one series without labels that is kept elsewhere; kind is
// KindCounter or KindGauge, and read is called with every snapshot.
func (m *Metrics) Read(name, unit, help, kind string, read func() float64) {
	m.add(Family{Name: name, Unit: unit, Help: help, Kind: kind}, read)
}

func (m *Metrics) add(d Family, read func() float64) *family {
	f := &family{Family: d, read: read}
	f.series.Store(&map[string]*series{})
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.families, func(o *family) bool { return o.Name == d.Name }) {
		panic("telemetry: the metric " + d.Name + " stands twice")
	}
	m.families = append(m.families, f)
	return f
}

// Add adds n, which is not negative, to the series of the label values.
func (c *Counter) Add(n float64, values ...string) { c.f.at(values).sum.add(n) }

// Observe counts v in the series of the label values.
func (h *Histogram) Observe(v float64, values ...string) {
	s := h.f.at(values)
	i, _ := slices.BinarySearch(h.f.Bounds, v) // a bound belongs to its own bucket
	s.min.lower(v)
	s.max.raise(v)
	s.sum.add(v)
	s.buckets[i].Add(1)
}

// at finds or makes a series.
func (f *family) at(values []string) *series {
	if len(values) != len(f.Labels) {
		panic("telemetry: " + f.Name + " has other labels")
	}
	var room [192]byte
	key := joined(room[:0], values)
	if s := (*f.series.Load())[string(key)]; s != nil {
		return s
	}
	return f.make(string(key), values)
}

// joined appends label values as one key.
func joined(b []byte, values []string) []byte {
	for _, v := range values {
		b = append(append(b, v...), 0xff)
	}
	return b
}

// make adds a series, or gives the one that counts what is beyond the bound.
func (f *family) make(key string, values []string) *series {
	f.adding.Lock()
	defer f.adding.Unlock()
	old := *f.series.Load()
	if len(old) >= maxSeries && len(values) > 0 && old[key] == nil {
		values = slices.Repeat([]string{Other}, len(values))
		key = string(joined(nil, values))
	}
	if s := old[key]; s != nil {
		return s
	}
	s := &series{values: slices.Clone(values)}
	if f.Kind == KindHistogram {
		s.buckets = make([]atomic.Uint64, len(f.Bounds)+1)
		s.min.set(math.Inf(1))
		s.max.set(math.Inf(-1))
	}
	now := make(map[string]*series, len(old)+1)
	maps.Copy(now, old)
	now[key] = s
	f.series.Store(&now)
	return s
}

// Snapshot gives all families as they stand now, in the order they were added.
func (m *Metrics) Snapshot() []Family {
	m.mu.Lock()
	families := append(slices.Clone(m.families), m.Custom.sorted()...)
	m.mu.Unlock()
	out := make([]Family, 0, len(families))
	for _, f := range families {
		d := f.Family
		if f.read != nil {
			d.Series = []Series{{Value: f.read()}}
		}
		for _, s := range *f.series.Load() {
			d.Series = append(d.Series, s.now())
		}
		slices.SortFunc(d.Series, func(a, b Series) int { return slices.CompareFunc(a.Values, b.Values, cmp.Compare[string]) })
		out = append(out, d)
	}
	return out
}

// now reads a series. Count is the sum of the buckets as read, so that they always
// agree; Sum may be an observation ahead or behind.
func (s *series) now() Series {
	out := Series{Values: s.values, Value: s.sum.get(), Sum: s.sum.get(), Min: s.min.get(), Max: s.max.get()}
	if s.buckets == nil {
		return out
	}
	out.Value = 0
	out.Buckets = make([]uint64, len(s.buckets))
	for i := range s.buckets {
		out.Buckets[i] = s.buckets[i].Load()
		out.Count += out.Buckets[i]
	}
	return out
}

// atomicFloat is a float64 that many goroutines change.
type atomicFloat struct{ bits atomic.Uint64 }

func (a *atomicFloat) get() float64  { return math.Float64frombits(a.bits.Load()) }
func (a *atomicFloat) set(v float64) { a.bits.Store(math.Float64bits(v)) }

func (a *atomicFloat) change(f func(float64) (float64, bool)) {
	for {
		old := a.bits.Load()
		v, changed := f(math.Float64frombits(old))
		if !changed || a.bits.CompareAndSwap(old, math.Float64bits(v)) {
			return
		}
	}
}

func (a *atomicFloat) add(n float64) {
	a.change(func(v float64) (float64, bool) { return v + n, true })
}

func (a *atomicFloat) lower(n float64) {
	a.change(func(v float64) (float64, bool) { return n, n < v })
}

func (a *atomicFloat) raise(n float64) {
	a.change(func(v float64) (float64, bool) { return n, n > v })
}
