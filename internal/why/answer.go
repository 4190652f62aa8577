package why

import (
	"time"

	"stile/internal/sfn"
)

// Cause is what holds an execution, in one word.
type Cause string

// The causes.
const (
	Works        Cause = "works"        // nothing holds it
	Limit        Cause = "limit"        // a rate limit, quota or concurrency limit
	Permission   Cause = "permission"   // a role
	Callback     Cause = "callback"     // a task token that is open
	Secret       Cause = "secret"       // a named value without a value
	Policy       Cause = "policy"       // another policy refused, or failed
	Subscription Cause = "subscription" // the role's subscription does not open the API
	Operation    Cause = "operation"    // the gateway has no such operation
	Backend      Cause = "backend"      // it failed, or could not be reached
	Worker       Cause = "worker"       // a Task of an activity, whose worker has not come or not answered
	Timer        Cause = "timer"        // a Wait state
	NoAnswer     Cause = "no-answer"    // a call is out for longer than its limit
	Egress       Cause = "egress"       // a host that is not mapped, or refused
	Timeout      Cause = "timeout"      // a state's or the execution's own
	Failure      Cause = "error"        // any other error
	Quarantine   Cause = "quarantine"   // its stored state cannot be gone on with
	Stopped      Cause = "stopped"      // somebody stopped it
	Succeeded    Cause = "succeeded"    // it has ended well
)

// Answer says what holds an execution, for people and, field by field, for
// programs. What does not belong to its cause is absent.
type Answer struct {
	Execution    string           `json:"execution"`
	ARN          string           `json:"arn"`
	StateMachine string           `json:"stateMachine"`
	Status       string           `json:"status"`
	Health       sfn.HealthStatus `json:"health,omitempty"`
	State        string           `json:"state,omitempty"`
	Cause        Cause            `json:"cause"`
	// Since is when it began to hold, Until when it ends by itself.
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	// Paragraph is all of it in plain words, one line without line breaks.
	Paragraph string `json:"paragraph"`
	// Place is what to look at, or to edit: the policy, the role's statement, the
	// named value, the backend; else the state. At is the state in its definition.
	Place    *Place        `json:"place,omitempty"`
	At       *Place        `json:"at,omitempty"`
	Policy   *PolicyPart   `json:"policy,omitempty"`
	Role     *RolePart     `json:"role,omitempty"`
	Secret   *SecretPart   `json:"secret,omitempty"`
	Callback *CallbackPart `json:"callback,omitempty"`
	Backend  *BackendPart  `json:"backend,omitempty"`
	Timer    *TimerPart    `json:"timer,omitempty"`
	Retry    *RetryPart    `json:"retry,omitempty"`
	Error    *ErrorPart    `json:"error,omitempty"`
	// Commands free it or show more: stile's own, and edits of files.
	Commands []string `json:"commands"`
}

// Place is a place of today's files.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	// Was is where it stood when it held, file:line, where that is another place.
	Was string `json:"was,omitempty"`
	// Gone says that it is no longer there: File and Line are those of then.
	Gone bool `json:"gone,omitempty"`
}

// PolicyPart is a policy that refused or failed.
type PolicyPart struct {
	Name    string `json:"name"`
	ID      string `json:"id,omitempty"`
	Scope   string `json:"scope,omitempty"`
	Section string `json:"section,omitempty"`
	// Within is the api or operation inside it whose limit refused.
	Within string `json:"within,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	// Revision is the snapshot that it refused under, Now today's.
	Revision string `json:"revision,omitempty"`
	Now      string `json:"now,omitempty"`
	Status   int    `json:"status,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Message  string `json:"message,omitempty"`
	// Limit is what it allows as it stands today.
	Limit   string `json:"limit,omitempty"`
	Counter string `json:"counter,omitempty"`
	// RetryAfter is in seconds, from the refusal on.
	RetryAfter float64 `json:"retryAfter,omitempty"`
}

// RolePart is a role that does not allow a call.
type RolePart struct {
	Name     string `json:"name"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Action   string `json:"action"`
	Resource string `json:"resource"`
	// Explicit says that a Deny statement did it.
	Explicit bool `json:"explicit"`
	// Allowed says that the role, as it stands now, allows it.
	Allowed bool `json:"allowed"`
}

// SecretPart is a secret that has no value which may be used.
type SecretPart struct {
	NamedValue string `json:"namedValue"`
	Reference  string `json:"reference,omitempty"`
	// Status is fresh, stale, expired, missing or unread.
	Status string `json:"status"`
	// Age is how old the last good value is, in seconds; absent where none was had.
	Age    float64 `json:"age,omitempty"`
	Reason string  `json:"reason,omitempty"`
	UsedBy string  `json:"usedBy,omitempty"` // file:line
}

// CallbackPart is a callback that has not come. Its URL is told by `stile callback
// list` alone.
type CallbackPart struct {
	State   string    `json:"state"`
	SentAt  time.Time `json:"sentAt"`
	Expires time.Time `json:"expires"`
	Attempt uint32    `json:"attempt"`
	// Deliveries is how many came and did not end it.
	Deliveries int  `json:"deliveries"`
	Revoked    bool `json:"revoked,omitempty"`
}

// BackendPart is a backend that failed or has not answered.
type BackendPart struct {
	ID        string `json:"id,omitempty"`
	URL       string `json:"url,omitempty"`
	API       string `json:"api,omitempty"`
	Operation string `json:"operation,omitempty"`
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Status    int    `json:"status,omitempty"`
	Error     string `json:"error,omitempty"`
}

// TimerPart is a Wait state's end.
type TimerPart struct {
	Until *time.Time `json:"until,omitempty"`
}

// RetryPart is where a state's Retry stands.
type RetryPart struct {
	// Attempt is how many attempts have ended, Max how many there are in all.
	Attempt int `json:"attempt"`
	Max     int `json:"max"`
	// Next is when the next one begins, at the latest; absent where none does.
	Next *time.Time `json:"next,omitempty"`
}

// ErrorPart is the error that a state met last, or that ended the execution.
type ErrorPart struct {
	Error string    `json:"error"`
	Cause string    `json:"cause,omitempty"`
	Time  time.Time `json:"time"`
}
