// Package redrive decides which executions can be redriven, and remembers the client
// tokens of those that were.
//
// It is pure: the engine alone calls it, and holds the store and the clock.
package redrive

import (
	"time"

	"stile/internal/engine/codec"
	"stile/internal/sfn"
)

// AWS's bounds: how long after its end an execution can be redriven, and how long
// one may last in all.
const (
	period  = 14 * 24 * time.Hour
	maximum = 365 * 24 * time.Hour
	// defaultHistory is how many events a history has at most where nothing else is said.
	defaultHistory = 25000
)

// State is what an execution's record keeps of its redrives.
type State struct {
	Count uint32
	At    int64 // of the last one, Unix ms
	// Events is the length of the history at the end; 0 of one whose frames were not
	// kept when it ended.
	Events int64
	// Run counts the redrives of its Map Run when the execution last ran; 0 where it
	// is no child, or its Map Run was never redriven.
	Run uint32
}

// Append writes the state.
func (s State) Append(e *codec.Enc) {
	e.Uint(uint64(s.Count))
	e.Int(s.At)
	e.Int(s.Events)
	e.Uint(uint64(s.Run))
}

// Read reads what Append wrote.
func Read(d *codec.Dec) State {
	return State{Count: uint32(d.Uint()), At: d.Int(), Events: d.Int(), Run: uint32(d.Uint())}
}

// Facts are what decides about a redrive.
type Facts struct {
	Status           string
	Start, Stop, Now int64 // Unix ms; Stop of one that has ended
	// Deleting says that the state machine is being deleted, or is gone.
	Deleting bool
	// Trimmed says that what the execution would go on from is gone.
	Trimmed    bool
	MaxHistory int // 0: AWS's
	State
}

// Reason says in AWS's words why an execution cannot be redriven, "" where it can.
func (f Facts) Reason() string {
	most := int64(f.MaxHistory)
	if most == 0 {
		most = defaultHistory
	}
	switch {
	case f.Status == sfn.Running, f.Status == sfn.Succeeded:
		return "Execution is " + f.Status + " and cannot be redriven"
	case f.Deleting:
		return "State machine is in DELETING status"
	case f.Trimmed:
		return "Execution redrivable period exceeded"
	case f.Events == 0:
		return "Execution was started before the launch of RedriveExecution"
	case f.Events >= most-1:
		return "Execution history event limit exceeded"
	case f.Now-f.Start > maximum.Milliseconds():
		return "Execution has exceeded the max execution time"
	case f.Now-f.Stop > period.Milliseconds():
		return "Execution redrivable period exceeded"
	}
	return ""
}

// A client token is remembered for tokenLife, and no more than maxTokens of them.
const (
	maxTokens = 10
	tokenLife = 15 * time.Minute
)

// Tokens are the client tokens of an execution's last redrives, the newest last.
type Tokens []Token

// Token is one of them with the redrive's date, Unix ms.
type Token struct {
	Text string
	At   int64
}

// Find gives the date of the redrive that a token was for; false where it is not
// known, or no more.
func (l Tokens) Find(text string, now int64) (at int64, ok bool) {
	for _, t := range l {
		if text != "" && t.Text == text && now-t.At <= tokenLife.Milliseconds() {
			return t.At, true
		}
	}
	return 0, false
}

// Add remembers a token; it changes nothing in l.
func (l Tokens) Add(text string, at int64) Tokens {
	if text == "" {
		return l
	}
	out := make(Tokens, 0, maxTokens)
	for _, t := range l[max(0, len(l)-maxTokens+1):] {
		if at-t.At <= tokenLife.Milliseconds() {
			out = append(out, t)
		}
	}
	return append(out, Token{text, at})
}

// Encode gives the record of the tokens.
func (l Tokens) Encode() []byte {
	e := codec.New(16 + 48*len(l))
	e.Uint(uint64(len(l)))
	for _, t := range l {
		e.Str(t.Text)
		e.Int(t.At)
	}
	return e.B
}

// Decode reads what Encode gave.
func Decode(b []byte) (l Tokens, err error) {
	d := codec.Open(b)
	for n := d.Uint(); n > 0 && d.Err == nil; n-- {
		l = append(l, Token{d.Str(), d.Int()})
	}
	return l, d.Err
}
