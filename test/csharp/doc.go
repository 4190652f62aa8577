// Package csharp holds policy expressions against the C# compiler: mono's mcs says
// what is legal, mono runs what is, and both verdict and value are compared with
// those of policy/expr. There are three sets: the recorded expressions of real
// documents, the expressions of policy/expr/testdata/goldens, and mutants of both
// that a seeded generator makes.
//
// It needs mono and, for its context and the recorded expressions, the cases that
// lie beside the project; without either it skips and says what it lacks. What
// differs on purpose stands in known_test.go with its reason.
package csharp
