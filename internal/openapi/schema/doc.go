// Package schema checks JSON values against the schemas of API descriptions: JSON
// Schema 2020-12 as OpenAPI 3.1 has it, and the dialects of OpenAPI 2.0 and 3.0
// (exclusive bounds that are true or false, nullable, references without
// neighbours).
//
// It fetches nothing: a reference leads into its own document. It is not the
// reader of descriptions (package openapi) and decides nothing about requests
// (internal/policies does). A Compiler makes Schemas of a document's nodes when it
// is loaded; requests validate against them.
//
// Invariants: a Schema never changes once its Compiler is done, and is shared
// between goroutines; a validation ends within its budget of steps, whatever the
// schema and the value are, and tells the same violations in the same order each
// time; numbers are compared as decimals, so that none is rounded, and one whose
// exponent is out of reason costs nothing.
package schema
