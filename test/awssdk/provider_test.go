package awssdk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go/middleware"
)

// block is a resource aws_sfn_state_machine as a configuration has it. What a
// configuration leaves out (logging, tracing) is not compared, as in the provider.
type block struct {
	name, role, definition string
	kind                   types.StateMachineType
	publish                bool
	logging                *types.LoggingConfiguration
	tracing                *types.TracingConfiguration
	tags                   map[string]string
}

// state is what a read of the resource gives.
type state struct {
	block
	arn, revision, status, version string
}

// provider makes the calls that Terraform's provider makes, in its order, and keeps
// their names.
type provider struct {
	t     *testing.T
	c     *sfn.Client
	calls []string
}

func newProvider(t *testing.T) *provider {
	p := &provider{t: t}
	o := client(t).Options()
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("calls",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				p.calls = append(p.calls, awsmiddleware.GetOperationName(ctx))
				return next.HandleInitialize(ctx, in)
			}), middleware.After)
	})
	p.c = sfn.New(o)
	return p
}

// took gives the calls since the last time; one after another of the same action is one.
func (p *provider) took() []string {
	calls := slices.Compact(p.calls)
	p.calls = nil
	return calls
}

// plan names what a plan would change, as the provider compares; a plan of a definition
// that is not what stands has it validated.
func (p *provider) plan(want block, now *state) (diff []string) {
	p.t.Helper()
	if now == nil || !sameJSON(want.definition, now.definition) {
		out, err := p.c.ValidateStateMachineDefinition(p.t.Context(), &sfn.ValidateStateMachineDefinitionInput{
			Definition: aws.String(want.definition), Type: want.kind})
		if err != nil {
			p.t.Fatal(err)
		}
		if out.Result != types.ValidateStateMachineDefinitionResultCodeOk {
			p.t.Fatalf("the plan stops: %+v", out.Diagnostics)
		}
	}
	if now == nil {
		return []string{"create"}
	}
	for _, one := range []struct {
		field string
		same  bool
	}{
		{"definition", sameJSON(want.definition, now.definition)},
		{"role_arn", want.role == now.role},
		{"name", want.name == now.name},
		{"type", want.kind == now.kind},
		{"publish", want.publish == now.publish},
		{"tags", maps.Equal(want.tags, now.tags)},
		{"tracing", want.tracing == nil || now.tracing != nil && want.tracing.Enabled == now.tracing.Enabled},
		{"logging", want.logging == nil || sameLogging(want.logging, now.logging)},
	} {
		if !one.same {
			diff = append(diff, one.field)
		}
	}
	return diff
}

func sameLogging(a, b *types.LoggingConfiguration) bool {
	group := func(l *types.LoggingConfiguration) (out []string) {
		for _, d := range l.Destinations {
			out = append(out, aws.ToString(d.CloudWatchLogsLogGroup.LogGroupArn))
		}
		return out
	}
	return b != nil && a.Level == b.Level && a.IncludeExecutionData == b.IncludeExecutionData && slices.Equal(group(a), group(b))
}

// create retries while a state machine of the name is being deleted.
func (p *provider) create(b block) *state {
	p.t.Helper()
	in := &sfn.CreateStateMachineInput{Name: aws.String(b.name), RoleArn: aws.String(b.role), Definition: aws.String(b.definition),
		Type: b.kind, Publish: b.publish, LoggingConfiguration: b.logging, TracingConfiguration: b.tracing, Tags: tagList(b.tags)}
	arn := ""
	until(p.t, "the state machine is created", func() bool {
		out, err := p.c.CreateStateMachine(p.t.Context(), in)
		var deleting *types.StateMachineDeleting
		if errors.As(err, &deleting) {
			return false
		}
		if err != nil {
			p.t.Fatal(err)
		}
		arn = *out.StateMachineArn
		return true
	})
	return p.read(arn, b.publish)
}

// read gives nil where the state machine is not there any more. publish is in no answer;
// the provider keeps what the configuration had.
func (p *provider) read(arn string, publish bool) *state {
	p.t.Helper()
	d, err := p.c.DescribeStateMachine(p.t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(arn)})
	var gone *types.StateMachineDoesNotExist
	if errors.As(err, &gone) {
		return nil
	}
	if err != nil {
		p.t.Fatal(err)
	}
	versions, err := p.c.ListStateMachineVersions(p.t.Context(), &sfn.ListStateMachineVersionsInput{StateMachineArn: aws.String(arn)})
	if err != nil {
		p.t.Fatal(err)
	}
	s := &state{arn: arn, revision: aws.ToString(d.RevisionId), status: string(d.Status), block: block{name: *d.Name, role: *d.RoleArn,
		definition: *d.Definition, kind: d.Type, publish: publish, logging: d.LoggingConfiguration, tracing: d.TracingConfiguration, tags: p.tags(arn)}}
	if len(versions.StateMachineVersions) > 0 {
		s.version = *versions.StateMachineVersions[0].StateMachineVersionArn
	}
	return s
}

func (p *provider) tags(arn string) map[string]string {
	p.t.Helper()
	out, err := p.c.ListTagsForResource(p.t.Context(), &sfn.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
	if err != nil {
		p.t.Fatal(err)
	}
	var tags map[string]string
	for _, tag := range out.Tags {
		if tags == nil {
			tags = map[string]string{}
		}
		tags[*tag.Key] = aws.ToString(tag.Value)
	}
	return tags
}

func tagList(tags map[string]string) (out []types.Tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return out
}

// update sends definition and role always, the rest where it differs, then asks until
// all of it is there; tags have calls of their own.
func (p *provider) update(now *state, want block) *state {
	p.t.Helper()
	var other []string
	for _, field := range p.plan(want, now) {
		if field != "tags" {
			other = append(other, field)
		}
	}
	if len(other) > 0 {
		in := &sfn.UpdateStateMachineInput{StateMachineArn: aws.String(now.arn), Definition: aws.String(want.definition),
			RoleArn: aws.String(want.role), Publish: want.publish}
		if slices.Contains(other, "logging") {
			in.LoggingConfiguration = want.logging
		}
		if slices.Contains(other, "tracing") {
			in.TracingConfiguration = want.tracing
		}
		if _, err := p.c.UpdateStateMachine(p.t.Context(), in); err != nil {
			p.t.Fatal(err)
		}
		until(p.t, "the update is there", func() bool {
			d, err := p.c.DescribeStateMachine(p.t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(now.arn)})
			if err != nil {
				p.t.Fatal(err)
			}
			return sameJSON(*d.Definition, want.definition) && *d.RoleArn == want.role &&
				(want.tracing == nil || d.TracingConfiguration.Enabled == want.tracing.Enabled) &&
				(want.logging == nil || sameLogging(want.logging, d.LoggingConfiguration))
		})
	}
	p.retag(now.arn, now.tags, want.tags)
	return p.read(now.arn, want.publish)
}

func (p *provider) retag(arn string, now, want map[string]string) {
	p.t.Helper()
	var removed []string
	for key := range now {
		if _, ok := want[key]; !ok {
			removed = append(removed, key)
		}
	}
	added := maps.Clone(want)
	maps.DeleteFunc(added, func(key, value string) bool { old, ok := now[key]; return ok && old == value })
	if len(removed) > 0 {
		if _, err := p.c.UntagResource(p.t.Context(), &sfn.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: removed}); err != nil {
			p.t.Fatal(err)
		}
	}
	if len(added) > 0 {
		if _, err := p.c.TagResource(p.t.Context(), &sfn.TagResourceInput{ResourceArn: aws.String(arn), Tags: tagList(added)}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// destroy waits until the state machine is not there any more; any other status than
// these two on the way is a fault. seen is called after each answer.
func (p *provider) destroy(arn string, seen func(status types.StateMachineStatus)) {
	p.t.Helper()
	if _, err := p.c.DeleteStateMachine(p.t.Context(), &sfn.DeleteStateMachineInput{StateMachineArn: aws.String(arn)}); err != nil {
		p.t.Fatal(err)
	}
	until(p.t, "the state machine is gone", func() bool {
		d, err := p.c.DescribeStateMachine(p.t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(arn)})
		var gone *types.StateMachineDoesNotExist
		if errors.As(err, &gone) {
			return true
		}
		if err != nil {
			p.t.Fatal(err)
		}
		if d.Status != types.StateMachineStatusActive && d.Status != types.StateMachineStatusDeleting {
			p.t.Fatal(fmt.Errorf("unexpected state %s", d.Status))
		}
		if seen != nil {
			seen(d.Status)
		}
		return false
	})
}
