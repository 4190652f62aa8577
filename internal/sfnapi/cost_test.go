package sfnapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

const (
	costMachine   = "arn:aws:states:us-east-1:111111111111:stateMachine:orders"
	costExecution = "arn:aws:states:us-east-1:111111111111:execution:orders:n-1"
	costActivity  = "arn:aws:states:us-east-1:111111111111:activity:pack"
)

// still is a host that does nothing, so that the wire alone costs.
type still struct {
	*fake
	Activities
	input jsonval.Value
}

func (still) StartExecution(context.Context, sfn.Start) (sfn.Started, error) {
	return sfn.Started{ExecutionARN: costExecution, StartDate: time.UnixMilli(1700000000123)}, nil
}

func (s still) DescribeExecution(context.Context, string) (sfn.Execution, error) {
	return sfn.Execution{ARN: costExecution, Name: "n-1", StateMachineARN: costMachine, Status: sfn.Running,
		StartDate: time.UnixMilli(1700000000123), Input: s.input}, nil
}

func (still) SendTaskSuccess(context.Context, string, jsonval.Value) error { return nil }

func (s still) GetActivityTask(context.Context, string, string) (sfn.ActivityTask, error) {
	return sfn.ActivityTask{TaskToken: strings.Repeat("t", 200), Input: s.input}, nil
}

// Both embedded ones have tags.
func (s still) TagResource(ctx context.Context, arn string, tags []sfn.Tag) error {
	return s.fake.TagResource(ctx, arn, tags)
}

func (s still) UntagResource(ctx context.Context, arn string, keys []string) error {
	return s.fake.UntagResource(ctx, arn, keys)
}

func (s still) ListTagsForResource(ctx context.Context, arn string) ([]sfn.Tag, error) {
	return s.fake.ListTagsForResource(ctx, arn)
}

// nowhere is a ResponseWriter that keeps the status alone.
type nowhere struct {
	header http.Header
	status int
}

func (a *nowhere) Header() http.Header         { return a.header }
func (a *nowhere) WriteHeader(status int)      { a.status = status }
func (a *nowhere) Write(b []byte) (int, error) { return len(b), nil }

// asked is a body that is read again and again.
type asked struct{ strings.Reader }

func (*asked) Close() error { return nil }

// costly are the requests that executions are made of, and what the wire may
// allocate for one: some more than was measured.
var costly = []struct {
	action, body string
	most         float64
}{
	{"StartExecution", `{"stateMachineArn":"` + costMachine + `","name":"n-1","input":"{\"id\":\"` + strings.Repeat("0123456789", 18) + `\"}"}`, 22},
	{"DescribeExecution", `{"executionArn":"` + costExecution + `"}`, 22},
	{"SendTaskSuccess", `{"taskToken":"` + strings.Repeat("t", 200) + `","output":"{\"ok\":true}"}`, 13},
	{"GetActivityTask", `{"activityArn":"` + costActivity + `"}`, 17},
}

// asking makes a request that each call of the function sends again.
func asking(action, body string) (send func() (status int)) {
	f := newFake()
	host := still{f, shelved(f), jsonval.MustParse(`{"id":"` + strings.Repeat("0123456789", 18) + `"}`)}
	h := New(Config{Host: host, Sync: f, Permissions: everybody{}, Activities: host, Account: "111111111111", Region: "us-east-1"})
	b, w := &asked{}, &nowhere{header: http.Header{}}
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("X-Amz-Target", targetPrefix+action)
	return func() int {
		b.Reset(body)
		r.Body, r.ContentLength = b, int64(len(body))
		h.ServeHTTP(w, r)
		return w.status
	}
}

func TestRequestAllocations(t *testing.T) {
	for _, c := range costly {
		send, status := asking(c.action, c.body), 0
		n := testing.AllocsPerRun(100, func() { status = send() })
		if status != http.StatusOK {
			t.Fatalf("%s: %d", c.action, status)
		}
		if n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.action, n, c.most)
		}
	}
}

// BenchmarkUnitRequest is what the wire costs of an action, from the body's bytes to
// the answer's, without net/http and signatures.
func BenchmarkUnitRequest(b *testing.B) {
	for _, c := range costly {
		b.Run(c.action, func(b *testing.B) {
			send := asking(c.action, c.body)
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
	}
}
