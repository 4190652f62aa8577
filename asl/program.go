package asl

import (
	"stile/jsonpath"
	"stile/jsonval"
)

// Program is a compiled definition: immutable, safe for concurrent use.
type Program struct {
	Comment string
	Version string
	// QueryLanguage is JSONPath or JSONata.
	QueryLanguage string
	// TimeoutSeconds is the state machine's timeout, 0 where it has none.
	TimeoutSeconds int64
	// Body is the top-level states.
	Body *Body
	// States holds every state of the definition, nested ones too, by name (names
	// are unique in a definition). State.Index is its place in Ordered.
	States  map[string]*State
	Ordered []*State
}

// Body is StartAt with its states: a definition's top level, a branch of a
// Parallel, or an item processor of a Map.
type Body struct {
	StartAt *State
	States  []*State // in the document's order
}

// StateType is the Type field of a state.
type StateType string

// The eight state types.
const (
	Task     StateType = "Task"
	Pass     StateType = "Pass"
	Choice   StateType = "Choice"
	Wait     StateType = "Wait"
	Succeed  StateType = "Succeed"
	Fail     StateType = "Fail"
	Parallel StateType = "Parallel"
	Map      StateType = "Map"
)

// State is one compiled state. Exactly one of the type-specific parts is set for
// the types that have one.
type State struct {
	Index   int // place in Program.Ordered
	Name    string
	Type    StateType
	Comment string
	// Line and Column are where the state's name stands in the document, from 1.
	Line, Column int
	// pointer is the state's place in AWS's spelling: /States/Pick.
	pointer string
	Next    *State // nil where End, or the type has no Next
	End     bool

	InputPath, OutputPath PathField
	Parameters            *Template      // nil: none
	ResultSelector        *Template      // nil: none
	ResultPath            ResultPath     // zero: "$"
	Assign                *Template      // nil: none; an object
	Result                *jsonval.Value // Pass: literal result
	Retry                 []Retrier
	Catch                 []Catcher

	Task     *TaskFields
	Choice   *ChoiceFields
	Wait     *WaitFields
	Fail     *FailFields
	Parallel []*Body
	Map      *MapFields
}

// PathField is InputPath, OutputPath, ItemsPath: absent (Path nil, Null false)
// means "$"; JSON null means {} .
type PathField struct {
	Null bool
	Path *Expr
}

// ResultPath is a reference path, "$" where absent, or null (Discard).
type ResultPath struct {
	Discard bool
	Path    *jsonpath.Reference // nil: "$"
}

// TaskFields are what a Task has beyond the common fields.
type TaskFields struct {
	// Resource is the ARN as written; Pattern its suffix: "", "sync", "sync:2" or
	// "waitForTaskToken".
	Resource, Pattern string
	// Service and API are the parts of an integration's ARN ("http", "invoke");
	// Kind tells lambda and activity ARNs apart from integrations.
	Kind         ResourceKind
	Service, API string
	// TimeoutSeconds is 0 where the field is absent; TimeoutPath may stand instead.
	TimeoutSeconds, HeartbeatSeconds int64
	TimeoutPath, HeartbeatPath       *Expr
	// Credentials is the RoleArn template, nil where absent.
	Credentials *Template
	// NamedValues are the {{name}} of literal strings in Headers, QueryParameters
	// and RequestBody of an HTTP integration.
	NamedValues []NamedValueRef
}

// ResourceKind is what a Task's Resource names.
type ResourceKind uint8

// The kinds of resource.
const (
	Integration ResourceKind = iota // arn:aws:states:::SERVICE:API[.PATTERN]
	LambdaARN                       // arn:aws:lambda:…:function:NAME
	ActivityARN                     // arn:aws:states:REGION:ACCOUNT:activity:NAME
)

// WaitFields: exactly one of the four is set (Seconds ≥ 0 with HasSeconds).
type WaitFields struct {
	HasSeconds    bool
	Seconds       int64
	Timestamp     string // RFC 3339
	SecondsPath   *Expr
	TimestampPath *Expr
}

// FailFields of a Fail state; each text or its path, or neither.
type FailFields struct {
	Error, Cause         *string
	ErrorPath, CausePath *Expr
}

// MapFields of an inline Map.
type MapFields struct {
	Processor          *Body
	ItemsPath          PathField
	ItemSelector       *Template // also legacy Parameters
	MaxConcurrency     int64     // 0: no limit of its own
	MaxConcurrencyPath *Expr
}

// Retrier is one entry of Retry.
type Retrier struct {
	ErrorEquals     []string
	IntervalSeconds int64   // default 1
	MaxAttempts     int64   // default 3
	BackoffRate     float64 // default 2.0
	MaxDelaySeconds int64   // 0: none
	FullJitter      bool
}

// Catcher is one entry of Catch.
type Catcher struct {
	ErrorEquals []string
	Next        *State
	ResultPath  ResultPath
	Assign      *Template
}

// The query languages.
const (
	JSONPath = "JSONPath"
	JSONata  = "JSONata"
)
