package awssdk

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

// events is the SDK's client of EventBridge.
func events(address, id, secret string) *eventbridge.Client {
	return eventbridge.New(eventbridge.Options{Region: "us-east-1", BaseEndpoint: aws.String(address),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
		})})
}

func eventsClient(t *testing.T) *eventbridge.Client {
	t.Helper()
	if endpoint == "" {
		t.Skip("neither STILE_ENDPOINT nor STILE is set")
	}
	return events(endpoint, "any", "any")
}

func apiKey(value string) *types.CreateConnectionAuthRequestParameters {
	return &types.CreateConnectionAuthRequestParameters{ApiKeyAuthParameters: &types.CreateConnectionApiKeyAuthRequestParameters{
		ApiKeyName: aws.String("X-Api-Key"), ApiKeyValue: aws.String(value)}}
}

// connection makes a connection with an API key, which is deleted when the test ends.
func connection(t *testing.T, c *eventbridge.Client, name string) *eventbridge.CreateConnectionOutput {
	t.Helper()
	out, err := c.CreateConnection(t.Context(), &eventbridge.CreateConnectionInput{Name: aws.String(name + "-" + runID),
		AuthorizationType: types.ConnectionAuthorizationTypeApiKey, AuthParameters: apiKey("v")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := c.DeleteConnection(context.Background(), &eventbridge.DeleteConnectionInput{Name: aws.String(name + "-" + runID)})
		var gone *types.ResourceNotFoundException
		if err != nil && !errors.As(err, &gone) {
			t.Error(err)
		}
	})
	return out
}

// TestConnections walks the six actions with every kind of authorization.
func TestConnections(t *testing.T) {
	c, ctx := eventsClient(t), t.Context()
	more := &types.ConnectionHttpParameters{HeaderParameters: []types.ConnectionHeaderParameter{{Key: aws.String("A"), Value: aws.String("1")},
		{Key: aws.String("B"), Value: aws.String("2"), IsValueSecret: true}}}
	for kind, auth := range map[types.ConnectionAuthorizationType]*types.CreateConnectionAuthRequestParameters{
		types.ConnectionAuthorizationTypeApiKey: apiKey("v"),
		types.ConnectionAuthorizationTypeBasic: {InvocationHttpParameters: more,
			BasicAuthParameters: &types.CreateConnectionBasicAuthRequestParameters{Username: aws.String("ada"), Password: aws.String("v")}},
		types.ConnectionAuthorizationTypeOauthClientCredentials: {OAuthParameters: &types.CreateConnectionOAuthRequestParameters{
			AuthorizationEndpoint: aws.String("https://login.example/token"), HttpMethod: types.ConnectionOAuthHttpMethodPost, OAuthHttpParameters: more,
			ClientParameters: &types.CreateConnectionOAuthClientRequestParameters{ClientID: aws.String("id"), ClientSecret: aws.String("v")}}},
	} {
		name := aws.String("all-" + string(kind) + "-" + runID)
		made, err := c.CreateConnection(ctx, &eventbridge.CreateConnectionInput{Name: name, AuthorizationType: kind, AuthParameters: auth, Description: aws.String("d")})
		if err != nil {
			t.Fatal(kind, err)
		}
		prefix := "arn:aws:events:us-east-1:111111111111:connection/" + *name + "/"
		if !strings.HasPrefix(*made.ConnectionArn, prefix) || made.ConnectionState != types.ConnectionStateAuthorized || made.CreationTime == nil || made.LastModifiedTime == nil {
			t.Errorf("%s: made as %+v", kind, made)
		}
		got, err := c.DescribeConnection(ctx, &eventbridge.DescribeConnectionInput{Name: name})
		if err != nil || *got.ConnectionArn != *made.ConnectionArn || got.AuthorizationType != kind || *got.Description != "d" || got.LastAuthorizedTime == nil ||
			!strings.HasPrefix(aws.ToString(got.SecretArn), "arn:aws:secretsmanager:us-east-1:111111111111:secret:events!connection/") {
			t.Fatalf("%s: %+v, %v", kind, got, err)
		}
		shown := got.AuthParameters.InvocationHttpParameters
		if o := got.AuthParameters.OAuthParameters; o != nil {
			shown = o.OAuthHttpParameters
		}
		if kind != types.ConnectionAuthorizationTypeApiKey {
			if p := shown.HeaderParameters; len(p) != 2 || aws.ToString(p[0].Value) != "1" || p[1].Value != nil || !p[1].IsValueSecret {
				t.Errorf("%s: parameters %+v", kind, shown)
			}
		}
		off, err := c.DeauthorizeConnection(ctx, &eventbridge.DeauthorizeConnectionInput{Name: name})
		if err != nil || off.ConnectionState != types.ConnectionStateDeauthorized {
			t.Errorf("%s: %+v, %v", kind, off, err)
		}
		again, err := c.UpdateConnection(ctx, &eventbridge.UpdateConnectionInput{Name: name, AuthorizationType: types.ConnectionAuthorizationTypeBasic,
			AuthParameters: &types.UpdateConnectionAuthRequestParameters{BasicAuthParameters: &types.UpdateConnectionBasicAuthRequestParameters{
				Username: aws.String("bob"), Password: aws.String("w")}}})
		if err != nil || again.ConnectionState != types.ConnectionStateAuthorized || *again.ConnectionArn != *made.ConnectionArn {
			t.Errorf("%s: %+v, %v", kind, again, err)
		}
		if got, err = c.DescribeConnection(ctx, &eventbridge.DescribeConnectionInput{Name: name}); err != nil || *got.AuthParameters.BasicAuthParameters.Username != "bob" {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
		gone, err := c.DeleteConnection(ctx, &eventbridge.DeleteConnectionInput{Name: name})
		if err != nil || gone.ConnectionState != types.ConnectionStateDeleting {
			t.Errorf("%s: %+v, %v", kind, gone, err)
		}
	}
}

func TestConnectionPages(t *testing.T) {
	c := eventsClient(t)
	want := []string{"page-a-" + runID, "page-b-" + runID, "page-c-" + runID}
	for _, name := range []string{"page-c", "page-a", "page-b"} {
		connection(t, c, name)
	}
	in := &eventbridge.ListConnectionsInput{NamePrefix: aws.String("page-"), Limit: aws.Int32(2), ConnectionState: types.ConnectionStateAuthorized}
	var got []string
	for pages := 1; ; pages++ {
		out, err := c.ListConnections(t.Context(), in)
		if err != nil || len(out.Connections) > 2 {
			t.Fatal(out, err)
		}
		for _, one := range out.Connections {
			if strings.HasSuffix(*one.Name, runID) {
				got = append(got, *one.Name)
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestConnectionErrors: each error arrives as the SDK's own type, where it has one.
func TestConnectionErrors(t *testing.T) {
	c, ctx := eventsClient(t), t.Context()
	connection(t, c, "taken")
	_, err := c.CreateConnection(ctx, &eventbridge.CreateConnectionInput{Name: aws.String("taken-" + runID), AuthorizationType: types.ConnectionAuthorizationTypeApiKey, AuthParameters: apiKey("v")})
	var exists *types.ResourceAlreadyExistsException
	if !errors.As(err, &exists) {
		t.Errorf("a name that is taken: %v", err)
	}
	none := aws.String("none-" + runID)
	_, one := c.DescribeConnection(ctx, &eventbridge.DescribeConnectionInput{Name: none})
	_, two := c.DeleteConnection(ctx, &eventbridge.DeleteConnectionInput{Name: none})
	_, three := c.DeauthorizeConnection(ctx, &eventbridge.DeauthorizeConnectionInput{Name: none})
	_, four := c.UpdateConnection(ctx, &eventbridge.UpdateConnectionInput{Name: none, Description: aws.String("d")})
	for _, err := range []error{one, two, three, four} {
		var missing *types.ResourceNotFoundException
		if !errors.As(err, &missing) || missing.ErrorMessage() != "Failed to describe the connection(s). Connection '"+*none+"' does not exist." {
			t.Errorf("a connection that is not there: %v", err)
		}
	}
	for name, in := range map[string]*eventbridge.CreateConnectionInput{
		"at 'name'":              {Name: aws.String("a b"), AuthorizationType: types.ConnectionAuthorizationTypeApiKey, AuthParameters: apiKey("v")},
		"at 'authorizationType'": {Name: none, AuthorizationType: "X", AuthParameters: apiKey("v")},
		"needs AuthParameters.":  {Name: none, AuthorizationType: types.ConnectionAuthorizationTypeBasic, AuthParameters: &types.CreateConnectionAuthRequestParameters{}},
	} {
		_, err := c.CreateConnection(ctx, in)
		var invalid smithy.APIError
		if !errors.As(err, &invalid) || invalid.ErrorCode() != "ValidationException" || !strings.Contains(invalid.ErrorMessage(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConnectionInATask: a state that calls with a connection fails as AWS's does when
// it is deauthorized or deleted, and its error can be caught.
func TestConnectionInATask(t *testing.T) {
	c, states := eventsClient(t), client(t)
	made := connection(t, c, "task")
	arn := machine(t, states, "connected", `{"StartAt":"Call","States":{"Call":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{
		"ApiEndpoint":"https://unlisted.example/","Method":"GET","Authentication":{"ConnectionArn":"`+*made.ConnectionArn+`"}},
		"Catch":[{"ErrorEquals":["States.Permissions"],"ResultPath":"$.egress","Next":"Done"},{"ErrorEquals":["Events.ConnectionResource.InvalidConnectionState"],"Next":"Done"},
			{"ErrorEquals":["Events.ConnectionResource.ResourceNotFound"],"Next":"Done"}],"End":true},"Done":{"Type":"Succeed"}}}`)
	run := func(want string) {
		t.Helper()
		x := finished(t, states, start(t, states, arn, "", "{}"))
		if x.Status != sfntypes.ExecutionStatusSucceeded || !strings.Contains(aws.ToString(x.Output), want) {
			t.Errorf("%s: %s %s", want, x.Status, aws.ToString(x.Output))
		}
	}
	run("egress")
	if _, err := c.DeauthorizeConnection(t.Context(), &eventbridge.DeauthorizeConnectionInput{Name: aws.String("task-" + runID)}); err != nil {
		t.Fatal(err)
	}
	run("Events.ConnectionResource.InvalidConnectionState")
	if _, err := c.DeleteConnection(t.Context(), &eventbridge.DeleteConnectionInput{Name: aws.String("task-" + runID)}); err != nil {
		t.Fatal(err)
	}
	run("Events.ConnectionResource.ResourceNotFound")
}

// TestServeVerifiesEvents: `stile serve` takes calls that are signed for EventBridge,
// by who may make them.
func TestServeVerifiesEvents(t *testing.T) {
	address := served(t)
	connection(t, events(address, keyID, keySecret), "signed")
	in := &eventbridge.ListConnectionsInput{}
	for name, tt := range map[string]struct{ id, secret, code, part string }{
		"wrong secret": {keyID, keySecret + "x", "InvalidSignatureException", badSign},
		"unknown key":  {"AKIDNOT", keySecret, "UnrecognizedClientException", badKey},
		"may not":      {"AKIDFILE", "kept-in-a-file", "AccessDeniedException", "User: key:AKIDFILE is not authorized to perform: events:ListConnections on resource: "},
	} {
		_, err := events(address, tt.id, tt.secret).ListConnections(t.Context(), in)
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != tt.code || !strings.Contains(refused.ErrorMessage(), tt.part) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is signed for another service is not for this one.
	_, err := sfn.New(sfn.Options{Region: "us-east-1", BaseEndpoint: aws.String(address), HTTPClient: retargeted{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keyID, SecretAccessKey: keySecret}, nil
		})}).ListStateMachines(t.Context(), nil)
	wantCode(t, err, "InvalidSignatureException", "Credential should be scoped to correct service: 'events'.")
}

// retargeted sends calls of the Step Functions API to EventBridge's.
type retargeted struct{}

func (retargeted) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Amz-Target", "AWSEvents.ListConnections")
	return http.DefaultClient.Do(r)
}
