package expr

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
	case len(x.m.generics) != len(y.m.generics):
		return len(x.m.generics) < len(y.m.generics)
	case x.expanded != y.expanded:
		return !x.expanded
	case len(x.m.params) != len(y.m.params):
		if x.expanded {
			return len(x.m.params) > len(y.m.params)
		}
		return len(x.m.params) < len(y.m.params)
	}
	// A member of the derived type hides its base's.
	if x.m.owner != y.m.owner {
		if y.m.owner == typeObject || x.m.owner == typeObject {
			return y.m.owner == typeObject
		}
		return x.m.owner.asBase(y.m.owner.def) != nil && y.m.owner.asBase(x.m.owner.def) == nil
	}
	return false
}

// compareConversions is 1 where the first is better, -1 where the second is.
func compareConversions(rx conversion, tx *Type, ry conversion, ty *Type) int {
	if same(tx, ty) {
		return 0
	}
	if rx == identity && ry != identity {
		return 1
	}
	if ry == identity && rx != identity {
		return -1
	}
	if tx.isFunc() && ty.isFunc() {
		_, a := tx.funcParts()
		_, c := ty.funcParts()
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
func betterTarget(x, y *Type) bool {
	if x.derives(y) || widens2(x, y) {
		return true
	}
	if x.is(typeNullable) || y.is(typeNullable) {
		return !x.is(typeNullable)
	}
	// Signed is better than unsigned where neither converts.
	return x.isIntegral() && y.isIntegral() && signed(x) && !signed(y)
}

func widens2(x, y *Type) bool { return x.isNumeric() && y.isNumeric() && widens(x, y) }
