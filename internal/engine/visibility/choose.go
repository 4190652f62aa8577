package visibility

import "strings"

// Index is one that answers a listing.
type Index byte

// The indexes, the most selective first. A Map Run's children have one of their own.
const (
	OfMapRun Index = iota + 1
	ByField
	ByTrouble
	ByMachine
	ByStart
)

// Query is what a listing asks for, as far as an index can know it.
type Query struct {
	// MapRun lists children, Machine what is listed under that ARN; Fields are in the
	// order of their names; Trouble is a code of Trouble's, 0 for none.
	MapRun, Machine bool
	Fields          int
	Trouble         byte
}

// Choose gives the index that is read; what else is asked for is looked up in the
// records of what it finds.
func (q Query) Choose() Index {
	switch {
	case q.MapRun:
		return OfMapRun
	case q.Fields > 0:
		return ByField
	case q.Trouble != 0:
		return ByTrouble
	case q.Machine:
		return ByMachine
	}
	return ByStart
}

// Scope is the part of a page token's scope that tells of fields: a token opens for
// the listing that gave it alone.
func Scope(fields []Value) string {
	var b strings.Builder
	for _, v := range fields {
		b.WriteString(" " + v.Name + "=" + v.Text)
	}
	return b.String()
}
