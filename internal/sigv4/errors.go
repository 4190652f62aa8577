package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
)

// Error codes, as AWS's JSON services name them. All are answered with status 400.
const (
	CodeMissing        = "MissingAuthenticationTokenException"
	CodeIncomplete     = "IncompleteSignatureException"
	CodeInvalid        = "InvalidSignatureException"
	CodeUnrecognized   = "UnrecognizedClientException"
	CodeMalformedQuery = "MalformedQueryString"
)

// Error is a refusal: AWS's code and text.
type Error struct{ Code, Message string }

// Error gives code and text.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func incomplete(message string) *Error     { return &Error{CodeIncomplete, message} }
func invalid(message string) *Error        { return &Error{CodeInvalid, message} }
func malformedQuery(message string) *Error { return &Error{CodeMalformedQuery, message} }

func missing() *Error { return &Error{CodeMissing, "Missing Authentication Token"} }

func unrecognized() *Error {
	return &Error{CodeUnrecognized, "The security token included in the request is invalid."}
}

func mismatch() *Error {
	return invalid("The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

func notSigned(header string) *Error {
	return invalid("'" + header + "' must be a 'SignedHeader' in the AWS Authorization.")
}

// veiled stands for a received credential in a message, as AWS shows it.
func veiled(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}
