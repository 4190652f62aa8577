package graph

// breakCycles marks the links that close a cycle, found by a walk from the first
// item in the order of the document.
func (f *flow) breakCycles() {
	out := f.outgoing()
	const unseen, open, done = 0, 1, 2
	mark := make([]uint8, len(f.items))
	// The walk keeps its own stack: a definition may hold thousands of states in a row.
	type frame struct{ item, next int }
	roots := []int{f.start}
	for i := range f.items {
		roots = append(roots, i)
	}
	for _, root := range roots {
		if mark[root] != unseen {
			continue
		}
		mark[root] = open
		stack := []frame{{item: root}}
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next == len(out[top.item]) {
				mark[top.item] = done
				stack = stack[:len(stack)-1]
				continue
			}
			l := f.links[out[top.item][top.next]]
			top.next++
			switch mark[l.to] {
			case open:
				l.back = true
			case unseen:
				mark[l.to] = open
				stack = append(stack, frame{item: l.to})
			}
		}
	}
}

// outgoing lists each item's links.
func (f *flow) outgoing() [][]int {
	out := make([][]int, len(f.items))
	for i, l := range f.links {
		out[l.from] = append(out[l.from], i)
	}
	return out
}

// rank gives every item the layer after the last of its predecessors.
func (f *flow) rank() {
	waits := make([]int, len(f.items))
	for _, l := range f.links {
		if !l.back {
			waits[l.to]++
		}
	}
	out := f.outgoing()
	var ready []int
	for i := range f.items {
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		i := ready[0]
		ready = ready[1:]
		for _, n := range out[i] {
			l := f.links[n]
			if l.back {
				continue
			}
			f.items[l.to].layer = max(f.items[l.to].layer, f.items[i].layer+1)
			if waits[l.to]--; waits[l.to] == 0 {
				ready = append(ready, l.to)
			}
		}
	}
}

// bendLongLinks gives a link over several layers a bend in each of them, as long
// as there are fewer bends than states; what is left goes through lanes.
func (f *flow) bendLongLinks() {
	budget := len(f.items) + 32
	for _, l := range f.links {
		if l.back {
			l.lane = -1
			continue
		}
		from, to := f.items[l.from].layer, f.items[l.to].layer
		if span := to - from - 1; span > 0 {
			if span > budget {
				l.lane = 1
				continue
			}
			budget -= span
			for layer := from + 1; layer < to; layer++ {
				l.bends = append(l.bends, f.add(&item{bend: true, cell: laneGap, layer: layer}))
			}
		}
	}
	layers := 0
	for _, it := range f.items {
		layers = max(layers, it.layer+1)
	}
	f.layers = make([][]int, layers)
	for i, it := range f.items {
		f.layers[it.layer] = append(f.layers[it.layer], i)
	}
	for _, l := range f.links {
		f.labelAbove(l)
	}
}

// labelAbove keeps room for a link's label above the item that it meets first
// (its target, for a lane).
func (f *flow) labelAbove(l *link) {
	if l.label == "" {
		return
	}
	at := f.items[l.labelItem()]
	at.cell = max(at.cell, textWidth(l.label))
	at.labels++
	l.labelLine = at.labels
}

func (l *link) labelItem() int {
	if len(l.bends) > 0 {
		return l.bends[0]
	}
	return l.to
}
