package app

import (
	"context"
	"time"

	"stile/internal/audit"
	"stile/internal/task"
	"stile/internal/teststate"
)

// auditedTests tests single states; a test that called something is recorded before
// it is answered.
type auditedTests struct {
	*teststate.Tester
	audit *auditor
}

// tester tests states without a mock through the same runner as the engine's.
func (s *server) tester(tasks *task.Runner) auditedTests {
	return auditedTests{teststate.New(teststate.Config{Calls: tasks, Account: s.opts.Account, Region: s.opts.Region,
		Now: time.Now, NewID: newGUID}), s.audit}
}

// Test runs one test.
func (t auditedTests) Test(ctx context.Context, r teststate.Request) (teststate.Result, error) {
	res, err := t.Tester.Test(ctx, r)
	if err == nil && res.Called != "" {
		err = t.audit.record(ctx, "aws", audit.Entry{Action: "states:TestState", Resource: res.Called, Verdict: roleMember(r.RoleARN),
			After: audit.Digest([]byte(r.Definition))})
	}
	return res, err
}
