package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/audit"
	"stile/internal/engine"
	"stile/internal/eventhub"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/kv/memkv"
	"stile/internal/policies"
	"stile/internal/secret/secrettest"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/internal/why"
	"stile/policy/exchange"
)

// engaged is a server of which the engine, the gateway and the secrets run, in a
// bubble: its timers and its clocks are the bubble's. backend is what it calls.
func engaged(t *testing.T, dir string, fake *secrettest.KeyVault, backend exchange.CallerFunc) *server {
	t.Helper()
	var ids atomic.Uint64
	s := &server{opts: Options{Dirs: []string{dir}}, log: slog.New(slog.DiscardHandler),
		seeing: &seeing{}}
	s.opts.Account, s.opts.Region, s.opts.Issuer = "111111111111", "us-east-1", "http://127.0.0.1:7400"
	s.secrets = newSecrets(s.log, secrettest.Transport{Handler: fake})
	s.events = eventhub.New(eventhub.Config{})
	store, log := memkv.New(nil), memkv.New(nil)
	book, err := audit.Open(auditKV{store}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.audit = &auditor{book: book, log: s.log}
	if s.issuer, err = identity.OpenIssuer(keyStore{store}, s.opts.Issuer, time.Now); err != nil {
		t.Fatal(err)
	}
	s.roles = &authority{project: s.current.Load, issuer: s.issuer, mask: s.secrets.mask, now: time.Now, log: s.log}
	s.gateway = gateway.New(gateway.Config{Now: time.Now, Refused: s.secrets.refused, Rand: func() uint64 { return ids.Add(1) },
		NewGUID: func() string { return fmt.Sprint(ids.Add(1)) }, Counters: policies.NewCounters(), Backend: backend})
	l, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	runner, err := task.New(task.Config{Gateway: s.gateway, Upstream: backend, Map: s.target, Identify: s.roles.identify,
		NamedValue: s.namedValue, Mask: s.secrets.mask, Region: s.opts.Region, Now: time.Now, NewGUID: newGUID}, task.Table())
	if err != nil {
		t.Fatal(err)
	}
	s.host, err = engine.Open(engine.Config{Store: log, Account: s.opts.Account, Region: s.opts.Region, Limits: s.limit, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.take(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	s.host.SetTasks(runner)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.rotate(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := s.host.Close(context.Background()); err != nil {
			t.Error(err)
		}
		_, _ = store.Close(), log.Close()
	})
	return s
}

// begin starts an execution and waits until nothing works on it.
func (s *server) begin(t *testing.T, name string) (arn string) {
	t.Helper()
	got, err := s.host.StartExecution(t.Context(), sfn.Start{StateMachineARN: sfn.StateMachineARN(s.opts.Region, s.opts.Account, "one"), Name: name})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return got.ExecutionARN
}

// holds explains an execution, and checks cause, health and place.
func (s *server) holds(t *testing.T, arn string, cause why.Cause, health sfn.HealthStatus, dir, file, mark string, says ...string) why.Answer {
	t.Helper()
	x, err := s.host.DescribeExecution(t.Context(), arn)
	if err != nil || x.Health.Status != health {
		t.Errorf("health %+v, %v", x.Health, err)
	}
	got, err := s.explainer().Explain(t.Context(), true, arn)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	a := got[0]
	t.Log(a.Paragraph)
	want := filepath.ToSlash(filepath.Join(dir, file))
	if a.Cause != cause || a.Health != health || a.Place == nil || a.Place.File != want || a.Place.Line != lineOf(t, dir, file, mark) {
		t.Errorf("cause %s, health %s, place %+v", a.Cause, a.Health, a.Place)
	}
	for _, part := range says {
		if !strings.Contains(a.Paragraph, part) {
			t.Errorf("the paragraph lacks %q", part)
		}
	}
	return a
}

func answerOK(_ context.Context, ex *exchange.Exchange) error {
	ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Text("{}")}
	return nil
}

// hangs answers when it is given up.
func hangs(ctx context.Context, _ *exchange.Exchange) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// TestWhyByTheHealthTimer: that a call is out for too long is found by the engine's
// own durable timer.
func TestWhyByTheHealthTimer(t *testing.T) {
	dir := folder(t, "http://backend.example", invoke, oneFile, definition(invoke, ""), shopInfo, apiAt("http://backend.example"),
		"workflows/one.workflow.yaml", "role: one-role\nstates:\n  Reserve: {limit: 40s}\n")
	synctest.Test(t, func(t *testing.T) {
		s := engaged(t, dir, &secrettest.KeyVault{}, hangs)
		arn := s.begin(t, "n")
		time.Sleep(39 * time.Second)
		if x, err := s.host.DescribeExecution(t.Context(), arn); err != nil || x.Health.Status != sfn.Healthy {
			t.Errorf("before its limit: %+v, %v", x.Health, err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		a := s.holds(t, arn, why.NoAnswer, sfn.Stuck, dir, shopInfo, `"serviceUrl"`, "operation shop/reserve at backend http://backend.example", "limit of 40 s")
		if since := time.Since(*a.Since); since != 41*time.Second {
			t.Errorf("since %v", since)
		}
	})
}

// TestWhyOnASecretPastItsAge: a vault is down for longer than a value may serve.
func TestWhyOnASecretPastItsAge(t *testing.T) {
	dir, fake := vaulted(t)
	write(t, dir, oneFile, definition(invoke, retryAll))
	write(t, dir, shopXML, inLines(`<set-header name="X-Token" exists-action="override"><value>{{token}}</value></set-header>`))
	fake.Set("acme", "token", canary)
	synctest.Test(t, func(t *testing.T) {
		s := engaged(t, dir, fake, answerOK)
		arn := s.begin(t, "before")
		if x, err := s.host.DescribeExecution(t.Context(), arn); err != nil || x.Status != sfn.Succeeded {
			t.Fatalf("%+v, %v", x, err)
		}
		fake.Down(true)
		down := time.Now()
		time.Sleep(23 * time.Hour)
		if x, err := s.host.DescribeExecution(t.Context(), s.begin(t, "stale")); err != nil || x.Status != sfn.Succeeded {
			t.Errorf("a stale value does not serve: %+v, %v", x, err)
		}
		time.Sleep(2 * time.Hour)
		arn = s.begin(t, "after")
		a := s.holds(t, arn, why.Secret, sfn.NeedsAction, dir, shopXML, "{{token}}", "named value token", "Its secret is expired and cannot be read since", "Its last good value was fetched at", "(25 h ago)")
		if p := a.Secret; p == nil || p.Status != "expired" || p.Reference != "kv://acme/token" || p.Age < time.Since(down).Seconds() || p.Reason == "" {
			t.Errorf("%+v", a.Secret)
		}
		if strings.Contains(fmt.Sprint(a), canary) {
			t.Error("it tells the secret")
		}
		fake.Down(false)
		time.Sleep(time.Minute)
		a = s.holds(t, arn, why.Secret, sfn.NeedsAction, dir, shopXML, "{{token}}", "It has one now: the next attempt passes it.")
		if a.Secret.Status != "fresh" {
			t.Errorf("%+v", a.Secret)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if x, err := s.host.DescribeExecution(t.Context(), arn); err != nil || x.Status != sfn.Succeeded {
			t.Errorf("%+v, %v", x, err)
		}
	})
}

// TestWhyOnLimitConcurrency: another call holds the one place that there is.
func TestWhyOnLimitConcurrency(t *testing.T) {
	text := inLines("")
	text = strings.Replace(text, "<backend><base /></backend>", "<backend>\n    <limit-concurrency key=\"all\" max-count=\"1\">\n      <forward-request timeout=\"600\" />\n    </limit-concurrency>\n  </backend>", 1)
	dir := folder(t, "http://backend.example", invoke, oneFile, definition(invoke, retryAll), shopXML, text)
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		s := engaged(t, dir, &secrettest.KeyVault{}, func(ctx context.Context, ex *exchange.Exchange) error {
			<-free
			return answerOK(ctx, ex)
		})
		first, second := s.begin(t, "first"), s.begin(t, "second")
		time.Sleep(time.Second)
		s.holds(t, second, why.Limit, sfn.Throttled, dir, shopXML, "<limit-concurrency ", "limit-concurrency in backend", "429 ConcurrencyLimitExceeded",
			"max-count 1", "Counter limit-concurrency/all", "Attempt 2 of 4 comes at")
		close(free)
		time.Sleep(3 * time.Minute)
		for _, arn := range []string{first, second} {
			if x, err := s.host.DescribeExecution(t.Context(), arn); err != nil || x.Status != sfn.Succeeded {
				t.Errorf("%+v, %v", x, err)
			}
		}
	})
}
