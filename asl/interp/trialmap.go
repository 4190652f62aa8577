package interp

import (
	"strconv"
	"strings"

	"stile/asl"
	"stile/jsonval"
)

// TrialItems is what a Map's own fields made of the input.
type TrialItems struct {
	// Known says that the items are there: without data of its own an ItemReader's
	// are not.
	Known bool
	Count int64
	// FailureCount and FailurePercentage are the tolerated failures, nil where the
	// fields are absent.
	FailureCount      *int64
	FailurePercentage *float64
}

// beginMap evaluates the fields of a Map up to its items; false where one failed.
func (t *Trial) beginMap() bool {
	x, f := t.x, t.f
	in, ok := x.effective(f)
	if !ok {
		return false
	}
	x.sawPath(f, "afterInputPath", in)
	spec := MapRunSpec{State: f.state.Name}
	d := f.state.Map.Distributed
	var items jsonval.Value
	switch {
	case d == nil:
		items, ok = t.inlineItems(in)
	case d.Reader != nil:
		items, ok = t.readItems(in, &spec)
	default:
		_, ok = x.datasetOf(f, in, &spec)
		items = spec.Items.Value
	}
	if !ok {
		return false
	}
	t.items.Known, t.items.Count = items.Exists(), int64(items.Len())
	n, ok := x.wholeAmount(f, in, f.state.Map.MaxConcurrency, "MaxConcurrency", 0)
	if !ok {
		return false
	}
	x.saw("maxConcurrency", jsonval.OfInt(n))
	if d != nil && !t.distributed(in, &spec) {
		return false
	}
	return t.children(in, items, &spec)
}

// inlineItems gives the array that an inline Map runs over.
func (t *Trial) inlineItems(in jsonval.Value) (jsonval.Value, bool) {
	x, f := t.x, t.f
	if inJSONata(f) {
		return x.queryItems(f, in)
	}
	m, items, path := f.state.Map, in, "$"
	if m.ItemsPath.Path != nil || m.ItemsPath.Null {
		v, err := m.ItemsPath.Eval(x.scopeOf(f, in), "ItemsPath")
		if !x.ok(f, err) {
			return v, false
		}
		items = v
		if m.ItemsPath.Path != nil {
			path = m.ItemsPath.Path.Text()
		}
	}
	x.sawPath(f, "afterItemsPath", items)
	if items.Kind() != jsonval.ArrayKind {
		x.fail(f, runtimeFault(f, "Reference path \"%s\" must point to array.", path))
		return items, false
	}
	return items, true
}

// readItems gives what the ItemReader would have read: the data of the test, or
// what ItemsPath finds in the input, as if it had been read; absent with neither.
func (t *Trial) readItems(in jsonval.Value, spec *MapRunSpec) (items jsonval.Value, ok bool) {
	x, f := t.x, t.f
	if !x.service(f, in, spec) {
		return items, false
	}
	items = t.spec.ItemData
	if p := f.state.Map.ItemsPath; !items.Exists() {
		v, err := p.Eval(x.scopeOf(f, in), "ItemsPath")
		if p.Path == nil || err != nil || !iterable(v) {
			return items, true
		}
		items = v
	} else if p := spec.ItemsPointer; p != "" {
		if items, ok = pointTo(items, p); !ok {
			x.fail(f, &stateError{name: asl.ErrItemReaderFailed, cause: "The ItemsPointer '" + p + "' finds nothing in the data."})
			return items, false
		}
		x.saw("afterItemsPointer", items)
	}
	if !iterable(items) {
		x.fail(f, &stateError{name: asl.ErrItemReaderFailed, cause: "Attempting to map over non-iterable node."})
		return items, false
	}
	if n := int(spec.MaxItems); n > 0 && n < items.Len() && items.Kind() == jsonval.ArrayKind {
		items = jsonval.OfItems(items.Items()[:n]...)
	}
	x.sawPath(f, "afterItemsPath", items)
	return items, true
}

// distributed evaluates the fields that only a distributed Map has.
func (t *Trial) distributed(in jsonval.Value, spec *MapRunSpec) bool {
	x, f := t.x, t.f
	d := f.state.Map.Distributed
	if !x.thresholds(f, in, spec) || !x.batches(f, in, spec) || d.Reader == nil && !x.service(f, in, spec) {
		return false
	}
	if d.ToleratedFailureCount.Given() {
		t.items.FailureCount = &spec.ToleratedFailureCount
	}
	if d.ToleratedFailurePercentage.Given() {
		t.items.FailurePercentage = &spec.ToleratedFailurePercentage
	}
	return true
}

// children tells the inputs of the iterations: what ItemSelector makes of each item,
// and the batches of ItemBatcher.
func (t *Trial) children(in, items jsonval.Value, spec *MapRunSpec) bool {
	x, f := t.x, t.f
	m := f.state.Map
	if !items.Exists() || m.ItemSelector == nil && !spec.Batched() {
		return true
	}
	batcher, err := spec.Batcher(x.env.MaxPayload, x.env.LoadBlob)
	if err != nil {
		x.broken("a batch's input is not in memory: %v", err)
	}
	var selected, batches jsonval.Array
	object := items.Kind() == jsonval.ObjectKind
	members := items.Members()
	if !object {
		for _, v := range items.Items() {
			members = append(members, jsonval.Member{Value: v})
		}
	}
	defer func() { t.item, t.key, t.source = nil, "", "" }()
	if m.Distributed != nil && m.Distributed.Reader == nil {
		t.source = "STATE_DATA"
	}
	for i, member := range members {
		v := member.Value
		if m.ItemSelector != nil {
			t.item, t.key = &mapItem{index: uint32(i), value: v}, member.Name
			made, err := m.ItemSelector.Eval(x.scopeOf(f, in))
			if !x.ok(f, err) {
				return false
			}
			v = made
			selected.Add(v)
		}
		if full, ok := batcher.Add(v); ok {
			batches.Add(full)
		}
	}
	if rest, ok := batcher.Rest(); ok {
		batches.Add(rest)
	}
	if m.ItemSelector != nil {
		x.saw("afterItemSelector", selected.Value())
	}
	if spec.Batched() {
		x.saw("afterItemBatcher", batches.Value())
	}
	return true
}

// pointTo follows a JSON Pointer (RFC 6901).
func pointTo(v jsonval.Value, pointer string) (jsonval.Value, bool) {
	if pointer == "" {
		return v, true
	}
	if pointer[0] != '/' {
		return v, false
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for _, token := range strings.Split(pointer[1:], "/") {
		token = unescape.Replace(token)
		if v.Kind() == jsonval.ArrayKind {
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 {
				return v, false
			}
			v = v.Index(i)
		} else {
			v = v.Get(token)
		}
		if !v.Exists() {
			return v, false
		}
	}
	return v, true
}
