package awssdk

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// mostWorkers is how many workers may wait for one activity.
const mostWorkers = 1000

// workersBeyondTheLimit lets more workers wait for an activity than may: those beyond
// are refused, the others get nothing.
func workersBeyondTheLimit(t *testing.T, c *sfn.Client) {
	t.Helper()
	a := activity(t, c, "crowded")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	transport := &http.Transport{MaxIdleConnsPerHost: mostWorkers}
	defer transport.CloseIdleConnections()
	many := func(o *sfn.Options) { o.HTTPClient, o.RetryMaxAttempts = &http.Client{Transport: transport}, 1 }
	const beyond = 5
	answers := make(chan error, mostWorkers+beyond)
	var given atomic.Int64
	for range mostWorkers + beyond {
		go func() {
			out, err := c.GetActivityTask(ctx, &sfn.GetActivityTaskInput{ActivityArn: aws.String(a)}, many)
			if err == nil && out.TaskToken != nil {
				given.Add(1)
			}
			answers <- err
		}()
	}
	for range beyond {
		var full *types.ActivityWorkerLimitExceeded
		if err := <-answers; !errors.As(err, &full) {
			t.Errorf("one worker too many gets %v", err)
		}
	}
	stop()
	for range mostWorkers {
		if err := <-answers; !errors.Is(err, context.Canceled) {
			t.Errorf("a worker within the limit gets %v", err)
		}
	}
	if given.Load() != 0 {
		t.Errorf("%d tasks out of nothing", given.Load())
	}
}
