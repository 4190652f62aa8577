package overload

// Class is what a request is for; who finishes work goes first.
type Class uint8

// Classes, first first (reliability.md, section 4: finishing work frees memory,
// starting adds).
const (
	// Finishing are answers of workers and approvers, heartbeats, stops.
	Finishing Class = iota
	// Reading looks at one thing.
	Reading
	// Starting begins or changes something, or goes through the gateway.
	Starting
	// Listing looks at many things, or is a page for people.
	Listing

	classes
)

// String is the class as metrics and logs show it.
func (c Class) String() string {
	return [...]string{"finishing", "reading", "starting", "listing", "?"}[min(c, classes)]
}

// room is how many requests may be under way for one of a class to enter: what is
// left below the limit is for those before it, and what finishes work goes beyond.
func (c Class) room(limit int) int64 {
	switch c {
	case Finishing:
		return int64(2 * limit)
	case Reading:
		return int64(limit)
	case Starting:
		return int64(max(1, limit-limit/8))
	}
	return int64(max(1, limit/2))
}
