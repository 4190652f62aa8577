package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A heap of roomyHeap bytes is what the collector aims at: garbage gathers in what of
// it is not alive, up to mostGarbage. Most of a large heap are the store's tables and
// cache, which cost no time to look through: it is collected as often as a small one.
const (
	roomyHeap   = 400 << 20
	mostGarbage = 256 << 20
)

// PaceCollector lets garbage gather to thrice what lives, while that is little, and to
// a bound that falls where it is much: the server makes much that lives for a request.
// GOGC in the environment is the user's word.
func PaceCollector() {
	if os.Getenv("GOGC") == "" {
		pace(new(pacer))
	}
}

// pacer is dropped at once, so that the collector comes by it in each of its turns. It
// holds a pointer: what has none is kept together with others, and may never be dropped.
type pacer struct {
	percent int
	_       *pacer
}

func pace(p *pacer) {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if percent := gcPercent(sample[0].Value.Uint64()); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(p, pace)
}

// gcPercent is how much garbage may gather beside live bytes, in steps of 5; a quarter
// of them at least.
func gcPercent(live uint64) int {
	live = max(live, 1<<20) // nothing was collected yet
	room := max(live/4, min(3*live, mostGarbage, roomyHeap-min(live, roomyHeap)))
	return int(room * 20 / live * 5)
}
