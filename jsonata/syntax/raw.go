package syntax

// rawKind is the form of a raw node.
type rawKind uint8

const (
	rTerminal  rawKind = iota // a token by itself: name, variable, literal, regex, and or in, ?, (end)
	rWildcard                 // *
	rDescend                  // **
	rParent                   // %
	rNegate                   // - left
	rArray                    // [ list ]
	rObject                   // { pairs }
	rBlock                    // ( list )
	rBinary                   // left op right, for every op between two expressions but these:
	rGroup                    // left { pairs }
	rSort                     // left ^( list )
	rCall                     // left ( list )
	rPartial                  // left ( list with ? )
	rLambda                   // function ( list ) { right }
	rCondition                // left ? right : third
	rDefault                  // left ?: right, left ?? right
	rTransform                // | left | right , third |
)

// raw is a node as it was read, before the tree is made of it: dots and brackets
// are still operators between two expressions.
type raw struct {
	kind      rawKind
	keepArray bool
	token     token
	left      *raw
	right     *raw
	third     *raw
	list      []*raw
	pairs     [][2]*raw
	falling   []bool // of rSort: descending, by term
	signature *Signature
}

// is tells a terminal of a token's kind.
func (r *raw) is(k kind) bool { return r.kind == rTerminal && r.token.kind == k }
