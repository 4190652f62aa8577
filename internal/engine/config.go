package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"os"
	"time"

	"stile/internal/dataset"
	"stile/internal/engine/clock"
	"stile/internal/engine/visibility"
	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Config is what a Host is made of. Store, Account and Region are required.
type Config struct {
	// Store is the engine's own: nothing else writes its spaces. Close leaves it open.
	Store           kv.Store
	Account, Region string
	// Clock is the time; nil is the machine's.
	Clock Clock
	// Seed gives the randomness of events and names; nil is the machine's.
	Seed func() uint64
	// Tasks carries out Task states; nil until SetTasks.
	Tasks Tasks
	// Roles is asked about the role of a state machine; nil allows every role.
	Roles Roles
	// CheckParameters is interp.Env's; nil checks nothing.
	CheckParameters func(resource string, parameters jsonval.Value) string
	// Observe gets the notices of every execution once they are durable, in order
	// for each execution. It runs on the committer: it must not block.
	Observe func(sfn.Notice)
	// Limits gives how long a state of a state machine may take before its execution
	// counts as stuck, 0 where its options do not say; nil: no options do.
	Limits func(stateMachineARN, state string) time.Duration
	// ActivityExists says whether an activity is there; nil: every one is.
	ActivityExists func(arn string) bool
	// TestCases finds the answers of test cases; nil refuses starts that name one.
	TestCases TestCases
	// Objects is where distributed Maps read items and write results; nil has nothing.
	Objects dataset.Store
	// Fields gives what a state machine's executions are found by; nil: by nothing. What
	// it gives counts for starts and ends from then on.
	Fields func(stateMachineARN string) visibility.Fields
	// Retention says how long ended executions are kept, asked anew for each step; nil:
	// for ever.
	Retention func() visibility.Retention
	// Admit says why no new work is taken, such as for want of room on the disk; nil, and
	// a nil func: it is taken. What was taken before goes on.
	Admit func() error
	// Outbox is what others are told of; nil keeps nothing.
	Outbox *Outbox
	// Log is where quarantines and failures are told; nil drops them.
	Log *slog.Logger
	// Fatal is told once that the store has failed; nil logs and ends the process.
	Fatal func(error)
	// MaxPayload (bytes) and MaxHistory (events) are the limits of executions that
	// start from now on; 0: AWS's, 262,144 and 25,000. Open executions keep theirs.
	MaxPayload, MaxHistory int
	// MaxLive bounds how many executions are kept in memory between events; 0 is 8192.
	MaxLive int
	// GroupBytes is where a commit group is full; 0 is 1 MiB. BacklogBytes is how
	// much may wait for the committer before workers wait for it; 0 is 64 MiB.
	GroupBytes, BacklogBytes int
	// Definitions bounds the cache of compiled programs; 0 is 256.
	Definitions int
}

// Tasks carries out Task states. The task integrations satisfy it.
type Tasks interface {
	// Start makes the call. It runs on a goroutine of its own and may block. done may
	// be called from anywhere: once with the result, for a token or .sync Task first
	// with Submitted. ctx ends when the attempt's answer no longer matters and when
	// the host closes.
	Start(ctx context.Context, call sfn.TaskCall, done func(sfn.TaskResult))
	// Cancel says that nobody waits for the command's current attempt any more.
	Cancel(executionARN string, command uint64)
}

// Roles says whether a role may be used by a state machine.
type Roles interface {
	// CheckRole gives nil, or a *sfn.Error that refuses the role.
	CheckRole(ctx context.Context, roleARN string) error
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.Machine()
	}
	if c.Seed == nil {
		c.Seed = machineSeed
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Fatal == nil {
		log := c.Log
		c.Fatal = func(err error) {
			log.Error("the engine's store failed; stopping", "error", err)
			os.Exit(1)
		}
	}
	c.MaxLive = orDefault(c.MaxLive, 8192)
	c.GroupBytes = orDefault(c.GroupBytes, 1<<20)
	c.BacklogBytes = orDefault(c.BacklogBytes, 64<<20)
	c.Definitions = orDefault(c.Definitions, 256)
	return c
}

func orDefault(n, d int) int {
	if n == 0 {
		return d
	}
	return n
}

// machineSeed reads the machine's randomness, which never fails.
func machineSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}
