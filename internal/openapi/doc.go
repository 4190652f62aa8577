// Package openapi reads API descriptions (OpenAPI 2.0, 3.0 and 3.1, as JSON or
// YAML) into operations with their parameters, bodies and responses, normalised as
// Azure API Management does when it imports them. Below it: schema checks values,
// sample makes up values, verify checks requests and responses.
//
// It is not a router (gateway is) and serves nothing: files calls Read for each
// API, and the policies that validate and mock read what it gives, which an
// exchange.Operation carries as its Contract.
//
// Invariants: Read reports every fault with its place and never panics, on any
// text; references are followed inside the document alone, each once; a Document
// never changes, and holds the text that it was read from byte for byte; what
// API Management ignores (security, callbacks, links, cookies, servers of paths and
// operations) is in that text and nowhere else.
package openapi
