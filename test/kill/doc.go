// Package kill ends the real binary with SIGKILL, over and over, under load, and
// holds what is there after each restart against a journal of its own.
//
// It holds tests alone and knows the product by its wire, its data folder and its
// exit: `stile serve` with signatures, on a project of testdata, whose one backend
// is the test (the sink). The driver writes down every acknowledgement with its
// time; a kill counts where enough of them came just before it while enough
// executions of each kind were open, else it is repeated.
//
// Invariants: what was acknowledged is there after a restart; a history that was
// read is the beginning of what is read later; a task token completes once; an
// attempt reaches the sink under one Idempotency-Key. The control loses a part of
// the folder on purpose, and the same checks must say so.
package kill
