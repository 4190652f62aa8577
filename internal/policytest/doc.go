// Package policytest runs tests of policies: cases out of tests/policies, each a
// request through the gateway of a project with answers that the case lists in the
// place of all backends.
//
// It is not a server (no listener, no store, no network) and makes no Principal: that
// is handed in. It compiles a project's nouns into the same snapshot as `stile dev`,
// and runs the same pipeline. internal/app calls it for `stile test` and `stile check`.
//
// Invariants: a case shares nothing with another but compiled documents; its clock,
// its random numbers and its GUIDs are fixed, what otherwise runs side by side runs in
// order, so that two runs give the same bytes; no secret is read, a test writes out
// what it needs; a call that no case lists fails, and nothing ever leaves the process.
package policytest

import (
	"time"

	"stile/internal/config/doctree"
	"stile/policy/exchange"
)

// Folder is where a project has its tests of policies; Suffix ends their names.
const (
	Folder = "tests/policies"
	Suffix = ".test.yaml"
)

// DefaultClock is the time of a case that sets none.
var DefaultClock = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// File is one file of tests.
type File struct {
	// Name is the file as the user names it.
	Name  string
	Cases []*Case
}

// Case is one test: requests one after the other, on counters and a cache of its own.
type Case struct {
	Name string
	// File and Line are where it stands.
	File string
	Line int

	api, operation, subscription named
	principal                    *caller
	clock                        time.Time
	values                       []value
	backend                      []*listed
	exchanges                    []sent
}

// Caller is the state that a case calls as.
type Caller struct {
	// Role is a role's name; StateMachine, Execution and State may be empty.
	Role, StateMachine, Execution, State string
}

// caller is Caller with the places of its names.
type caller struct {
	role, machine    named
	execution, state string
	callbackURL      string
}

// named is a name that refers to something of the project, with its place.
type named struct {
	text string
	at   *doctree.Node
}

// value is a named value's text in one case.
type value struct {
	name, text   string
	line, column int
}

// listed is an answer that stands for a backend.
type listed struct {
	method, url string
	headers     []field
	times       int // 0: as often as it is asked
	status      int
	reason      string
	answer      []exchange.Param
	body        []byte
	after       time.Duration
	broken      string // connection or timeout
}

// sent is a request with what is expected of its answer.
type sent struct {
	given  *given
	repeat int
	after  time.Duration
	expect *expect
}

// given is a request.
type given struct {
	at           *doctree.Node
	method, path string
	params       []exchange.Param
	headers      []exchange.Param
	body         []byte
	bodied       bool
	ip, host     string
	scheme       string
	token        *doctree.Node
}

// field is a header field that is expected: its values, or none where absent.
type field struct {
	name   string
	values []string
	absent bool
	line   int
}

// expect is what a case says of an answer; what is not set is not compared.
type expect struct {
	line     int
	status   *int
	reason   *string
	headers  []field
	body     *string
	json     *doctree.Node
	denied   *bool
	number   *int // of calls
	calls    []*call
	listed   bool // calls are compared one by one
	trace    []*step
	counters []counter
	last     []member
	lines    map[string]int // of each field
}

// call is a call to a backend that is expected.
type call struct {
	line        int
	method, url string
	headers     []field
	body        *string
	json        *doctree.Node
}

// step is what is expected of a policy.
type step struct {
	line    int
	members []member
	// none: no policy like this one ran.
	none bool
}

// member is a named text that is expected.
type member struct {
	name, text string
}

// counter is a number that a policy is expected to tell.
type counter struct {
	policy, name string
	value        int64
	line         int
}
