package engine

import "stile/asl/interp"

// plant is what tests put into a host; never set elsewhere. The first fields are the
// bugs that they must catch.
type plant struct {
	answerEarly   bool                  // replies leave when the group is handed over, not when it is durable
	dispatchEarly bool                  // tasks are dispatched when the turn is submitted
	endTwice      bool                  // a completion of an attempt that is over is accepted
	anyAttempt    bool                  // a token ends its visit's current attempt, whichever it was made for
	forgetName    bool                  // a start does not see that its name was used by an execution that has ended
	earlyTimers   bool                  // timers fire a second before they are due
	newKeys       bool                  // each dispatch has an Idempotency-Key of its own
	tear          func(*interp.Changes) // what an Apply gave, before it is looked at

	// jobs, where set, takes a shard's jobs in the worker's place; turn is passed by the
	// committer before each group, with the number of turns whose effects it owes.
	jobs func(shard uint16, job func())
	turn func(owed int)
	// inTurn has calls of tasks made one after another: what they read of the store then
	// stands in one order.
	inTurn bool
}

func (p *plant) wait(owed int) {
	if p.turn != nil {
		p.turn(owed)
	}
}
