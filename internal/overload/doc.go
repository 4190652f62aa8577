// Package overload keeps a server at its best when it is asked for more than it can
// do: it bounds how many requests are under way, lets those wait for a moment that
// find no place, in the order of what they are for, and has the rest refused before
// anything was spent on them.
//
// It is a rule (how many may be under way, from how long they take) and a gate that
// follows it. It is no limit of what a client may ask (internal/ratelimit), knows no
// wire and answers nothing: internal/app tells it what a request is for and writes
// the refusals.
//
// Invariants: a place that is taken is given back once, whatever happens; nobody waits
// while there is a place for it; what finishes work goes before what begins some; how
// many are under way, wait, or wait on others is bounded, and so are the bodies that
// they bring. Where nobody waits, entering takes no lock.
//
// A fixed limit is the obvious way and lost: one above what the machine does within
// its clients' patience is as bad as none, and nobody knows that number beforehand. So
// is the limit of latency against the least ever seen: a group commit is slower for
// two than for one, and still better for all. What is measured is measured at the
// least limit, where groups are full.
package overload
