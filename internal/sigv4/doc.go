// Package sigv4 verifies requests that are signed by AWS's Signature Version 4,
// in the Authorization header or in the query (presigned), and signs those of the
// command line.
//
// It knows no service and reads no body: whoever holds the body gives its hash.
// internal/app stands it before the Step Functions API; what is
// behind may ask FromContext who calls.
//
// Verify is pure: the clock, the keys and the options are arguments. What it
// follows: AWS's General Reference, "Signature Version 4 signing process", for
// services other than S3 (a path is encoded once more, a body is always hashed);
// the codes and texts of its errors are those that AWS's services answer.
//
// Invariants: a refusal is an *Error and never holds a secret or a received
// Authorization value; what the caller may not change unseen (host, date, every
// x-amz-* header) must be signed; signatures and tokens are compared in constant
// time; a key without a session token takes no request that carries one.
package sigv4
