package sfn

import (
	"strconv"
	"strings"
	"time"
)

// InitialRevision is what PublishStateMachineVersion calls the first revision of a
// state machine, which has no id.
const InitialRevision = "INITIAL"

// What one state machine may have at most (Step Functions' quotas).
const (
	MaxVersions = 1000
	MaxAliases  = 100
	MaxTags     = 50
)

// Version is a published version as it is listed: an immutable copy of a revision.
type Version struct {
	ARN     string
	Created time.Time
}

// NewVersion is PublishStateMachineVersion's input. RevisionID, where not empty,
// must be the revision that stands.
type NewVersion struct{ StateMachineARN, RevisionID, Description string }

// Alias is a name for one or two versions of a state machine.
type Alias struct {
	ARN, Name, Description string
	Routing                []Route
	Created, Updated       time.Time
}

// Route sends Weight percent of an alias' starts to a version.
type Route struct {
	VersionARN string
	Weight     int
}

// NewAlias is CreateStateMachineAlias' input; the routes say of which state machine.
type NewAlias struct {
	Name, Description string
	Routing           []Route
}

// AliasUpdate is UpdateStateMachineAlias' input; nil keeps what is.
type AliasUpdate struct {
	Description *string
	Routing     []Route
}

// Unqualified gives the ARN of a state machine without the version or alias behind
// its name, and that qualifier, empty for none.
func Unqualified(arn string) (machine, qualifier string) {
	a, ok := ParseARN(arn)
	if !ok || a.Kind != "stateMachine" || a.Sub == "" {
		return arn, ""
	}
	qualifier, a.Sub = a.Sub, ""
	return a.String(), qualifier
}

// VersionNumber reads a qualifier as the number of a version; 0 and false for an
// alias' name and for a number that no version is spelled with.
func VersionNumber(qualifier string) (uint64, bool) {
	n, err := strconv.ParseUint(qualifier, 10, 63)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != qualifier {
		return 0, false
	}
	return n, true
}

// VersionARN names a version of a state machine.
func VersionARN(machine string, n uint64) string {
	return machine + ":" + strconv.FormatUint(n, 10)
}

// LegalAlias reports whether AWS takes a name for an alias: letters, digits and
// _ - . with one at least that is no digit. Its length is not looked at.
func LegalAlias(name string) bool {
	other := false
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9':
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '-', r == '.':
			other = true
		default:
			return false
		}
	}
	return other
}

// CheckRouting refuses a routing configuration by itself: one or two routes to
// distinct versions of one state machine, whose weights are 100 in all. machine is
// the state machine's ARN.
func CheckRouting(routes []Route) (machine string, err error) {
	arns, weights := make([]string, len(routes)), make([]string, len(routes))
	sum, versions, same := 0, true, true
	for i, r := range routes {
		arns[i], weights[i] = r.VersionARN, strconv.Itoa(r.Weight)
		sum += r.Weight
		of, qualifier := Unqualified(r.VersionARN)
		if _, ok := VersionNumber(qualifier); !ok {
			versions = false
		}
		if i == 0 {
			machine = of
		}
		same = same && of == machine
	}
	received := " Received: [" + strings.Join(arns, ", ") + "]"
	switch {
	case len(routes) == 0 || len(routes) > 2:
		return "", invalidRouting("Routing configuration must contain one or two state machine versions." + received)
	case len(routes) == 2 && arns[0] == arns[1]:
		return "", invalidRouting("Routing configuration must contain distinct state machine version ARNs." + received)
	case sum != 100:
		return "", invalidRouting("Sum of routing configuration weights must equal 100. Received: [" + strings.Join(weights, ", ") + "]")
	case !versions:
		return "", invalidRouting("Routing configuration must contain state machine version ARNs." + received)
	case !same:
		return "", invalidRouting("Routing configuration must contain versions of the same state machine." + received)
	}
	return machine, nil
}

func invalidRouting(message string) *Error {
	return &Error{Code: "ValidationException", Message: message, Reason: "INVALID_ROUTING_CONFIGURATION"}
}

// VersionInUse for a version that aliases refer to.
func VersionInUse(aliases []string) *Error {
	return &Error{Code: "ConflictException", Message: "Version to be deleted must not be referenced by an alias. " +
		"Current list of aliases referencing this version: [" + strings.Join(aliases, ", ") + "]"}
}

// OtherRevision for a version that was to be published of another revision than stands.
func OtherRevision(asked, stands string) *Error {
	return &Error{Code: "ConflictException", Message: "Failed to publish the State Machine version for revision " + asked +
		". The current State Machine revision is " + stands + "."}
}

// AliasExists for an alias whose name is taken by another one.
func AliasExists() *Error {
	return &Error{Code: "ConflictException",
		Message: "Failed to create alias because an alias with the same name and a different routing configuration already exists."}
}

// AliasDoesNotExist for an alias, or the version of a route, that is not there.
func AliasDoesNotExist() *Error {
	return &Error{Code: "ResourceNotFound", Message: "Request references a resource that does not exist."}
}

// NoTaggedResource for an ARN that names nothing with tags.
func NoTaggedResource(arn string) *Error {
	return &Error{Code: "ResourceNotFound", Message: "Resource not found: '" + arn + "'"}
}

// QuotaExceeded for a state machine that has as many of something as it may.
func QuotaExceeded(what string, most int) *Error {
	return &Error{Code: "ServiceQuotaExceededException",
		Message: "A state machine can have " + strconv.Itoa(most) + " " + what + ": delete those that are not used"}
}

// TooManyTags for a resource with more tags than it may have.
func TooManyTags() *Error {
	return &Error{Code: "TooManyTags", Message: "Too many tags: a resource can have " + strconv.Itoa(MaxTags)}
}
