package engine

import (
	"stile/internal/sfn"
	"stile/jsonval"
)

// TestCases gives the answers of a test case of a state machine, for
// interp.Start.Mocks; its *sfn.Error says why there is none.
type TestCases func(machine, testCase string) (jsonval.Value, error)

// mocks resolves the test case that a start names: what it gives is fixed for the
// execution's whole life.
func (h *Host) mocks(machine, testCase string) (jsonval.Value, error) {
	switch {
	case testCase == "":
		return jsonval.Value{}, nil
	case h.testCases == nil:
		return jsonval.Value{}, sfn.NoTestCase(machine, testCase, "test cases of a mock file run in `stile dev` alone")
	}
	return h.testCases(machine, testCase)
}
