package library

import (
	"stile/policy/expr/clr"
)

// whileIndexed is TakeWhile and SkipWhile whose predicate sees the place.
func whileIndexed(take bool) clr.Native {
	return func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			i, passing := int32(-1), true
			clr.Iterate(m, src, func(v clr.Value) bool {
				if i++; passing {
					passing = truth(call(m, f, v, i))
				}
				if take {
					return passing && yield(v)
				}
				return passing || yield(v)
			})
		})
	}
}

// lastOnes is TakeLast and SkipLast.
func lastOnes(take bool) clr.Native {
	return func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		n := max(0, num(a[1]))
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			items := clr.Collect(m, src)
			at := max(0, len(items)-n)
			if take {
				items = items[at:]
			} else {
				items = items[:at]
			}
			clr.Each(m, items, yield)
		})
	}
}

// inSet is Union, Except or Intersect with a StringComparer.
func inSet(run func(first, second, how clr.Value) clr.Value) clr.Native {
	return func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return run(a[0], a[1], a[2]) }
}

func foldedSet(how clr.Value) *Set {
	s := newSet(clr.TypeString)
	s.d.fold = ignoresCase(comparison(how))
	return s
}

func excludingText(first, second, how clr.Value, keep bool) clr.Value {
	return lazy(clr.TypeString, first, func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
		other, seen := foldedSet(how), foldedSet(how)
		clr.Iterate(m, second, func(v clr.Value) bool { other.Add(m, v); return true })
		clr.Iterate(m, src, func(v clr.Value) bool {
			_, in := other.d.lookup(m, v)
			return in != keep || !seen.Add(m, v) || yield(v)
		})
	})
}

var linqMore = []memberSpec{
	{"ext IEnumerable<R> SelectMany<T,R>(IEnumerable<T>, Func<T,int,IEnumerable<R>>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return lazy(t[1], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			i, more := int32(-1), true
			clr.Iterate(m, src, func(v clr.Value) bool {
				i++
				clr.Iterate(m, call(m, f, v, i), func(w clr.Value) bool { more = yield(w); return more })
				return more
			})
		})
	}},
	{"ext IEnumerable<R> SelectMany<T,C,R>(IEnumerable<T>, Func<T,IEnumerable<C>>, Func<T,C,R>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f, g := a[1], a[2]
		return lazy(t[2], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			more := true
			clr.Iterate(m, src, func(v clr.Value) bool {
				clr.Iterate(m, call(m, f, v), func(w clr.Value) bool { more = yield(call(m, g, v, w)); return more })
				return more
			})
		})
	}},
	{"ext IEnumerable<T> TakeWhile<T>(IEnumerable<T>, Func<T,int,bool>)", whileIndexed(true)},
	{"ext IEnumerable<T> SkipWhile<T>(IEnumerable<T>, Func<T,int,bool>)", whileIndexed(false)},
	{"ext IEnumerable<T> TakeLast<T>(IEnumerable<T>, int)", lastOnes(true)},
	{"ext IEnumerable<T> SkipLast<T>(IEnumerable<T>, int)", lastOnes(false)},
	{"ext IEnumerable<T> DefaultIfEmpty<T>(IEnumerable<T>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		elem := t[0]
		return lazy(elem, a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			any := false
			clr.Iterate(m, src, func(v clr.Value) bool { any = true; return yield(v) })
			if !any {
				yield(elem.Zero())
			}
		})
	}},
	{"ext long LongCount<T>(IEnumerable<T>, Func<T,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, n := pick(m, a[0], a[1], true)
		return int64(n)
	}},
	{"ext IEnumerable<string> Union(IEnumerable<string>, IEnumerable<string>, IEqualityComparer<string>)", inSet(func(first, second, how clr.Value) clr.Value {
		return lazy(clr.TypeString, first, func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			seen, more := foldedSet(how), true
			each := func(v clr.Value) bool { more = !seen.Add(m, v) || yield(v); return more }
			if clr.Iterate(m, src, each); more {
				clr.Iterate(m, second, each)
			}
		})
	})},
	{"ext IEnumerable<string> Except(IEnumerable<string>, IEnumerable<string>, IEqualityComparer<string>)", inSet(func(first, second, how clr.Value) clr.Value {
		return excludingText(first, second, how, false)
	})},
	{"ext IEnumerable<string> Intersect(IEnumerable<string>, IEnumerable<string>, IEqualityComparer<string>)", inSet(func(first, second, how clr.Value) clr.Value {
		return excludingText(first, second, how, true)
	})},
	{"ext HashSet<string> ToHashSet(IEnumerable<string>, IEqualityComparer<string>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := foldedSet(a[1])
		clr.Iterate(m, a[0], func(v clr.Value) bool { s.Add(m, v); return true })
		return s
	}},
	{"ext bool SequenceEqual(IEnumerable<string>, IEnumerable<string>, IEqualityComparer<string>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		x, y, how := clr.Collect(m, a[0]), clr.Collect(m, a[1]), comparison(a[2])
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if (x[i] == nil) != (y[i] == nil) || !equalText(str(x[i]), str(y[i]), how) {
				return false
			}
		}
		return true
	}},
}
