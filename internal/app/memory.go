package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// roomyHeap is how much garbage may gather beside a small heap before it is
// collected; a heap larger than that may double, as Go has it.
const roomyHeap = 192 << 20

// PaceCollector lets garbage gather to thrice what lives, while that is little: the
// server makes much that lives for a request, and collecting it soon would cost
// more CPU than it frees memory. GOGC in the environment is the user's word.
func PaceCollector() {
	if os.Getenv("GOGC") == "" {
		pace(new(pacer))
	}
}

// pacer is dropped at once, so that the collector comes by it in each of its turns.
type pacer struct{ percent int }

func pace(p *pacer) {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if percent := gcPercent(sample[0].Value.Uint64()); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(p, pace)
}

// gcPercent is how much garbage may gather beside live bytes, in steps of 25.
func gcPercent(live uint64) int {
	live = max(live, 1<<20) // nothing was collected yet
	room := max(live, min(3*live, roomyHeap))
	return int(room * 4 / live * 25)
}
