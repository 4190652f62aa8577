package graph

import (
	"strconv"
	"strings"

	"stile/asl"
)

// Sizes in pixels.
const (
	margin     = 12
	nodeHeight = 44
	markSize   = 20
	padding    = 14
	headHeight = 40 // the title of a box
	minWidth   = 104
	maxText    = 30 // cells of a name that are shown
	maxLabel   = 26 // cells of a label that are shown
	cellGap    = 26 // between neighbours of a layer
	layerGap   = 40
	labelLine  = 14
	laneGap    = 12
	trackGap   = 6
)

// item is something that has a place in a layer: a state, a mark, or a bend of a
// line that passes the layer.
type item struct {
	node Node // Rect's W and H are its size; X and Y are set by place
	subs []*flow
	bend bool
	// cell is the width that its layer keeps for it: no label above is wider.
	cell   int
	layer  int
	center int // x of its middle
	labels int // lines of text above it
}

// link is a transition between two items of a flow.
type link struct {
	from, to     int
	kind         EdgeKind
	label, title string
	back         bool // against the flow
	bends        []int
	// lane is 0 for a link through the layers, else its lane: left < 0 < right.
	lane      int
	exit      int // track below the source's layer
	entry     int // track above the target's layer
	labelLine int
}

// flow is one body while it is laid out.
type flow struct {
	items  []*item
	links  []*link
	layers [][]int
	start  int // the item that the body begins with
	// tops, heights and lines of labels of the layers; tracks of the gap above and below each.
	tops, heights, labels   []int
	entryTracks, exitTracks []int
	// left and right count the lanes on each side.
	left, right, w, h int
}

// layBody lays out one body; marks are for the top level.
func layBody(b *asl.Body, marks bool) *flow {
	f := newFlow(b, marks)
	f.breakCycles()
	f.rank()
	f.bendLongLinks()
	f.order()
	f.lanes()
	f.place()
	return f
}

func newFlow(b *asl.Body, marks bool) *flow {
	f := &flow{}
	index := make(map[*asl.State]int, len(b.States))
	if marks {
		f.add(mark("start", StartMark))
	}
	for _, s := range b.States {
		index[s] = f.add(stateItem(s))
	}
	end := -1
	f.start = index[b.StartAt]
	if marks {
		end = f.add(mark("end", EndMark))
		f.link(0, f.start, NextEdge, "")
		f.start = 0
	}
	for _, s := range b.States {
		f.transitions(s, index, end)
	}
	return f
}

func (f *flow) add(it *item) int {
	f.items = append(f.items, it)
	return len(f.items) - 1
}

func mark(id string, kind NodeKind) *item {
	return &item{node: Node{ID: id, Kind: kind, Rect: Rect{W: markSize, H: markSize}}, cell: markSize}
}

func stateItem(s *asl.State) *item {
	n := Node{ID: "s-" + strconv.Itoa(s.Index), State: s.Name, Type: s.Type, Detail: detail(s)}
	it := &item{}
	inside := bodies(s)
	n.W = max(minWidth, textWidth(clip(s.Name, maxText))+2*padding, textWidth(n.Detail)+2*padding)
	n.H = nodeHeight
	if len(inside) > 0 {
		n.Kind = BoxNode
		w, h := padding, 0
		for _, b := range inside {
			sub := layBody(b, false)
			it.subs = append(it.subs, sub)
			w, h = w+sub.w+3*padding, max(h, sub.h)
		}
		n.W, n.H = max(n.W, w), headHeight+h+3*padding
	}
	it.node, it.cell = n, n.W
	return it
}

// detail is the second line of a node.
func detail(s *asl.State) string {
	d := string(s.Type)
	switch {
	case s.Task != nil && s.Task.Service != "":
		d += " · " + s.Task.Service + ":" + s.Task.API
	case s.Task != nil && s.Task.Kind == asl.LambdaARN:
		d += " · lambda"
	case s.Task != nil && s.Task.Kind == asl.ActivityARN:
		d += " · activity"
	case s.Map != nil && s.Map.Distributed != nil:
		d += " · distributed"
	case s.Wait != nil && s.Wait.HasSeconds:
		d += " · " + strconv.FormatInt(s.Wait.Seconds, 10) + " s"
	case s.Fail != nil && s.Fail.Error != nil:
		d += " · " + *s.Fail.Error
	}
	return clip(d, maxText)
}

func (f *flow) transitions(s *asl.State, index map[*asl.State]int, end int) {
	from := index[s]
	for _, e := range exits(s) {
		f.link(from, index[e.to], e.kind, e.title)
	}
	if end >= 0 && ends(s) {
		f.link(from, end, NextEdge, "")
	}
}

// link adds a transition; a second one of the same kind between the same states
// shares the line.
func (f *flow) link(from, to int, kind EdgeKind, title string) {
	for i := len(f.links) - 1; i >= 0 && f.links[i].from == from; i-- {
		if l := f.links[i]; l.to == to && l.kind == kind {
			first, _, _ := strings.Cut(l.title, "\nor ")
			l.title += "\nor " + title
			l.label = clip(first, maxLabel-5) + " (+" + strconv.Itoa(strings.Count(l.title, "\nor ")) + ")"
			return
		}
	}
	f.links = append(f.links, &link{from: from, to: to, kind: kind, title: title, label: clip(title, maxLabel)})
}
