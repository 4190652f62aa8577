package audit

import (
	"context"
	"testing"
	"time"
)

// swallow is a Store that keeps nothing.
type swallow struct{ space }

func (*swallow) Write([]Pair) error { return nil }

// TestAppendAllocations: a record of a start costs a few allocations, one group's
// pairs and text among them.
func TestAppendAllocations(t *testing.T) {
	l, err := Open(&swallow{}, func() time.Time { return time.UnixMilli(1) })
	if err != nil {
		t.Fatal(err)
	}
	e := Entry{Actor: "user:ada", Via: "aws", Action: "states:StartExecution", Decision: Allowed,
		Resource: "arn:aws:states:us-east-1:111111111111:execution:orders:n-1", After: Digest([]byte("{}"))}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := l.Append(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}); n > 8 {
		t.Errorf("%v allocations, want at most 8", n)
	}
}
