package graph

import (
	"cmp"
	"slices"

	"stile/asl"
)

// lanes gives each link that runs beside the layers a lane, the innermost one
// that is free over its height, and its tracks in the gaps where it leaves and
// enters.
func (f *flow) lanes() {
	n := len(f.layers)
	f.entryTracks, f.exitTracks = make([]int, n), make([]int, n)
	var left, right []*link
	for _, l := range f.links {
		switch {
		case l.lane < 0:
			left = append(left, l)
		case l.lane > 0:
			right = append(right, l)
		default:
			continue
		}
		f.exitTracks[f.items[l.from].layer]++
		l.exit = f.exitTracks[f.items[l.from].layer]
		f.entryTracks[f.items[l.to].layer]++
		l.entry = f.entryTracks[f.items[l.to].layer]
	}
	f.stack(left, -1)
	f.stack(right, 1)
}

// stack numbers lanes 1, 2 … outwards on one side. A lane holds links whose
// layers do not meet, and all links to one target.
func (f *flow) stack(links []*link, side int) {
	span := func(l *link) (int, int) {
		a, b := f.items[l.from].layer, f.items[l.to].layer
		return min(a, b), max(a, b)
	}
	order := slices.Clone(links)
	slices.SortStableFunc(order, func(a, b *link) int {
		alo, ahi := span(a)
		blo, bhi := span(b)
		return cmp.Or(cmp.Compare(ahi-alo, bhi-blo), cmp.Compare(alo, blo))
	})
	byTarget := map[int]int{} // target → lane, from 1
	type taken struct{ lo, hi, target int }
	var used [][]taken
	for _, l := range order {
		lo, hi := span(l)
		lane, ok := byTarget[l.to]
		free := func(lane int) bool {
			return !slices.ContainsFunc(used[lane-1], func(t taken) bool { return t.target != l.to && t.lo <= hi && lo <= t.hi })
		}
		if !ok || !free(lane) {
			for lane = 1; lane <= len(used) && !free(lane); lane++ {
			}
			if lane > len(used) {
				used = append(used, nil)
			}
			byTarget[l.to] = lane
		}
		used[lane-1] = append(used[lane-1], taken{lo, hi, l.to})
		l.lane = side * lane
	}
}

// place turns layers and centres into pixels, with 0 at the left of all.
func (f *flow) place() {
	lo, hi := 0, 0
	for n, it := range f.items {
		a, b := it.center-it.cell/2, it.center-it.cell/2+it.cell
		if n == 0 {
			lo, hi = a, b
		}
		lo, hi = min(lo, a), max(hi, b)
	}
	for _, l := range f.links {
		f.left, f.right = max(f.left, -l.lane), max(f.right, l.lane)
	}
	shift := f.left*laneGap - lo
	f.w = hi - lo + (f.left+f.right)*laneGap
	y := 0
	for n, layer := range f.layers {
		height, labels := 0, 0
		for _, i := range layer {
			height, labels = max(height, f.items[i].node.H), max(labels, f.items[i].labels)
		}
		gap := labels*labelLine + f.entryTracks[n]*trackGap
		if n > 0 {
			gap += layerGap + f.exitTracks[n-1]*trackGap
		}
		y += gap
		f.tops, f.heights, f.labels = append(f.tops, y), append(f.heights, height), append(f.labels, labels)
		for _, i := range layer {
			it := f.items[i]
			it.center += shift
			it.node.X, it.node.Y = it.center-it.node.W/2, y
			if it.bend {
				it.node.H = height
			}
		}
		y += height
	}
	f.h = y
	if n := len(f.exitTracks); n > 0 && f.exitTracks[n-1] > 0 {
		f.h += (f.exitTracks[n-1] + 1) * trackGap
	}
}

// emit writes the flow into l with its corner at (x, y).
func (f *flow) emit(l *Layout, x, y int) {
	for _, it := range f.items {
		if it.bend {
			continue
		}
		n := it.node
		n.X, n.Y = n.X+x, n.Y+y
		l.Nodes = append(l.Nodes, n)
		// Boxes are wider than their bodies where their titles are: share the rest.
		spare := n.W - padding
		for _, sub := range it.subs {
			spare -= sub.w + 3*padding
		}
		at := n.X + padding + spare/2
		for _, sub := range it.subs {
			frame := Rect{at, n.Y + headHeight, sub.w + 2*padding, n.H - headHeight - padding}
			if n.Type == asl.Parallel {
				l.Branches = append(l.Branches, frame)
			}
			sub.emit(l, frame.X+padding, frame.Y+padding)
			at += frame.W + padding
		}
	}
	for _, k := range f.links {
		l.Edges = append(l.Edges, f.edge(k, x, y))
	}
}

// edge gives a link's line.
func (f *flow) edge(k *link, x, y int) Edge {
	from, to := f.items[k.from], f.items[k.to]
	e := Edge{From: from.node.ID, To: to.node.ID, Kind: k.kind, Label: k.label, Title: k.title}
	if k.label != "" {
		above := f.items[k.labelItem()]
		e.At = Point{x + f.labelX(k, above), y + f.tops[above.layer] - 6 - (k.labelLine-1)*labelLine}
	}
	if k.lane != 0 {
		e.Points = f.laneLine(k)
	} else {
		e.Curve = true
		e.Points = f.curve(k)
	}
	for i := range e.Points {
		e.Points[i].X += x
		e.Points[i].Y += y
	}
	return e
}

// labelX is the middle of a label: where its line comes in, as far as the cell
// below keeps the label.
func (f *flow) labelX(k *link, above *item) int {
	if k.lane == 0 {
		return above.center
	}
	room := (above.cell - textWidth(k.label)) / 2
	return min(max(f.side(k, above), above.center-room), above.center+room)
}

// side is where a line leaves or enters beside the middle, so that lines of
// different kinds stay apart: lanes on their side, a catch towards where it goes.
func (f *flow) side(k *link, it *item) int {
	switch {
	case k.lane < 0:
		return it.center - it.node.W/4
	case k.lane > 0:
		return it.center + it.node.W/4
	case k.kind == CatchEdge && it == f.items[k.from]:
		if f.items[k.labelItem()].center < it.center {
			return it.center - it.node.W/4
		}
		return it.center + it.node.W/4
	}
	return it.center
}

// laneLine goes down into the gap below, along it into the lane, and through the
// gap above the target.
func (f *flow) laneLine(k *link) []Point {
	from, to := f.items[k.from], f.items[k.to]
	lane := f.w - (f.right-k.lane)*laneGap - laneGap/2
	if k.lane < 0 {
		lane = (f.left+k.lane)*laneGap + laneGap/2
	}
	below := f.tops[from.layer] + f.heights[from.layer] + k.exit*trackGap
	above := f.tops[to.layer] - f.labels[to.layer]*labelLine - k.entry*trackGap - trackGap
	out, in := f.side(k, from), f.side(k, to)
	return []Point{{out, from.node.Y + from.node.H}, {out, below}, {lane, below}, {lane, above}, {in, above}, {in, to.node.Y}}
}

// curve runs straight down through layers and bends in the gaps between them.
func (f *flow) curve(k *link) []Point {
	from := f.items[k.from]
	x, bottom := f.side(k, from), f.tops[from.layer]+f.heights[from.layer]
	points := []Point{{x, from.node.Y + from.node.H}}
	straight := func(y int) {
		p := points[len(points)-1]
		if p.Y != y {
			points = append(points, p, Point{x, y}, Point{x, y})
		}
	}
	straight(bottom)
	for _, i := range append(slices.Clone(k.bends), k.to) {
		it := f.items[i]
		top := f.tops[it.layer]
		toX := it.center
		mid := (bottom + top) / 2
		points = append(points, Point{x, mid}, Point{toX, mid}, Point{toX, top})
		x, bottom = toX, top
		if it.bend {
			bottom = top + f.heights[it.layer]
			straight(bottom)
		}
	}
	return points
}
