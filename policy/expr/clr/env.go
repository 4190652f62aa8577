package clr

import (
	"time"

	"stile/policy/exchange"
)

// DefaultSteps and DefaultMemory are the budget of an Env that names none.
const (
	DefaultSteps  = 200_000
	DefaultMemory = 16 << 20
)

// Env is everything outside that one evaluation may reach. Exchange must be set;
// the functions may be nil where no expression of the host's can need them: an
// expression that does then faults.
type Env struct {
	Exchange *exchange.Exchange
	// Now is the host's clock (DateTime.UtcNow; the server's zone is UTC).
	Now func() time.Time
	// NewGUID gives a GUID in lower case with dashes (Guid.NewGuid).
	NewGUID func() string
	// Rand gives 64 random bits (new Random() without a seed).
	Rand func() uint64
	// Zone finds a time zone by its name in the IANA database (TimeZoneInfo); nil knows
	// UTC alone.
	Zone func(name string) (*time.Location, error)
	// Trace receives context.Trace's messages.
	Trace func(string)
	// Elapsed is the time since the exchange began (context.Elapsed); nil: Now tells.
	Elapsed func() time.Duration
	// Scratch is room that runs with this Env use one after the other; nil: each makes
	// its own.
	Scratch *Scratch
	// Steps bounds the work of one run, in calls and iterations; 0 is DefaultSteps.
	Steps int
	// Memory bounds the bytes of strings and collections that one run makes; 0 is
	// DefaultMemory.
	Memory int
}
