package awssdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// activity creates an activity that is deleted when the test ends.
func activity(t *testing.T, c *sfn.Client, name string) string {
	t.Helper()
	out, err := c.CreateActivity(t.Context(), &sfn.CreateActivityInput{Name: aws.String(name + "-" + runID),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("west")}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.DeleteActivity(context.Background(), &sfn.DeleteActivityInput{ActivityArn: out.ActivityArn}); err != nil {
			t.Error(err)
		}
	})
	return *out.ActivityArn
}

// TestWorkers: three workers with the loop that AWS's guide gives them carry out the
// items of a Map, each once; a bad one is reported and caught.
func TestWorkers(t *testing.T) {
	c := client(t)
	a := activity(t, c, "double")
	m := machine(t, c, "doubles", `{"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"Double","States":{
	 "Double":{"Type":"Task","Resource":"`+a+`","TimeoutSeconds":60,"HeartbeatSeconds":30,"End":true,
	  "Catch":[{"ErrorEquals":["Odd"],"ResultPath":"$","Next":"No"}]},
	 "No":{"Type":"Pass","OutputPath":"$.Cause","End":true}}}}}}`)
	arn := start(t, c, m, "", `[1,2,3,4,5,6,7,8,9,10,11,12,13]`)
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	given := make(chan string, 100)
	for n := range 3 {
		workers.Go(func() {
			for ctx.Err() == nil {
				task, err := c.GetActivityTask(ctx, &sfn.GetActivityTaskInput{ActivityArn: aws.String(a), WorkerName: aws.String(fmt.Sprint("worker-", n))})
				if err != nil {
					if ctx.Err() == nil {
						t.Error(err)
					}
					return
				}
				if task.TaskToken == nil {
					continue
				}
				given <- *task.Input
				answer(t, c, task)
			}
		})
	}
	x := finished(t, c, arn)
	stop()
	workers.Wait()
	if want := `[2,4,6,8,10,12,14,16,18,20,22,24,"unlucky"]`; x.Status != types.ExecutionStatusSucceeded || !sameJSON(aws.ToString(x.Output), want) {
		t.Errorf("%s %s %s", x.Status, aws.ToString(x.Output), aws.ToString(x.Cause))
	}
	close(given)
	seen := map[string]int{}
	for input := range given {
		seen[input]++
	}
	for input, n := range seen {
		if n != 1 {
			t.Errorf("item %s was given %d times", input, n)
		}
	}
	if len(seen) != 13 {
		t.Errorf("%d items were given", len(seen))
	}
	events, _ := history(t, c, arn, 1000)
	named := 0
	for _, e := range events {
		if d := e.ActivityStartedEventDetails; d != nil && strings.HasPrefix(aws.ToString(d.WorkerName), "worker-") {
			named++
		}
	}
	if named != 13 {
		t.Errorf("%d events name a worker", named)
	}
}

// answer is what a worker does with its task.
func answer(t *testing.T, c *sfn.Client, task *sfn.GetActivityTaskOutput) {
	var n int
	if err := json.Unmarshal([]byte(*task.Input), &n); err != nil {
		t.Error(err)
		return
	}
	_, err := c.SendTaskHeartbeat(context.Background(), &sfn.SendTaskHeartbeatInput{TaskToken: task.TaskToken})
	if err == nil && n == 13 {
		_, err = c.SendTaskFailure(context.Background(), &sfn.SendTaskFailureInput{TaskToken: task.TaskToken, Error: aws.String("Odd"), Cause: aws.String("unlucky")})
	} else if err == nil {
		_, err = c.SendTaskSuccess(context.Background(), &sfn.SendTaskSuccessInput{TaskToken: task.TaskToken, Output: aws.String(fmt.Sprint(2 * n))})
	}
	if err != nil {
		t.Error(err)
	}
}

// TestActivities: what is shown of them, page by page, and what is refused.
func TestActivities(t *testing.T) {
	c := client(t)
	names := map[string]bool{}
	for i := range 3 {
		names[activity(t, c, fmt.Sprint("listed-", i))] = true
	}
	pages := 0
	p := sfn.NewListActivitiesPaginator(c, &sfn.ListActivitiesInput{MaxResults: 1})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, a := range out.Activities {
			delete(names, *a.ActivityArn)
		}
	}
	if pages < 3 || len(names) > 0 {
		t.Errorf("%d pages, not listed: %v", pages, names)
	}
	arn := activity(t, c, "shown")
	got, err := c.DescribeActivity(t.Context(), &sfn.DescribeActivityInput{ActivityArn: aws.String(arn)})
	if err != nil || *got.Name != "shown-"+runID || got.EncryptionConfiguration.Type != types.EncryptionTypeAwsOwnedKey || got.CreationDate.IsZero() {
		t.Errorf("%+v %v", got, err)
	}
	again := activity(t, c, "shown")
	if again != arn {
		t.Errorf("created twice: %s", again)
	}
	tags, err := c.ListTagsForResource(t.Context(), &sfn.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "west" {
		t.Errorf("%+v %v", tags, err)
	}
	none := strings.Replace(arn, "shown", "none", 1)
	_, err = c.DescribeActivity(t.Context(), &sfn.DescribeActivityInput{ActivityArn: aws.String(none)})
	refused[*types.ActivityDoesNotExist](t, err, "Activity Does Not Exist: '"+none+"'")
	_, err = c.GetActivityTask(t.Context(), &sfn.GetActivityTaskInput{ActivityArn: aws.String(none)})
	refused[*types.ActivityDoesNotExist](t, err, "Activity Does Not Exist: '"+none+"'")
	_, err = c.CreateActivity(t.Context(), &sfn.CreateActivityInput{Name: aws.String("a b")})
	refused[*types.InvalidName](t, err, "Invalid Name: 'a b'")
	_, err = c.CreateActivity(t.Context(), &sfn.CreateActivityInput{Name: aws.String("sealed"),
		EncryptionConfiguration: &types.EncryptionConfiguration{Type: types.EncryptionTypeCustomerManagedKmsKey, KmsKeyId: aws.String("k")}})
	var sealed *types.InvalidEncryptionConfiguration
	if !errors.As(err, &sealed) {
		t.Errorf("a key of the customer's: %v", err)
	}
	var many []types.Tag
	for i := range 51 {
		many = append(many, types.Tag{Key: aws.String(fmt.Sprint("k", i))})
	}
	_, err = c.TagResource(t.Context(), &sfn.TagResourceInput{ResourceArn: aws.String(arn), Tags: many})
	var tooMany *types.TooManyTags
	if !errors.As(err, &tooMany) {
		t.Errorf("51 tags: %v", err)
	}
	if _, err := c.UntagResource(t.Context(), &sfn.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: []string{"team"}}); err != nil {
		t.Error(err)
	}
}
