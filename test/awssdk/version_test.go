package awssdk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// update gives a state machine another definition and publishes that.
func update(t *testing.T, c *sfn.Client, arn, definition string) string {
	t.Helper()
	u, err := c.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: aws.String(arn), Definition: aws.String(definition),
		Publish: true, VersionDescription: aws.String("updated")})
	if err != nil {
		t.Fatal(err)
	}
	return *u.StateMachineVersionArn
}

func routes(arns ...string) (out []types.RoutingConfigurationListItem) {
	for _, arn := range arns {
		out = append(out, types.RoutingConfigurationListItem{StateMachineVersionArn: aws.String(arn), Weight: int32(100 / len(arns))})
	}
	return out
}

func alias(t *testing.T, c *sfn.Client, name string, arns ...string) string {
	t.Helper()
	a, err := c.CreateStateMachineAlias(t.Context(), &sfn.CreateStateMachineAliasInput{Name: aws.String(name), RoutingConfiguration: routes(arns...)})
	if err != nil {
		t.Fatal(err)
	}
	return *a.StateMachineAliasArn
}

func TestVersions(t *testing.T) {
	c := client(t)
	arn := machine(t, c, "versions", passes)
	one, err := c.PublishStateMachineVersion(t.Context(), &sfn.PublishStateMachineVersionInput{StateMachineArn: aws.String(arn),
		RevisionId: aws.String("INITIAL"), Description: aws.String("the first")})
	if err != nil || *one.StateMachineVersionArn != arn+":1" || one.CreationDate == nil {
		t.Fatalf("%+v, %v", one, err)
	}
	d, err := c.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: one.StateMachineVersionArn})
	if err != nil || *d.Description != "the first" || *d.StateMachineArn != arn+":1" || *d.Definition != passes {
		t.Errorf("%+v, %v", d, err)
	}
	want := []string{update(t, c, arn, waits), update(t, c, arn, passes2), arn + ":1"}
	slices.Sort(want)
	slices.Reverse(want)
	_, err = c.PublishStateMachineVersion(t.Context(), &sfn.PublishStateMachineVersionInput{StateMachineArn: aws.String(arn), RevisionId: aws.String("INITIAL")})
	var conflict *types.ConflictException
	if !errors.As(err, &conflict) || !strings.HasPrefix(conflict.ErrorMessage(), "Failed to publish the State Machine version for revision INITIAL.") {
		t.Errorf("%v", err)
	}
	var got []string
	in := &sfn.ListStateMachineVersionsInput{StateMachineArn: aws.String(arn), MaxResults: 2}
	for first := true; first || in.NextToken != nil; first = false {
		out, err := c.ListStateMachineVersions(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range out.StateMachineVersions {
			got = append(got, *v.StateMachineVersionArn)
		}
		in.NextToken = out.NextToken
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	for i, definition := range []string{passes, passes2} {
		by := fmt.Sprint(arn, ":", 1+2*i)
		x := finished(t, c, start(t, c, by, "", "{}"))
		if *x.Output != map[string]string{passes: `{"ok":true}`, passes2: `{"ok":false}`}[definition] || *x.StateMachineVersionArn != by || *x.StateMachineArn != arn {
			t.Errorf("by %s: %+v", by, x)
		}
		list, err := c.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(by)})
		if err != nil || len(list.Executions) != 1 || *list.Executions[0].StateMachineVersionArn != by {
			t.Errorf("listed by %s: %+v, %v", by, list, err)
		}
		events, _ := history(t, c, *x.ExecutionArn, 10)
		if got := events[0].ExecutionStartedEventDetails.StateMachineVersionArn; got == nil || *got != by {
			t.Errorf("history of %s: %v", by, got)
		}
	}
	for range 2 {
		if _, err := c.DeleteStateMachineVersion(t.Context(), &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: aws.String(arn + ":2")}); err != nil {
			t.Error(err)
		}
	}
	_, err = c.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(arn + ":2")})
	refused[*types.StateMachineDoesNotExist](t, err, "State Machine Does Not Exist: '"+arn+":2'")
	_, err = c.PublishStateMachineVersion(t.Context(), &sfn.PublishStateMachineVersionInput{StateMachineArn: aws.String(arn + "-not")})
	refused[*types.StateMachineDoesNotExist](t, err, "State Machine Does Not Exist: '"+arn+"-not'")
	_, err = c.PublishStateMachineVersion(t.Context(), &sfn.PublishStateMachineVersionInput{StateMachineArn: aws.String("no_arn")})
	refused[*types.InvalidArn](t, err, "Invalid Arn: 'Invalid ARN prefix: no_arn'")
	_, err = c.ListStateMachineVersions(t.Context(), &sfn.ListStateMachineVersionsInput{StateMachineArn: aws.String(arn), NextToken: aws.String("nonsense")})
	refused[*types.InvalidToken](t, err, "Invalid Token: 'Invalid token'")
}

func TestAliases(t *testing.T) {
	c := client(t)
	arn := machine(t, c, "aliases", passes)
	versions := []string{update(t, c, arn, passes+" "), update(t, c, arn, passes2)}
	a := alias(t, c, "PROD", versions...)
	alias(t, c, "TEST", versions[1])
	if again := alias(t, c, "PROD", versions...); again != a || a != arn+":PROD" {
		t.Errorf("%s, then %s", a, again)
	}
	seen := map[string]bool{}
	until(t, "the alias has chosen both versions", func() bool {
		x := finished(t, c, start(t, c, a, "", "{}"))
		if *x.StateMachineAliasArn != a || !slices.Contains(versions, *x.StateMachineVersionArn) {
			t.Fatalf("%+v", x)
		}
		seen[*x.StateMachineVersionArn] = true
		return len(seen) == 2
	})
	u, err := c.UpdateStateMachineAlias(t.Context(), &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: aws.String(a),
		Description: aws.String("live"), RoutingConfiguration: routes(versions[0])})
	if err != nil || u.UpdateDate == nil {
		t.Errorf("%+v, %v", u, err)
	}
	d, err := c.DescribeStateMachineAlias(t.Context(), &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: aws.String(a)})
	if err != nil || *d.Name != "PROD" || *d.Description != "live" || len(d.RoutingConfiguration) != 1 || d.RoutingConfiguration[0].Weight != 100 ||
		*d.RoutingConfiguration[0].StateMachineVersionArn != versions[0] || d.CreationDate == nil || d.UpdateDate == nil {
		t.Errorf("%+v, %v", d, err)
	}
	var got []string
	in := &sfn.ListStateMachineAliasesInput{StateMachineArn: aws.String(arn), MaxResults: 1}
	for first := true; first || in.NextToken != nil; first = false {
		out, err := c.ListStateMachineAliases(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range out.StateMachineAliases {
			got = append(got, *l.StateMachineAliasArn)
		}
		in.NextToken = out.NextToken
	}
	if !slices.Equal(got, []string{a, arn + ":TEST"}) {
		t.Errorf("listed %v", got)
	}
	refusedAliases(t, c, arn, versions)
	for range 2 {
		if _, err := c.DeleteStateMachineAlias(t.Context(), &sfn.DeleteStateMachineAliasInput{StateMachineAliasArn: aws.String(a)}); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.DeleteStateMachineVersion(t.Context(), &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: aws.String(versions[0])}); err != nil {
		t.Error(err)
	}
}

// refusedAliases provokes the modelled errors; PROD routes to the first version.
func refusedAliases(t *testing.T, c *sfn.Client, arn string, versions []string) {
	t.Helper()
	create := func(name string, r []types.RoutingConfigurationListItem) error {
		_, err := c.CreateStateMachineAlias(t.Context(), &sfn.CreateStateMachineAliasInput{Name: aws.String(name), RoutingConfiguration: r})
		return err
	}
	refused[*types.ConflictException](t, create("PROD", routes(versions[1])),
		"Failed to create alias because an alias with the same name and a different routing configuration already exists.")
	half := routes(versions...)
	half[0].Weight = 49
	err := create("X", half)
	refused[*types.ValidationException](t, err, "Sum of routing configuration weights must equal 100. Received: [49, 50]")
	var invalid *types.ValidationException
	if errors.As(err, &invalid) && invalid.Reason != types.ValidationExceptionReasonInvalidRoutingConfiguration {
		t.Errorf("the reason is %s", invalid.Reason)
	}
	refused[*types.ResourceNotFound](t, create("X", routes(arn+":99")), "Request references a resource that does not exist.")
	_, err = c.DescribeStateMachineAlias(t.Context(), &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: aws.String(arn + ":NONE")})
	refused[*types.ResourceNotFound](t, err, "Request references a resource that does not exist.")
	_, err = c.UpdateStateMachineAlias(t.Context(), &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: aws.String(arn + ":PROD")})
	refused[*types.ValidationException](t, err, "Either the description or the RoutingConfiguration must be specified")
	_, err = c.ListStateMachineAliases(t.Context(), &sfn.ListStateMachineAliasesInput{StateMachineArn: aws.String(arn + "-not")})
	refused[*types.StateMachineDoesNotExist](t, err, "State Machine Does Not Exist: '"+arn+"-not'")
	_, err = c.DeleteStateMachineVersion(t.Context(), &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: aws.String(versions[0])})
	refused[*types.ConflictException](t, err, "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [PROD]")
}

// TestQuotaOfAliases: the hundred-and-first is refused.
func TestQuotaOfAliases(t *testing.T) {
	c := client(t)
	arn := machine(t, c, "quota", passes)
	version := update(t, c, arn, passes2)
	for i := range 100 {
		alias(t, c, fmt.Sprint("a", i), version)
	}
	_, err := c.CreateStateMachineAlias(t.Context(), &sfn.CreateStateMachineAliasInput{Name: aws.String("one-more"), RoutingConfiguration: routes(version)})
	var quota *types.ServiceQuotaExceededException
	if !errors.As(err, &quota) {
		t.Errorf("%v", err)
	}
}

func TestTags(t *testing.T) {
	c := client(t)
	arn := machine(t, c, "tags", passes)
	tag := func(key, value string) types.Tag { return types.Tag{Key: aws.String(key), Value: aws.String(value)} }
	if _, err := c.TagResource(t.Context(), &sfn.TagResourceInput{ResourceArn: aws.String(arn), Tags: []types.Tag{tag("a", "1"), tag("b", "")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UntagResource(t.Context(), &sfn.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	out, err := c.ListTagsForResource(t.Context(), &sfn.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
	if err != nil || len(out.Tags) != 1 || *out.Tags[0].Key != "b" || *out.Tags[0].Value != "" {
		t.Errorf("%+v, %v", out, err)
	}
	var many []types.Tag
	for i := range 50 {
		many = append(many, tag(fmt.Sprint("k", i), "v"))
	}
	_, err = c.TagResource(t.Context(), &sfn.TagResourceInput{ResourceArn: aws.String(arn), Tags: many})
	var tooMany *types.TooManyTags
	if !errors.As(err, &tooMany) {
		t.Errorf("%v", err)
	}
	_, err = c.TagResource(t.Context(), &sfn.TagResourceInput{ResourceArn: aws.String(arn + ":1"), Tags: many})
	refused[*types.ResourceNotFound](t, err, "Resource not found: '"+arn+":1'")
	_, err = c.ListTagsForResource(t.Context(), &sfn.ListTagsForResourceInput{ResourceArn: aws.String("no_arn")})
	refused[*types.InvalidArn](t, err, "Invalid Arn: 'Invalid ARN prefix: no_arn'")
}
