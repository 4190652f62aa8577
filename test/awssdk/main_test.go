package awssdk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

// endpoint is the server under test; empty skips every test.
var endpoint string

// runID makes the names of this run its own.
var runID string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	runID = hex.EncodeToString(b[:])
	endpoint = os.Getenv("STILE_ENDPOINT")
	if binary := os.Getenv("STILE"); endpoint == "" && binary != "" {
		stop, address, err := startServer(binary, "dev", "project")
		if err != nil {
			fmt.Fprintln(os.Stderr, "the server does not start:", err)
			return 1
		}
		defer stop()
		endpoint = address
	}
	return m.Run()
}

// startServer runs a command of the binary on a copy of a project of testdata
// until stop is called; address is the endpoint of its Step Functions API.
func startServer(binary, command, project string, env ...string) (stop func(), address string, err error) {
	dir, err := os.MkdirTemp("", "stile-awssdk-")
	if err != nil {
		return nil, "", err
	}
	if err := os.CopyFS(filepath.Join(dir, "project"), os.DirFS(filepath.Join("testdata", project))); err != nil {
		return nil, "", err
	}
	control, tls, gateway, err := freePorts()
	if err != nil {
		return nil, "", err
	}
	ready := filepath.Join(dir, "ready")
	cmd := exec.Command(binary, command, filepath.Join(dir, "project"), "--ephemeral", "--ready-file", ready,
		"--control", control, "--control-tls", tls, "--gateway", gateway)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the tests tell what went wrong
		close(exited)
	}()
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-exited
		}
		os.RemoveAll(dir)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		if _, err := os.Stat(ready); err == nil {
			return stop, "http://" + control, nil
		}
		select {
		case <-exited:
			return nil, "", errors.New("it ended before it was ready")
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			stop()
			return nil, "", errors.New("it was not ready in time")
		}
	}
}

func freePorts() (a, b, c string, err error) {
	var addresses [3]string
	for i := range addresses {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", "", err
		}
		defer l.Close()
		addresses[i] = l.Addr().String()
	}
	return addresses[0], addresses[1], addresses[2], nil
}

// client is the SDK's client with credentials that name nobody.
func client(t *testing.T) *sfn.Client {
	t.Helper()
	if endpoint == "" {
		t.Skip("neither STILE_ENDPOINT nor STILE is set")
	}
	return sfn.New(sfn.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
	})
}

const role = "arn:aws:iam::111111111111:role/sdk-role"

// machine creates a state machine that is deleted when the test ends.
func machine(t *testing.T, c *sfn.Client, name, definition string) string {
	t.Helper()
	out, err := c.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String(name + "-" + runID), Definition: aws.String(definition), RoleArn: aws.String(role)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.DeleteStateMachine(context.Background(), &sfn.DeleteStateMachineInput{StateMachineArn: out.StateMachineArn}); err != nil {
			t.Error(err)
		}
	})
	return *out.StateMachineArn
}

// start starts an execution; an empty name leaves it to the server.
func start(t *testing.T, c *sfn.Client, machine, name, input string) string {
	t.Helper()
	in := &sfn.StartExecutionInput{StateMachineArn: aws.String(machine), Input: aws.String(input)}
	if name != "" {
		in.Name = aws.String(name)
	}
	out, err := c.StartExecution(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *out.ExecutionArn
}

// finished polls an execution until it has ended: the SDK has no waiter for it.
func finished(t *testing.T, c *sfn.Client, arn string) *sfn.DescribeExecutionOutput {
	t.Helper()
	var last *sfn.DescribeExecutionOutput
	until(t, "the execution ends", func() bool {
		var err error
		if last, err = c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(arn)}); err != nil {
			t.Fatal(err)
		}
		return last.Status != types.ExecutionStatusRunning
	})
	return last
}

// history gives all events, through the SDK's paginator.
func history(t *testing.T, c *sfn.Client, arn string, page int32) (events []types.HistoryEvent, pages int) {
	t.Helper()
	p := sfn.NewGetExecutionHistoryPaginator(c, &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(arn), MaxResults: page})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events, pages = append(events, out.Events...), pages+1
	}
	keepsRules(t, events)
	return events, pages
}

// until polls until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// refused checks that an error is the SDK's type E, with a text that says why.
func refused[E error](t *testing.T, err error, message string) {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Errorf("got %v, want %T", err, want)
		return
	}
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorMessage() != message {
		t.Errorf("message %q, want %q", api.ErrorMessage(), message)
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}
