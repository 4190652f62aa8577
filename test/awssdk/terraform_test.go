package awssdk

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

var (
	reading  = []string{"DescribeStateMachine", "ListStateMachineVersions", "ListTagsForResource"}
	updating = append([]string{"ValidateStateMachineDefinition", "UpdateStateMachine"}, reading...)
)

// TestTerraformStateMachine applies one configuration after another, as the provider
// does it: each is planned, carried out and read, and a second plan shows no difference.
func TestTerraformStateMachine(t *testing.T) {
	p := newProvider(t)
	b := block{name: "tf-" + runID, role: role, kind: types.StateMachineTypeStandard,
		definition: "{\n  \"StartAt\": \"P\",\n  \"States\": {\"P\": {\"Type\": \"Pass\", \"End\": true}}\n}\n",
		tags:       map[string]string{"team": "west", "stage": "test"}}
	if diff := p.plan(b, nil); !slices.Equal(diff, []string{"create"}) {
		t.Fatalf("planned %v", diff)
	}
	now := p.create(b)
	if got, want := p.took(), append([]string{"ValidateStateMachineDefinition", "CreateStateMachine"}, reading...); !slices.Equal(got, want) {
		t.Errorf("created by %v, want %v", got, want)
	}
	if now.status != "ACTIVE" || now.version != "" || now.arn != "arn:aws:states:us-east-1:111111111111:stateMachine:"+b.name {
		t.Errorf("created as %+v", now)
	}
	group := "arn:aws:logs:us-east-1:111111111111:log-group:tf:*"
	for _, one := range []struct {
		what     string
		change   func(b *block)
		diff     []string
		calls    []string
		version  string
		revision bool // the revision changes
	}{
		{"nothing", func(*block) {}, nil, nil, "", false},
		{"the definition in other words", func(b *block) { b.definition = strings.ReplaceAll(b.definition, "\n", "") }, nil, nil, "", false},
		{"the definition", func(b *block) { b.definition = passes }, []string{"definition"}, updating, "", true},
		{"the role", func(b *block) { b.role += "-2" }, []string{"role_arn"}, slices.Clone(updating[1:]), "", true},
		{"tracing", func(b *block) { b.tracing = &types.TracingConfiguration{Enabled: true} }, []string{"tracing"}, slices.Clone(updating[1:]), "", true},
		{"logging", func(b *block) {
			b.logging = &types.LoggingConfiguration{Level: types.LogLevelAll, IncludeExecutionData: true,
				Destinations: []types.LogDestination{{CloudWatchLogsLogGroup: &types.CloudWatchLogsLogGroup{LogGroupArn: aws.String(group)}}}}
		}, []string{"logging"}, slices.Clone(updating[1:]), "", true},
		{"publish", func(b *block) { b.publish = true }, []string{"publish"}, slices.Clone(updating[1:]), ":1", false},
		{"another version", func(b *block) { b.definition = passes2 }, []string{"definition"}, updating, ":2", true},
		{"tags", func(b *block) { b.tags = map[string]string{"team": "east", "owner": ""} }, []string{"tags"},
			append([]string{"UntagResource", "TagResource"}, reading...), ":2", false},
	} {
		before := *now
		one.change(&b)
		diff := p.plan(b, now)
		p.took()
		if !slices.Equal(diff, one.diff) {
			t.Errorf("%s: planned %v, want %v", one.what, diff, one.diff)
		}
		if len(diff) > 0 {
			now = p.update(now, b)
		}
		if got := p.took(); !slices.Equal(got, one.calls) {
			t.Errorf("%s: done by %v, want %v", one.what, got, one.calls)
		}
		if again := p.plan(b, now); len(again) > 0 {
			t.Errorf("%s: the second plan changes %v", one.what, again)
		}
		if strings.TrimPrefix(now.version, now.arn) != one.version {
			t.Errorf("%s: version %q, want %q", one.what, now.version, one.version)
		}
		if (now.revision != before.revision) != one.revision {
			t.Errorf("%s: revision %q, before %q", one.what, now.revision, before.revision)
		}
	}
	p.took()
	imported := p.read(now.arn, b.publish)
	if got := p.took(); !slices.Equal(got, reading) {
		t.Errorf("imported by %v", got)
	}
	if diff := p.plan(b, imported); len(diff) > 0 {
		t.Errorf("a plan after the import changes %v", diff)
	}
	p.took()
	p.destroy(now.arn, nil)
	if got := p.took(); !slices.Equal(got, []string{"DeleteStateMachine", "DescribeStateMachine"}) {
		t.Errorf("destroyed by %v", got)
	}
	if gone := p.read(now.arn, false); gone != nil {
		t.Errorf("a refresh finds %+v", gone)
	}
}

// TestTerraformReplaces destroys a state machine while it works and creates another of
// the name, which is refused until the first one is gone.
func TestTerraformReplaces(t *testing.T) {
	p := newProvider(t)
	b := block{name: "tf-replaced-" + runID, role: role, kind: types.StateMachineTypeStandard, definition: waits}
	first := p.create(b)
	open := start(t, p.c, first.arn, "", "{}")
	asked := 0
	p.destroy(first.arn, func(status types.StateMachineStatus) {
		if status != types.StateMachineStatusDeleting {
			t.Errorf("%s while an execution is open", status)
		}
		if asked++; asked == 2 {
			var deleting *types.StateMachineDeleting
			_, err := p.c.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: aws.String(b.name), RoleArn: aws.String(role), Definition: aws.String(passes)})
			if !errors.As(err, &deleting) {
				t.Errorf("created again: %v", err)
			}
			if _, err := p.c.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String(open)}); err != nil {
				t.Error(err)
			}
		}
	})
	b.definition, b.kind = passes, types.StateMachineTypeExpress
	second := p.create(b)
	if diff := p.plan(b, second); len(diff) > 0 || second.revision == first.revision && first.revision != "" {
		t.Errorf("created as %+v, a plan changes %v", second, diff)
	}
	p.destroy(second.arn, nil)
}

// TestTerraformRefusesAPlan: a definition with a fault stops the plan.
func TestTerraformRefusesAPlan(t *testing.T) {
	out, err := newProvider(t).c.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{
		Definition: aws.String(`{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:111111111111:activity:a","End":true}}}`),
		Type:       types.StateMachineTypeExpress})
	if err != nil || out.Result != types.ValidateStateMachineDefinitionResultCodeFail || len(out.Diagnostics) != 1 {
		t.Errorf("%+v %v", out, err)
	}
}

// TestTerraformAlias: aws_sfn_alias from its creation to its end.
func TestTerraformAlias(t *testing.T) {
	p := newProvider(t)
	c, ctx := p.c, t.Context()
	m := p.create(block{name: "tf-alias-" + runID, role: role, kind: types.StateMachineTypeStandard, definition: passes, publish: true})
	one := m.version
	m = p.update(m, block{name: m.name, role: role, kind: m.kind, definition: passes2, publish: true})
	made, err := c.CreateStateMachineAlias(ctx, &sfn.CreateStateMachineAliasInput{Name: aws.String("live"), Description: aws.String("d"), RoutingConfiguration: routes(one)})
	if err != nil {
		t.Fatal(err)
	}
	read := func() *sfn.DescribeStateMachineAliasOutput {
		d, err := c.DescribeStateMachineAlias(ctx, &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: made.StateMachineAliasArn})
		var gone *types.ResourceNotFound
		if errors.As(err, &gone) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	same := func(what, description string, routes []types.RoutingConfigurationListItem) {
		d := read()
		if d == nil || *d.Name != "live" || aws.ToString(d.Description) != description || *d.StateMachineAliasArn != *made.StateMachineAliasArn ||
			!slices.EqualFunc(d.RoutingConfiguration, routes, func(a, b types.RoutingConfigurationListItem) bool {
				return *a.StateMachineVersionArn == *b.StateMachineVersionArn && a.Weight == b.Weight
			}) {
			t.Errorf("%s: a plan changes %+v", what, d)
		}
	}
	same("created", "d", routes(one))
	for _, to := range [][]types.RoutingConfigurationListItem{routes(m.version), routes(one, m.version)} {
		if _, err := c.UpdateStateMachineAlias(ctx, &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: made.StateMachineAliasArn,
			Description: aws.String("e"), RoutingConfiguration: to}); err != nil {
			t.Fatal(err)
		}
		same("updated", "e", to)
	}
	list, err := c.ListStateMachineAliases(ctx, &sfn.ListStateMachineAliasesInput{StateMachineArn: aws.String(m.arn)})
	if err != nil || len(list.StateMachineAliases) != 1 || *list.StateMachineAliases[0].StateMachineAliasArn != *made.StateMachineAliasArn {
		t.Errorf("the data source finds %+v, %v", list, err)
	}
	if _, err := c.DeleteStateMachineAlias(ctx, &sfn.DeleteStateMachineAliasInput{StateMachineAliasArn: made.StateMachineAliasArn}); err != nil {
		t.Fatal(err)
	}
	if d := read(); d != nil {
		t.Errorf("a refresh finds %+v", d)
	}
	p.destroy(m.arn, nil)
}

// TestTerraformActivity: aws_sfn_activity from its creation to its end, and what the data
// sources list.
func TestTerraformActivity(t *testing.T) {
	p := newProvider(t)
	c, ctx := p.c, t.Context()
	tags := map[string]string{"team": "west"}
	made, err := c.CreateActivity(ctx, &sfn.CreateActivityInput{Name: aws.String("tf-" + runID), Tags: tagList(tags)})
	if err != nil {
		t.Fatal(err)
	}
	arn := *made.ActivityArn
	d, err := c.DescribeActivity(ctx, &sfn.DescribeActivityInput{ActivityArn: &arn})
	if err != nil || *d.Name != "tf-"+runID || !d.CreationDate.Equal(*made.CreationDate) || p.tags(arn)["team"] != "west" {
		t.Errorf("%+v %v", d, err)
	}
	p.retag(arn, tags, map[string]string{"team": "east"})
	if p.tags(arn)["team"] != "east" {
		t.Errorf("tags %v", p.tags(arn))
	}
	m := p.create(block{name: "tf-listed-" + runID, role: role, kind: types.StateMachineTypeStandard, definition: passes, publish: true})
	found := map[string]bool{}
	activities := sfn.NewListActivitiesPaginator(c, &sfn.ListActivitiesInput{})
	for activities.HasMorePages() {
		page, err := activities.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Activities {
			found[*a.ActivityArn] = *a.Name == "tf-"+runID
		}
	}
	machines := sfn.NewListStateMachinesPaginator(c, &sfn.ListStateMachinesInput{})
	for machines.HasMorePages() {
		page, err := machines.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range page.StateMachines {
			found[*x.StateMachineArn] = *x.Name == m.name
		}
	}
	versions, err := c.ListStateMachineVersions(ctx, &sfn.ListStateMachineVersionsInput{StateMachineArn: aws.String(m.arn)})
	if err != nil || len(versions.StateMachineVersions) != 1 || *versions.StateMachineVersions[0].StateMachineVersionArn != m.version {
		t.Errorf("versions %+v %v", versions, err)
	}
	if !found[arn] || !found[m.arn] {
		t.Errorf("the data sources do not find what was made: %v", found)
	}
	if _, err := c.DeleteActivity(ctx, &sfn.DeleteActivityInput{ActivityArn: &arn}); err != nil {
		t.Fatal(err)
	}
	var gone *types.ActivityDoesNotExist
	if _, err := c.DescribeActivity(ctx, &sfn.DescribeActivityInput{ActivityArn: &arn}); !errors.As(err, &gone) {
		t.Errorf("a refresh finds it: %v", err)
	}
	p.destroy(m.arn, nil)
}
