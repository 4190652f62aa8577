package graph

import (
	"cmp"
	"slices"
)

// joint is an item in the next layer that a line leads to. A heavy line pulls more.
type joint struct{ item, weight int }

// joints lists, for every item, those in the layer above and below it that a line
// joins it to. The way of the work is heavier than the way of its failures, and
// what is between two bends heaviest, so that long lines come out straight.
func (f *flow) joints() (above, below [][]joint) {
	above, below = make([][]joint, len(f.items)), make([][]joint, len(f.items))
	for _, l := range f.links {
		if l.lane != 0 {
			continue
		}
		from := l.from
		for _, to := range append(slices.Clone(l.bends), l.to) {
			weight := 4
			if l.kind == CatchEdge {
				weight = 1
			}
			if f.items[from].bend && f.items[to].bend {
				weight = 8
			}
			below[from] = append(below[from], joint{to, weight})
			above[to] = append(above[to], joint{from, weight})
			from = to
		}
	}
	return above, below
}

const sweeps = 10

// order sorts each layer by the mean place of its neighbours, down and up in turn,
// keeps the order with the fewest crossings, then places each layer.
func (f *flow) order() {
	above, below := f.joints()
	place := make([]int, len(f.items)) // place in its layer
	number := func(layer []int) {
		for n, i := range layer {
			place[i] = n
		}
	}
	for _, layer := range f.layers {
		number(layer)
	}
	best, fewest := f.orderNow(), f.crossings(below, place)
	for sweep := 0; sweep < sweeps && fewest > 0; sweep++ {
		near := above
		if sweep%2 == 1 {
			near = below
		}
		f.sweep(sweep%2 == 0, func(layer []int) {
			slices.SortStableFunc(layer, func(a, b int) int {
				return cmp.Compare(mean(near[a], place, place[a]), mean(near[b], place, place[b]))
			})
			number(layer)
		})
		if n := f.crossings(below, place); n < fewest {
			best, fewest = f.orderNow(), n
		}
	}
	f.layers = best
	f.spreadLayers(above, below)
}

func (f *flow) orderNow() [][]int {
	out := make([][]int, len(f.layers))
	for n, layer := range f.layers {
		out[n] = slices.Clone(layer)
	}
	return out
}

// crossings counts the pairs of lines between neighbouring layers that cross, a
// pair of heavy ones more.
func (f *flow) crossings(below [][]joint, place []int) int {
	total := 0
	for n := 0; n+1 < len(f.layers); n++ {
		// A Fenwick tree of the weights by their lower place: lines come in the order
		// of their upper place, and cross those before them that end further right.
		tree := make([]int, len(f.layers[n+1])+1)
		sum := 0
		for _, i := range f.layers[n] {
			for _, j := range below[i] {
				upTo := 0
				for k := place[j.item] + 1; k > 0; k -= k & -k {
					upTo += tree[k]
				}
				total += (sum - upTo) * j.weight
			}
			for _, j := range below[i] {
				sum += j.weight
				for k := place[j.item] + 1; k < len(tree); k += k & -k {
					tree[k] += j.weight
				}
			}
		}
	}
	return total
}

// spreadLayers gives every item its centre, drawn to those above and below it in turn.
func (f *flow) spreadLayers(above, below [][]joint) {
	center := make([]int, len(f.items))
	for _, layer := range f.layers {
		x := 0
		for _, i := range layer {
			center[i] = x + f.items[i].cell/2
			x += f.items[i].cell + cellGap
		}
	}
	for sweep := range 3 * sweeps {
		f.sweep(sweep%2 == 0, func(layer []int) {
			want := make([]int, len(layer))
			for n, i := range layer {
				near := slices.Concat(above[i], below[i])
				if sweep < sweeps {
					near = above[i]
					if sweep%2 == 1 {
						near = below[i]
					}
				}
				want[n] = int(mean(near, center, center[i]))
			}
			f.spread(layer, want, center)
		})
	}
	for i, it := range f.items {
		it.center = center[i]
	}
}

// sweep visits the layers downwards or upwards.
func (f *flow) sweep(down bool, visit func(layer []int)) {
	for n := range f.layers {
		if !down {
			n = len(f.layers) - 1 - n
		}
		visit(f.layers[n])
	}
}

func mean(near []joint, values []int, otherwise int) float64 {
	if len(near) == 0 {
		return float64(otherwise)
	}
	sum, weight := 0, 0
	for _, j := range near {
		sum += values[j.item] * j.weight
		weight += j.weight
	}
	return float64(sum) / float64(weight)
}

// spread places a layer's items as near to where they want to be as their cells
// allow: with the room before each taken off, the places must not decrease, and
// the nearest such places (least squares) are the means of pooled neighbours.
func (f *flow) spread(layer, want, center []int) {
	type pool struct{ sum, count int }
	offsets := make([]int, len(layer))
	var pools []pool
	for n, i := range layer {
		if n > 0 {
			before := f.items[layer[n-1]].cell
			offsets[n] = offsets[n-1] + before - before/2 + cellGap + f.items[i].cell/2
		}
		pools = append(pools, pool{want[n] - offsets[n], 1})
		for len(pools) > 1 {
			a, b := pools[len(pools)-2], pools[len(pools)-1]
			if a.sum*b.count <= b.sum*a.count {
				break
			}
			pools = append(pools[:len(pools)-2], pool{a.sum + b.sum, a.count + b.count})
		}
	}
	n := 0
	for _, p := range pools {
		at := floorDiv(p.sum, p.count)
		for range p.count {
			center[layer[n]] = at + offsets[n]
			n++
		}
	}
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}
