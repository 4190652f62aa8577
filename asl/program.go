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

	// Activities are the ARNs of the activities that Tasks name, each once.
	Activities []string

	variables map[string][]string
}

// VariableReferences gives the variables that each state's expressions read,
// sorted; states that read none are not in it. The caller must not change it.
func (p *Program) VariableReferences() map[string][]string { return p.variables }

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
	// QueryLanguage is JSONPath or JSONata: the state's own, else the root's. Of a
	// JSONata state Arguments, Output, Assign and the Templates of its type's fields
	// hold JSONata; the JSONPath fields (InputPath … ResultPath) are empty.
	QueryLanguage string
	Next          *State // nil where End, or the type has no Next
	End           bool

	InputPath, OutputPath PathField
	Parameters            *Template      // nil: none
	ResultSelector        *Template      // nil: none
	ResultPath            ResultPath     // zero: "$"
	Assign                *Template      // nil: none; an object
	Arguments, Output     *Template      // JSONata; nil: none
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
	// TimeoutQuery and HeartbeatQuery are the fields where they are JSONata.
	TimeoutQuery, HeartbeatQuery *Template
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
	// SecondsQuery and TimestampQuery are the fields where they are JSONata.
	SecondsQuery, TimestampQuery *Template
}

// FailFields of a Fail state; each text or its path, or neither.
type FailFields struct {
	Error, Cause         *string
	ErrorPath, CausePath *Expr
	// ErrorQuery and CauseQuery are the fields where they are JSONata.
	ErrorQuery, CauseQuery *Template
}

// MapFields of a Map.
type MapFields struct {
	Processor    *Body
	ItemsPath    PathField
	Items        *Template // JSONata; nil: the state's input
	ItemSelector *Template // also legacy Parameters
	// MaxConcurrency 0: no limit of its own.
	MaxConcurrency Amount
	// Distributed is set where Mode is DISTRIBUTED.
	Distributed *DistributedFields
}

// Amount is a number that a field gives literally, by a path or by JSONata: at
// most one of Path and Query is set, and Literal is used where neither is.
type Amount struct {
	Literal float64
	Path    *Expr     // FIELDPath of JSONPath
	Query   *Template // "{% … %}" of JSONata
	present bool      // the literal is written, maybe as 0
}

// Given says that the field or its twin is there.
func (a Amount) Given() bool { return a.present || a.Literal != 0 || a.Path != nil || a.Query != nil }

// DistributedFields are what a distributed Map has beyond an inline one (Step
// Functions Developer Guide, "Distributed mode").
type DistributedFields struct {
	// Program is the item processor as the definition of the child executions: its
	// Body is the Map's Processor, and States and Ordered are the whole definition's.
	Program *Program
	// Definition is the item processor's text as written: what describes a child.
	Definition string
	// ExecutionType of the children: STANDARD or EXPRESS.
	ExecutionType string
	// Label is the field, or the one made of the state's name: it stands in the ARNs
	// of Map Runs and children ("NAME/LABEL:UUID").
	Label  string
	Reader *ItemReader  // nil: none
	Batch  *ItemBatcher // nil: none
	Writer *ResultWriter
	// The thresholds; either one that is exceeded fails the Map.
	ToleratedFailureCount, ToleratedFailurePercentage Amount
}

// ItemReader says where a distributed Map's items come from.
type ItemReader struct {
	// Resource as written: arn:aws:states:::s3:getObject or s3:listObjectsV2.
	Resource string
	// Arguments is Parameters or, of JSONata, Arguments: an object with Bucket and
	// Key or Prefix.
	Arguments *Template
	// InputType is JSON, JSONL, CSV, MANIFEST, PARQUET, or "" of listings.
	InputType string
	// Transformation is NONE (also where absent) or LOAD_AND_FLATTEN; ManifestType is
	// ATHENA_DATA, S3_INVENTORY or "".
	Transformation, ManifestType string
	// CSVDelimiter is COMMA (also where absent), PIPE, SEMICOLON, SPACE or TAB;
	// CSVHeaderLocation FIRST_ROW or GIVEN, with CSVHeaders.
	CSVDelimiter, CSVHeaderLocation string
	CSVHeaders                      []string
	// ItemsPointer is a JSON Pointer into a JSON file, "" for the whole.
	ItemsPointer *Template
	// MaxItems bounds the items that are read, 0 for all.
	MaxItems Amount
}

// ItemBatcher says how items are grouped. At least one of the two is given.
type ItemBatcher struct {
	MaxItemsPerBatch, MaxInputBytesPerBatch Amount
	BatchInput                              *Template // nil: none
}

// ResultWriter says where the children's results go.
type ResultWriter struct {
	// Resource is arn:aws:states:::s3:putObject, or "" where only WriterConfig is there.
	Resource string
	// Arguments is Parameters or, of JSONata, Arguments: an object with Bucket and Prefix.
	Arguments *Template
	// Transformation is NONE, COMPACT or FLATTEN; OutputType JSON or JSONL; "" where absent.
	Transformation, OutputType string
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
	Output      *Template // JSONata; nil: none
}

// The query languages.
const (
	JSONPath = "JSONPath"
	JSONata  = "JSONata"
)
