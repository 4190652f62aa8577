// Package activity is the activities of Step Functions: a durable registry of their
// names, and in memory the attempts of Tasks that wait for a worker, oldest first for
// each activity.
//
// It is not the engine: which attempt still counts, who took it and what it answers is
// the engine's, which hands attempts in (Queue, Withdraw) and is asked, durably, before
// one is given out (Host). It is no wire (internal/sfnapi, behind GetActivityTask). The
// queue is on no disk: after a restart the engine hands in again what was not taken.
//
// Invariants: an attempt is answered to one worker at most, after the engine has said
// durably that it was taken; an attempt that nobody took is given out as long as the
// engine counts it, also where the worker that was to have it went away; an attempt and
// a worker that wait cost no goroutine of ours; an activity is there once its record is
// durable, and gone once the record is.
package activity
