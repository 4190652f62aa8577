package interp

import (
	"stile/asl"
	"stile/jsonval"
)

// inlineConcurrency is how many iterations of an inline Map AWS runs at a time.
const inlineConcurrency = 40

// startBranches starts a Parallel: all branches get the same input.
func (x *Execution) startBranches(f *frame) {
	in, ok := x.arguments(f)
	if !ok {
		return
	}
	if !x.fits(in) {
		e := exceeded(f.state.Name)
		e.fatal = true
		x.fail(f, e)
		return
	}
	x.step(f, "ParallelStateStarted", Details{})
	n := uint32(len(f.state.Parallel))
	x.startChildren(f, &children{total: n, input: x.wrap(in)}, n)
}

// startItems starts a Map.
func (x *Execution) startItems(f *frame) {
	in, ok := x.effective(f)
	if !ok {
		return
	}
	x.sawPath(f, "afterInputPath", in)
	m := f.state.Map
	items := in
	if inJSONata(f) {
		if items, ok = x.queryItems(f, in); !ok {
			return
		}
	}
	if m.ItemsPath.Path != nil || m.ItemsPath.Null {
		v, err := m.ItemsPath.Eval(x.scopeOf(f, in), "ItemsPath")
		if !x.ok(f, err) {
			return
		}
		items = v
	}
	x.sawPath(f, "afterItemsPath", items)
	limit, ok := x.concurrency(f, in)
	if !ok {
		return
	}
	if items.Kind() != jsonval.ArrayKind {
		path := "$"
		if m.ItemsPath.Path != nil {
			path = m.ItemsPath.Path.Text()
		}
		x.fail(f, runtimeFault(f, "Reference path \"%s\" must point to array.", path))
		return
	}
	k := &children{items: x.wrap(items)}
	if m.ItemSelector != nil {
		k.input = x.wrap(in)
	}
	k.values = k.items.Value.Items()
	k.total = uint32(len(k.values))
	length := int64(k.total)
	x.step(f, "MapStateStarted", Details{Length: &length})
	x.startChildren(f, k, limit)
}

// concurrency is how many iterations may run at a time.
func (x *Execution) concurrency(f *frame, in jsonval.Value) (uint32, bool) {
	m := f.state.Map
	n := int64(m.MaxConcurrency.Literal)
	if path := m.MaxConcurrency.Path; path != nil {
		v, err := path.Eval(x.scopeOf(f, in))
		if !x.ok(f, err) {
			return 0, false
		}
		whole, isInt := v.Int()
		if !isInt {
			x.fail(f, runtimeFault(f, "The MaxConcurrencyPath field refers to value \"%s\" which is not a valid integer: %s", plain(v), path.Text()))
			return 0, false
		}
		if whole < 0 {
			x.fail(f, runtimeFault(f, "MaxConcurrency cannot be negative."))
			return 0, false
		}
		n = whole
	}
	if m.MaxConcurrency.Query != nil {
		var e *stateError
		if n, e = x.queryInt(f, m.MaxConcurrency.Query, "MaxConcurrency", 0); e != nil {
			x.bodyFailed(f, e)
			return 0, false
		}
	}
	if x.env.Inspect != nil {
		x.saw("maxConcurrency", jsonval.OfInt(n))
	}
	if n <= 0 || n > inlineConcurrency {
		n = inlineConcurrency
	}
	return uint32(n), true
}

// startChildren reserves the keys of all children and starts as many as may run
// at a time; each that ends makes room for one more.
func (x *Execution) startChildren(f *frame, k *children, limit uint32) {
	if x.outcome != nil {
		return
	}
	if f.state.Type == asl.Map { // an item writes five events before it waits
		x.reserve(5 * int(min(k.total, limit)))
	}
	k.first = x.nextFrame
	x.nextFrame += k.total
	f.kids = k
	x.setPhase(f, phaseChildren)
	for x.outcome == nil && f.kids == k && k.next < k.total && k.open < limit {
		x.startChild(f, f.prev)
	}
	if k.total == 0 {
		x.childrenDone(f, f.prev)
	}
}

// startChild starts f's next branch or item. The first ones follow the Started
// event, a later one the last state of the iteration whose place it takes.
func (x *Execution) startChild(f *frame, after int64) {
	k := f.kids
	c := &frame{key: k.first + k.next, index: k.next, parent: f, kind: branchFrame, prev: after}
	if f.state.Type == asl.Map {
		c.kind = iterationFrame
		in, err := x.itemInput(f, c.index)
		if err != nil {
			x.childrenFailed(f, nil, err)
			return
		}
		c.input, c.state = in, f.state.Map.Processor.StartAt
		x.step(c, "MapIterationStarted", iteration(c))
	} else {
		c.input, c.state = k.input, f.state.Parallel[c.index].StartAt
	}
	k.next++
	k.open++
	k.frames = append(k.frames, c)
	x.touch(f)
	x.count(c, +1)
	x.enqueue(c, phaseEnter)
}

// itemInput is an iteration's input: the item, or what ItemSelector makes of it.
func (x *Execution) itemInput(f *frame, index uint32) (Payload, *stateError) {
	item := x.items(f)[index]
	if f.state.Map.ItemSelector == nil {
		return x.wrap(item), nil
	}
	s := x.scopeOf(f, x.value(&f.kids.input))
	x.scopeItem = &mapItem{index, item}
	v, err := f.state.Map.ItemSelector.Eval(s)
	x.scopeItem = nil
	switch {
	case err != nil:
		return Payload{}, x.evaluated(f, err)
	case !x.fits(v):
		e := exceeded(f.state.Name)
		e.fatal = true
		return Payload{}, e
	}
	x.sawPath(f, "afterItemSelector", v)
	return x.wrap(v), nil
}

// items are the items of f's Map, cut from the array once.
func (x *Execution) items(f *frame) []jsonval.Value {
	k := f.kids
	if k.values == nil {
		k.values = x.value(&k.items).Items()
		if uint32(len(k.values)) != k.total {
			x.broken("frame %d has %d items, its record says %d", f.key, len(k.values), k.total)
		}
	}
	return k.values
}

func iteration(c *frame) Details {
	index := int64(c.index)
	return Details{Name: c.parent.state.Name, Index: &index}
}

// childDone is the end of a branch or iteration. Its frame stays, holding its
// result, until all are done.
func (x *Execution) childDone(c *frame) {
	f := c.parent
	k := f.kids
	last := c.prev
	if c.kind == iterationFrame {
		last = x.emit("MapIterationSucceeded", c.prev, iteration(c))
	}
	k.open--
	x.touch(f)
	if k.next < k.total {
		x.startChild(f, c.prev)
	} else if k.open == 0 {
		x.childrenDone(f, last)
	}
}

// childrenDone builds the result, once, from the children's frames. Succeeded and
// Exited both follow the last event inside; an error in between follows Succeeded.
func (x *Execution) childrenDone(f *frame, last int64) {
	succeeded := x.emit(eventsOf[f.state.Type].succeeded, last, Details{})
	if x.outcome != nil {
		return
	}
	var list jsonval.Array
	for _, c := range f.kids.frames {
		list.Add(x.value(&c.result))
	}
	f.prev = succeeded
	x.dropChildren(f)
	x.completed(f, list.Value(), last)
}

// childFailed is an error that a branch or iteration did not handle: it ends the
// others, and the Parallel or Map retries, catches or fails. AWS lets the events
// that follow refer to the event that failed, whatever it wrote in between.
func (x *Execution) childFailed(c *frame, e *stateError) {
	f := c.parent
	if c.kind == iterationFrame {
		x.emit("MapIterationFailed", c.prev, iteration(c))
	}
	f.prev = c.prev
	x.childrenFailed(f, c, e)
}

// childrenFailed ends f's Parallel or Map with an error: of child c, or its own
// where an item could not be made (c is nil).
func (x *Execution) childrenFailed(f, c *frame, e *stateError) {
	if e.fatal || e.name == asl.ErrRuntime {
		x.fail(f, e)
		return
	}
	for _, s := range f.kids.frames {
		if s != c {
			x.writeAborted(s)
		} else if c.kind == branchFrame && c.state.Type == asl.Task {
			x.emit("TaskStateAborted", c.prev, Details{})
		}
	}
	x.holdChildren(f)
	x.setPhase(f, phaseBusy)
	if x.outcome != nil {
		return
	}
	if x.retry(f, e) {
		x.discard(f)
		return
	}
	x.step(f, eventsOf[f.state.Type].failed, Details{})
	if x.catch(f, e) {
		x.discard(f)
		return
	}
	x.failThread(f, e)
}

// writeAborted writes the Aborted events of a thread that is cut short, the
// innermost first.
func (x *Execution) writeAborted(f *frame) {
	if f.phase == phaseDone || f.phase == phaseHeld {
		return
	}
	if f.kids != nil {
		for _, c := range f.kids.frames {
			x.writeAborted(c)
		}
	}
	if f.phase == phaseMapRun {
		f.prev = x.emit("MapRunAborted", f.prev, Details{})
	}
	if f.phase != phaseEnter {
		switch f.state.Type {
		case asl.Task, asl.Wait, asl.Parallel, asl.Map:
			x.emit(eventsOf[f.state.Type].aborted, f.prev, Details{})
		}
	}
	if f.kind == iterationFrame {
		x.emit("MapIterationAborted", f.prev, iteration(f))
	}
}
