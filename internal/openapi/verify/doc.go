// Package verify holds requests and responses against an operation's description,
// and says what is wrong in the words of Azure API Management's validation errors.
//
// It reads no exchange and decides nothing: the validating policies of
// internal/policies give it texts and an action for each thing, and refuse or note
// what comes back.
//
// Invariants: errors come in an order that depends on description and message alone;
// after the first thing whose action is prevent and that is wrong nothing more is
// looked at; a client is told of its own request, never of a response.
package verify

import (
	"fmt"
	"strconv"

	"stile/internal/openapi/schema"
)

// The actions.
const (
	Ignore  = "ignore"
	Prevent = "prevent"
	Detect  = "detect"
)

// Error is one validation error, as API Management writes it into a variable.
type Error struct {
	Name, Type, ValidationRule, Details, Action string
	// Public is what a client is told.
	Public string
}

// The rules of errors.
const (
	ruleSize         = "SizeLimit"
	ruleUnspecified  = "Unspecified"
	ruleRequired     = "Required" // ours: the documentation names no rule for it
	ruleIncorrect    = "IncorrectMessage"
	ruleException    = "ValidationException"
	ruleErrorOfParam = "ValidationError"
)

// internal is what clients are told of what is no fault of theirs.
const internal = "The request could not be processed due to an internal error. Contact the API owner."

// Side says whose message is checked.
type Side bool

// The sides.
const (
	Request  Side = false
	Response Side = true
)

func (s Side) body() string {
	if s == Response {
		return "ResponseBody"
	}
	return "RequestBody"
}

func (s Side) word() string {
	if s == Response {
		return "response"
	}
	return "request"
}

// public gives what a client is told of an error in a message of this side.
func (s Side) public(text string) string {
	if s == Response {
		return internal
	}
	return text
}

// NoDescription is the error of an operation that has no description.
func NoDescription(action string) Error {
	return Error{Type: "ApiSchema", Details: "API's schema does not exist or it could not be resolved.", Action: action, Public: internal}
}

// TooLarge is the error of a body that is longer than it may be.
func TooLarge(side Side, size, most int64, action string) Error {
	what, length := "Request's body is ", strconv.FormatInt(size, 10)+" bytes long and it exceeds the "
	if side == Response {
		what = "Response's body is "
	}
	limit := "limit of " + strconv.FormatInt(most, 10) + " bytes."
	return Error{Type: side.body(), ValidationRule: ruleSize, Details: what + length + "configured " + limit, Action: action,
		Public: side.public(what + length + limit)}
}

// UnspecifiedType is the error of a content type that the description does not have.
func UnspecifiedType(side Side, contentType, action string) Error {
	text := "Unspecified content type " + contentType + " is not allowed."
	return Error{Name: contentType, Type: side.body(), ValidationRule: ruleUnspecified, Details: text, Action: action, Public: side.public(text)}
}

// UnspecifiedStatus is the error of a status code that the description does not have.
func UnspecifiedStatus(status int, action string) Error {
	code := strconv.Itoa(status)
	return Error{Name: code, Type: "StatusCode", ValidationRule: ruleUnspecified, Action: action,
		Details: "Response status code " + code + " is not allowed.", Public: internal}
}

// Unreadable is the error of a body that cannot be validated, as one in an unknown
// encoding.
func Unreadable(side Side, contentType, reason, action string) Error {
	return Error{Type: side.body(), ValidationRule: ruleException, Action: action, Public: internal,
		Details: fmt.Sprintf("Body of the %s cannot be validated for the content type %s. %s", side.word(), contentType, reason)}
}

// Missing is the error of a body that is empty and may not be.
func Missing(contentType, action string) Error {
	text := "Body of the request is required and is empty."
	return Error{Name: contentType, Type: Request.body(), ValidationRule: ruleRequired, Details: text, Action: action, Public: text}
}

// JSON checks a body against a schema; definition is the schema's name.
func JSON(side Side, contentType, definition string, s *schema.Schema, body []byte, o schema.Options, action string) (out []Error) {
	head := "Body of the " + side.word() + " does not conform to the definition "
	if definition != "" {
		head += definition + ", "
	}
	head += "which is associated with the content type " + contentType + ". "
	incorrect := func(text string) {
		out = append(out, Error{Name: contentType, Type: side.body(), ValidationRule: ruleIncorrect, Details: head + text, Action: action,
			Public: side.public(head + text)})
	}
	v, err := schema.Parse(body)
	if err != nil {
		incorrect(err.Error())
		return out
	}
	o.Text = body
	list, err := s.Validate(v, o)
	if err != nil {
		return []Error{Unreadable(side, contentType, err.Error(), action)}
	}
	for _, violation := range list {
		incorrect(violation.String())
	}
	return out
}
