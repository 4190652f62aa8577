// Package liquid is the Liquid of API Management's set-body: templates in
// DotLiquid's spelling with C# naming, compiled once and rendered within a budget.
//
// It is not Shopify's Liquid (filters are written as the .NET methods are named,
// dates are laid out by .NET's formats, a Replace takes a regular expression) and
// has no include: a template is one text. internal/policies compiles templates
// where they stand in a policy document and gives them body and context.
//
// Where DotLiquid's versions differ, this is version 2.0's behaviour, which API
// Management has kept. Values are .NET's in the forms of policy/expr/clr, and
// *Hash, List and Object.
//
// Invariants: a Template never changes and may be shared between goroutines; the
// same template and values always give the same text, the host's clock aside; all
// faults of a template are told at once, by byte offset; rendering ends within its
// steps, memory and output, and tells when it was cut.
package liquid
