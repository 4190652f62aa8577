package expr

import (
	"stile/policy/expr/clr"
)

// better tells whether x is the better function member (C# 7, 7.5.3.2).
func better(x, y *choice) bool {
	some := false
	for i := range x.ranks {
		switch compareConversions(x.ranks[i], x.types[i], y.ranks[i], y.types[i]) {
		case 1:
			some = true
		case -1:
			return false
		}
	}
	if some {
		return true
	}
	switch {
	case len(x.m.Generics) != len(y.m.Generics):
		return len(x.m.Generics) < len(y.m.Generics)
	case x.expanded != y.expanded:
		return !x.expanded
	case len(x.m.Params) != len(y.m.Params):
		if x.expanded {
			return len(x.m.Params) > len(y.m.Params)
		}
		return len(x.m.Params) < len(y.m.Params)
	}
	// A member of the derived type hides its base's.
	if x.m.Owner != y.m.Owner {
		if y.m.Owner == clr.TypeObject || x.m.Owner == clr.TypeObject {
			return y.m.Owner == clr.TypeObject
		}
		return x.m.Owner.AsBase(y.m.Owner.Def) != nil && y.m.Owner.AsBase(x.m.Owner.Def) == nil
	}
	return false
}

// compareConversions is 1 where the first is better, -1 where the second is.
func compareConversions(rx conversion, tx *clr.Type, ry conversion, ty *clr.Type) int {
	if clr.Same(tx, ty) {
		return 0
	}
	if rx == identity && ry != identity {
		return 1
	}
	if ry == identity && rx != identity {
		return -1
	}
	if tx.IsFunc() && ty.IsFunc() {
		_, a := tx.FuncParts()
		_, c := ty.FuncParts()
		if rx != ry {
			return compareRanks(rx, ry)
		}
		return compareConversions(rx, a, ry, c)
	}
	xy, yx := betterTarget(tx, ty), betterTarget(ty, tx)
	switch {
	case xy && !yx:
		return 1
	case yx && !xy:
		return -1
	}
	return compareRanks(rx, ry)
}

func compareRanks(x, y conversion) int {
	switch {
	case x < y:
		return 1
	case x > y:
		return -1
	}
	return 0
}

// betterTarget tells whether x converts to y and so is the more specific target.
func betterTarget(x, y *clr.Type) bool {
	if x.Derives(y) || widens2(x, y) {
		return true
	}
	if x.Is(clr.TypeNullable) || y.Is(clr.TypeNullable) {
		return !x.Is(clr.TypeNullable)
	}
	// Signed is better than unsigned where neither converts.
	return x.IsIntegral() && y.IsIntegral() && clr.Signed(x) && !clr.Signed(y)
}

func widens2(x, y *clr.Type) bool { return x.IsNumeric() && y.IsNumeric() && widens(x, y) }
