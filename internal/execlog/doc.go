// Package execlog writes the log of executions that a state machine's logging
// configuration asks for: one record for each event of a history, in AWS's shape, to
// the log group that the configuration names.
//
// It is not a history (the engine keeps those of STANDARD executions) and promises no
// more than AWS does: a record that finds the queue full is lost, and counted. Where a
// log group goes is its sinks': Folder is a file for each, internal/app has another
// that feeds exporters. internal/app hands it the notices of both hosts.
//
// Invariants: nobody waits for a log: Notice queues, one goroutine makes and writes
// records; the records of one execution stand in the order of its history; payloads
// are in records only where includeExecutionData says so; secrets are masked before
// any sink sees a record; a log group's name leads to no file outside the folder.
package execlog
