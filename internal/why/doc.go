// Package why says in one paragraph what holds an execution: which policy, role,
// secret, callback, backend or timer, at which file and line as the files stand
// now, since when, until when, and which commands or edits free it.
//
// It gathers nothing and looks at no clock: Explain is a pure function of Facts,
// which internal/app puts together. It does not decide how an execution fares
// where its Health says so; it explains it.
//
// Invariants: a place is one of today's configuration, found by what the verdict
// tells of the policy and not by its line; where the policy, role or state is no
// longer there the answer says so. No callback URL, no payload and no secret is in
// an answer. Every command in it is one of the table in commands.go.
package why

import (
	"time"

	"stile/asl"
	"stile/asl/history"
	"stile/internal/config"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/policy"
)

// DefaultIncomplete is how long a state may be without an answer, and without a
// known wait, before it counts as stuck.
const DefaultIncomplete = 5 * time.Minute

// Facts is all that an answer is made of.
type Facts struct {
	Now       time.Time
	Execution sfn.Execution
	// Calls is the side journal in the order of time, History the execution's last
	// events, oldest first.
	Calls   []sfn.CallRecord
	History []history.Event
	// Taken is the definition that the execution runs, nil where it cannot be read.
	Taken *asl.Program
	// File is where the project has the state machine now, empty where it has it
	// not; Defined is that definition.
	File    string
	Defined *asl.Program
	// Role is the state machine's as it stands now, nil where the project has none
	// of the name; RoleName and RoleFile name it all the same.
	Role               *identity.Role
	RoleName, RoleFile string
	// Config is stile.yaml, and ConfigFile what it is, or would be, called.
	Config     *config.Config
	ConfigFile string
	// Tokens are the open task tokens of this execution.
	Tokens []sfn.OpenToken
	// Deliveries is what came on the callbacks of this execution, oldest first.
	Deliveries []sfn.DeliveryRecord
	// Workers tells of the activities that the execution's definition names, by ARN.
	Workers map[string]Workers
	// Limits is how long states may take, where their options say; DefaultIncomplete
	// for the others.
	Limits map[string]time.Duration
	// Payloads says that the asker may read errors and causes of the execution's own.
	Payloads bool
	Today    Today
}

// Today is the configuration as it stands now.
type Today interface {
	// Revision names the gateway's snapshot.
	Revision() string
	// Site finds a policy that a verdict named, among the documents of an operation.
	Site(old policy.Site, api, operation string) (policy.Site, bool)
	// NamedValue tells of a named value as an operation's documents use it.
	NamedValue(name, api, operation string) (NamedValue, bool)
	// Operation finds what a method and a path of the gateway reach.
	Operation(method, path string) (api, operation string, ok bool)
	// Backend tells where a backend entity, else an API's service URL, is declared.
	Backend(id, api string) (Declared, bool)
}

// NamedValue is a named value whose text is a secret.
type NamedValue struct {
	Reference string
	// Lacking is why it has no value now, empty where it has one. Condition is how the
	// secret stands (fresh, stale, expired, missing, unread), Fetched when it was last
	// had, zero for never, and Since from when on it could not be.
	Lacking        string
	Condition      string
	Fetched, Since time.Time
	// File and Line are where a policy document names it, Declared where it is made.
	File     string
	Line     int
	Declared Declared
}

// Declared is where something of the configuration is declared, and what it says.
type Declared struct {
	File string
	Line int
	Text string
}
