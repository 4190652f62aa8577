// Package faults has the disk under the real binary fail: a sync that gives EIO, a
// file system without room.
//
// It holds tests alone and knows the product by its wire, its data folder and its
// exit. STILE names the binary, else one is built. STILE_SOAK=1 has each test run at
// its full figures. What needs root (mount) or strace says so and is skipped where
// it cannot be had.
//
// Invariants: an acknowledgement is written down when it is read; everything that
// was acknowledged is there at the end; every call's time is kept.
package faults
