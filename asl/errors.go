package asl

// The error names that the language reserves (States Language, "Errors"; AWS
// adds the later ones).
const (
	ErrAll                             = "States.ALL"
	ErrBranchFailed                    = "States.BranchFailed"
	ErrDataLimitExceeded               = "States.DataLimitExceeded"
	ErrExceedToleratedFailureThreshold = "States.ExceedToleratedFailureThreshold"
	ErrHeartbeatTimeout                = "States.HeartbeatTimeout"
	ErrHTTPSocket                      = "States.Http.Socket"
	ErrIntrinsicFailure                = "States.IntrinsicFailure"
	ErrItemReaderFailed                = "States.ItemReaderFailed"
	ErrNoChoiceMatched                 = "States.NoChoiceMatched"
	ErrParameterPathFailure            = "States.ParameterPathFailure"
	ErrPermissions                     = "States.Permissions"
	ErrQueryEvaluationError            = "States.QueryEvaluationError"
	ErrReferencePathConflict           = "States.ReferencePathConflict"
	ErrResultPathMatchFailure          = "States.ResultPathMatchFailure"
	ErrResultWriterFailed              = "States.ResultWriterFailed"
	ErrRuntime                         = "States.Runtime"
	ErrTaskFailed                      = "States.TaskFailed"
	ErrTimeout                         = "States.Timeout"
)

// EvalError is a failure of an expression, template, path or choice while an
// execution runs. Cause lacks the words about state and event in front; interp
// knows those and adds them.
type EvalError struct {
	Name, Cause string
	// Location is the field of a JSONata expression, slash-joined ("Output/a/b[0]"),
	// as EvaluationFailed tells it; "" of JSONPath and where AWS gives none.
	Location string
}

// Error gives "name: cause".
func (e *EvalError) Error() string { return e.Name + ": " + e.Cause }

func runtimeError(cause string) *EvalError { return &EvalError{Name: ErrRuntime, Cause: cause} }

// Uncatchable says that no retrier or catcher ever takes the name, whatever its
// ErrorEquals: States.Runtime alone.
func Uncatchable(name string) bool { return name == ErrRuntime }

// Matches says whether the ErrorEquals of a retrier or catcher takes an error.
// States.ALL takes all but States.Runtime and States.DataLimitExceeded;
// States.TaskFailed all but those and States.Timeout; States.Timeout takes
// States.HeartbeatTimeout too.
func Matches(errorEquals []string, name string) bool {
	if Uncatchable(name) {
		return false
	}
	for _, want := range errorEquals {
		switch want {
		case name:
			return true
		case ErrAll:
			if name != ErrDataLimitExceeded {
				return true
			}
		case ErrTaskFailed:
			if name != ErrDataLimitExceeded && name != ErrTimeout && name != ErrHeartbeatTimeout {
				return true
			}
		case ErrTimeout:
			if name == ErrHeartbeatTimeout {
				return true
			}
		}
	}
	return false
}
