package kvtest

import (
	"syscall"
	"testing"
)

// CPU runs f and reports the process's CPU time for each of the benchmark's
// iterations as cpu-ns/op, in nanoseconds: on a shared machine it says more than
// the wall time that testing reports.
func CPU(b *testing.B, f func()) {
	b.Helper()
	before := used()
	f()
	b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op")
}

// used is the CPU time of this process, user and system.
func used() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // with a valid pointer it does not fail
	return u.Utime.Nano() + u.Stime.Nano()
}
