// Package disk watches how much room is left where the data folder is, and says what
// may still be written.
//
// Its task is to meet a full disk before the cliff. New work is refused while
// finishing work still has room (Low); a reserve, a file that holds room and nothing
// else, is given up where even that runs out (Critical); and a write that meets a
// disk with no room at all waits until there is some, because a write-ahead log that
// cannot be written would end the process (Full).
//
// It is not a quota and deletes nothing but its own reserve. app opens one for the
// data folder, asks Admit for every act that brings new work, and gives the Watch to
// the stores, which ask Spare and Full.
//
// Invariants: a level that was reached by falling room is left only when there is an
// eighth more than its threshold, so that it does not flutter; where the system does
// not tell how much is free the level is OK for ever, but for writes that fail; the
// reserve is taken only where it leaves the level OK; every change of the level is
// told once.
package disk
