// Package graph draws a state machine: as a picture, as a flowchart in Mermaid's
// language, as lines of text.
//
// A picture has states in layers from top to bottom, the branches of a Parallel
// and the body of a Map nested in boxes, transitions as lines that never cross a
// state.
//
// It is not an editor and knows nothing of executions: whoever draws gives the
// class of each state (idle, running, succeeded …). internal/console and
// internal/cli use it.
//
// The method is the layered one: break cycles, give layers by longest path,
// order each layer by the mean place of its neighbours, place by isotonic
// regression, and run what is too long for that through lanes beside the body.
// It is pure and deterministic: the same program gives the same Layout, byte for
// byte in SVG, whatever its size; work grows with states and transitions, since
// only as many long lines as there are states get places of their own inside.
//
// Invariants: coordinates are whole pixels from 0; two nodes overlap only where
// one is a box that holds the other; every edge begins and ends on the border of
// its nodes; a node's ID is "s-" and the state's Index, which is stable for a
// definition.
package graph

import "stile/asl"

// Layout is a picture in pixels, from the top left corner.
type Layout struct {
	Width, Height int
	// Nodes are the states and the start and end marks; a box stands before all that it holds.
	Nodes []Node
	// Branches are the frames of a Parallel's branches.
	Branches []Rect
	Edges    []Edge
}

// Rect is a place.
type Rect struct{ X, Y, W, H int }

// Point is a place on a line.
type Point struct{ X, Y int }

// NodeKind tells states from marks.
type NodeKind uint8

// The kinds of nodes.
const (
	// StateNode is one state.
	StateNode NodeKind = iota
	// BoxNode is a Parallel or Map with what it holds inside.
	BoxNode
	// StartMark and EndMark stand at the top level only.
	StartMark
	EndMark
)

// Node is a state or a mark.
type Node struct {
	Rect
	ID   string
	Kind NodeKind
	// State is the state's name, Type its type; empty for marks.
	State string
	Type  asl.StateType
	// Detail is what the second line says: the type and what it does, in short.
	Detail string
}

// EdgeKind tells why a transition is taken.
type EdgeKind string

// The kinds of edges.
const (
	NextEdge    EdgeKind = "next"
	ChoiceEdge  EdgeKind = "choice"
	DefaultEdge EdgeKind = "default"
	CatchEdge   EdgeKind = "catch"
)

// Edge is a transition.
type Edge struct {
	From, To string // node IDs
	Kind     EdgeKind
	// Curve says that Points are a cubic Bézier spline (1 + 3n of them); else a
	// line with corners.
	Curve  bool
	Points []Point
	// Label is short, Title whole; both empty for a plain transition.
	Label, Title string
	// At is the middle of the label's base line.
	At Point
}

// Of lays a program out.
func Of(p *asl.Program) *Layout {
	top := layBody(p.Body, true)
	l := &Layout{Width: top.w + 2*margin, Height: top.h + 2*margin}
	top.emit(l, margin, margin)
	return l
}
