// Package shapes checks results that stand in for an AWS service's answer against
// the service's own model: required members, types, enums, least and greatest
// values and lengths.
//
// It is an extract of the output shapes of the service models in the AWS SDK for
// Go (models.zip, one entry a service; licence and notice beside it), written by
// the program in gen. It is not a client, calls nothing, and knows nothing of
// inputs, errors or patterns. TestState uses it for mocks.
//
// Members have the names that Step Functions gives them: in PascalCase whatever
// the model has, capitals at the beginning of a name as one word (DbInstances).
// What the model does not name is no fault: AWS lets answers grow.
//
// Invariants: a check touches nothing outside the call, works on the entry of one
// service alone, and is bounded by the size of the result.
package shapes
