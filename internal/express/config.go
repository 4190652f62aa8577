package express

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"os"
	"time"

	"stile/asl"
	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Config is what a Host is made of. Machines, Store, Account and Region are required.
type Config struct {
	Machines Machines
	// Store keeps the starts of open asynchronous executions in Space, which is the
	// host's alone. Close leaves it open.
	Store           kv.Store
	Space           kv.Space
	Account, Region string
	// Clock is the time; nil is the machine's.
	Clock Clock
	// Seed gives the randomness of events and names; nil is the machine's.
	Seed func() uint64
	// CheckParameters is interp.Env's; nil checks nothing.
	CheckParameters func(resource string, parameters jsonval.Value) string
	// Admit says why no new work is taken; nil, and a nil func: it is. It is asked for
	// asynchronous starts, which are kept, but for those that sfn.Owed marks.
	Admit func() error
	// Observe gets what happens to every execution, in order for each. It runs while
	// the execution waits: it must not block. Nil: nobody is told.
	Observe func(sfn.Notice)
	// Log is where quarantines and failures are told; nil drops them.
	Log *slog.Logger
	// Fatal is told once that the store has failed; nil logs and ends the process.
	Fatal func(error)
	// MaxOpen bounds how many executions are open at once, 0 is 20,000; MaxBytes bounds
	// what their inputs hold together, 0 is 256 MiB. A start beyond is throttled.
	MaxOpen  int
	MaxBytes int64
	// MaxPayload is how many bytes the input and output of a state may have; 0 is AWS's.
	// Histories have no bound, as they are not kept.
	MaxPayload int
}

// Machines finds what is to run. The engine satisfies it.
type Machines interface {
	// Starting gives the state machine, its revision and its program for a start, and
	// resolves what the start names; see engine.Host.
	Starting(in *sfn.Start) (sfn.StateMachine, uint64, *asl.Program, error)
	// Revision gives the program of a revision that Starting gave once.
	Revision(machineARN string, revision uint64) (*asl.Program, error)
}

// Tasks carries out Task states. The task integrations satisfy it.
type Tasks interface {
	// Start makes the call on a goroutine of its own and calls done once. ctx ends when
	// the attempt's answer no longer matters and when the host closes.
	Start(ctx context.Context, call sfn.TaskCall, done func(sfn.TaskResult))
	// Cancel says that nobody waits for the command's current attempt any more.
	Cancel(executionARN string, command uint64)
}

// Clock is the host's time. Tests put their own in its place.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once on its own goroutine after d; stop prevents it if it
	// has not begun.
	AfterFunc(d time.Duration, f func()) (stop func())
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = realClock{}
	}
	if c.Seed == nil {
		c.Seed = machineSeed
	}
	if c.Observe == nil {
		c.Observe = func(sfn.Notice) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Fatal == nil {
		log := c.Log
		c.Fatal = func(err error) {
			log.Error("the store of EXPRESS starts failed; stopping", "error", err)
			os.Exit(1)
		}
	}
	if c.MaxOpen == 0 {
		c.MaxOpen = 20_000
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 256 << 20
	}
	return c
}

// machineSeed reads the machine's randomness, which never fails.
func machineSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}
