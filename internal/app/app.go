// Package app is the composition root: the one package that knows all others. It
// opens the stores, builds the engine, the gateway and what joins them, answers on
// the listeners, and takes the project's files up again when they change.
//
// It holds no behaviour of a room: it reads as a parts list. cmd/stile calls Dev,
// Serve and Check.
//
// Invariants: a project with a fault is never swapped in: the one before serves
// on; nothing is dispatched before the gateway stands; what was acknowledged is on
// disk before a stop ends; Principals are made here and nowhere else.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"stile/internal/activity"
	"stile/internal/breaker"
	"stile/internal/callback"
	"stile/internal/connections"
	"stile/internal/console"
	"stile/internal/demo"
	"stile/internal/engine"
	"stile/internal/eventhub"
	"stile/internal/execlog"
	"stile/internal/express"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/login"
	"stile/internal/notify"
	"stile/internal/observe"
	"stile/internal/sfnapi"
	"stile/internal/task"
	"stile/internal/task/connection"
	"stile/internal/telemetry"
)

// Version of the product.
const Version = "0.1.0"

// Dev runs everything on a project folder and reloads it when a file changes,
// until ctx ends.
func Dev(ctx context.Context, o Options) error {
	if err := refuseOpen(o); err != nil && o.Log != nil {
		o.Log.Warn("serve would refuse this", "reason", err)
	}
	return run(ctx, o, modeDev)
}

// Serve runs the same servers for production, until ctx ends. Calls of the Step
// Functions API must be signed, and the console and its API want a login or a
// signature; off loopback they are served only where providers are configured.
func Serve(ctx context.Context, o Options) error {
	if err := refuseOpen(o); err != nil {
		return err
	}
	return run(ctx, o, modeServe)
}

type mode int

const (
	modeDev mode = iota
	modeServe
)

// server is the product, running.
type server struct {
	opts Options
	mode mode
	log  *slog.Logger
	data dataFolder

	current atomic.Pointer[project]
	folder  *files.Cache // under secrets.taking, once files are watched
	ready   atomic.Bool

	secrets  *secrets
	issuer   *identity.Issuer
	roles    *authority
	access   *access
	traces   *telemetry.Store
	audit    *auditor
	seeing   *seeing
	events   *eventhub.Hubs
	observer *observe.Observer
	ends     *task.Ends
	host     *engine.Host
	express  *express.Host
	execLog  *execlog.Log
	gateway  *gateway.Gateway
	breakers breaker.Memory
	login    *login.Login
	console  http.Handler
	api      http.Handler

	activities  *activity.Activities
	quotas      *quotaBook
	shared      shared
	gateTraces  *gateTraces
	apis        *consoleAPIs
	backups     *backups
	connections *connection.Keeper
	made        *connections.Book // over EventBridge's API
	callbacks   *callback.Callbacks
	slow        *telemetry.Slow
	notifier    atomic.Pointer[notify.Notifier]
}

func run(ctx context.Context, o Options, m mode) (err error) {
	if len(o.Dirs) != 1 {
		return errors.New("this version takes one project folder")
	}
	l, err := listen(o)
	if err != nil {
		return err
	}
	defer l.close()
	o = withDefaults(o, l)
	s := &server{opts: o, mode: m, secrets: newSecrets(o.Log, o.vaults)}
	s.log = observe.MaskedLog(o.Log, s.secrets.mask)
	var watcher *files.Watcher
	if m == modeDev {
		if watcher, err = files.NewWatcher(o.Dirs[0]); err != nil {
			if _, fault := s.load(); fault != nil {
				return fault // says more: the folder is not there, or cannot be read
			}
			return fmt.Errorf("the project cannot be watched: %w", err)
		}
		defer watcher.Close()
		watchMocks(watcher, o)
	}
	first, err := s.load()
	if err != nil {
		return err
	}
	s.opts.PublicURL = cmp.Or(o.PublicURL, first.project.Config.PublicURL, "http://"+o.Gateway)
	o.disk = diskOf(first.project.Config.Engine)
	if s.data, err = openData(o, s.log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.data.close()) }()
	// The samples answer before the engine goes on with what it was calling, and
	// until it calls no more: a stop must not look like a fault of theirs.
	samples, stopSamples, err := demo.Start(context.WithoutCancel(ctx), samplesOf(first, m))
	if err != nil {
		return err
	}
	defer stopSamples()
	defer s.stop()
	if err := s.build(first); err != nil {
		return err
	}
	if o.built != nil {
		o.built(s)
	}
	return s.serve(ctx, l, samples, watcher)
}

// withDefaults completes the options; an address with port 0 becomes the one that
// the listener got.
func withDefaults(o Options, l *listeners) Options {
	o.Control, o.ControlTLS, o.Gateway = l.control.Addr().String(), l.controlTLS.Addr().String(), l.gateway.Addr().String()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Data == "" && !o.Ephemeral {
		o.Data = filepath.Join(o.Dirs[0], ".stile", "data")
	}
	if o.Issuer == "" {
		o.Issuer = "http://" + o.Control
	}
	return o
}

// build joins the parts, lowest first.
func (s *server) build(first *loaded) (err error) {
	if s.issuer, err = identity.OpenIssuer(keyStore{s.data.config}, s.opts.Issuer, time.Now); err != nil {
		return err
	}
	if err := s.openAudit(); err != nil {
		return err
	}
	if err := errors.Join(s.openActivities(), s.openBackups(), s.openConnections()); err != nil {
		return err
	}
	if s.quotas, err = openQuotas(s.data.config, time.Now(), s.log); err != nil {
		return err
	}
	s.roles = &authority{project: s.current.Load, issuer: s.issuer, mask: s.secrets.mask, now: time.Now, log: s.log, lax: s.mode == modeDev}
	if s.seeing, err = openSeeing(context.Background(), s.seeingConfig(first.project)); err != nil {
		return err
	}
	s.log = s.seeing.logger(s.log)
	if s.traces, err = telemetry.Open(traceKV{s.data.traces}, telemetry.Limits{}); err != nil {
		return s.data.damagedTraces(fmt.Errorf("traces cannot be read: %w", err))
	}
	s.seeing.keep(s.traces)
	if err := errors.Join(s.openGateTraces(), s.openShared(first.project)); err != nil {
		return err
	}
	s.openSlow(first.project)
	s.measureDisk()
	var tasks *task.Runner
	if err := s.openHosts(first.project, func(resource string, p jsonValue) string { return tasks.CheckParameters(resource, p) }); err != nil {
		return err
	}
	if err := s.openNotifier(first.project); err != nil {
		return err
	}
	calls := callback.New(maskedDeliveries{s.host, s.secrets.mask}, s.opts.PublicURL)
	s.callbacks = calls
	s.joinGateway(calls)
	if tasks, err = task.New(task.Config{
		Gateway: s.gateway, Upstream: s.outside(), Map: s.target, Connection: s.connection, Identify: s.roles.identify,
		Egress: s.exit, Ungoverned: s.ungoverned, Executions: jointExecutions{nestedExecutions{s.host, s.ends}, s.express}, MayStart: s.roles.mayStart,
		Function: s.function, MayInvoke: s.roles.mayInvoke, Account: s.opts.Account, Activities: s.activities, NamedValue: s.namedValue, NamedValueRefused: s.namedValuesRefused, Mask: s.secrets.mask,
		CallbackURL: calls.URL, Address: first.project.Config.Engine.Address, Region: s.opts.Region, Now: time.Now, NewGUID: newGUID,
	}, s.taskTable()); err != nil {
		return err
	}
	if err := s.take(context.Background(), first); err != nil {
		return err
	}
	s.beginObserving()
	s.host.SetTasks(tasks)
	if err := s.express.SetTasks(tasks); err != nil {
		return err
	}
	s.access = s.newAccess()
	s.access.Denied = s.audit.denied
	host := maskedAnswers{s.audit.host(s.host, "aws"), s.secrets.mask}
	s.api = s.awsWires(sfnapi.New(sfnapi.Config{Host: host, Sync: host, Permissions: s.access,
		Activities: auditedActivities{s.activities, s.audit, s.admit}, Tester: s.tester(tasks), Account: s.opts.Account, Region: s.opts.Region, Log: s.log}))
	s.login = s.newLogin()
	s.console = s.newConsole(calls)
	return nil
}

// serve answers until ctx ends or a listener breaks.
func (s *server) serve(ctx context.Context, l *listeners, samples []demo.Running, w *files.Watcher) error {
	cert, err := certificate(s.data.dir, time.Now())
	if err != nil {
		return fmt.Errorf("certificate of the control listener: %w", err)
	}
	proof, err := s.gatewayTLS(l, cert)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer func() { // nothing reaches the engine after this
		cancel(nil)
		s.ready.Store(false)
		s.activities.Close()
		tunnels := drainTunnels(s.gateway)
		l.drain(s.log)
		<-tunnels
		watching.Wait()
	}()
	control := controlMux(s.api, s.login.Handler(s.console), s.issuer, s.unready, s.degraded, s.login.Metrics(s.scraped()), s.login.Names()...)
	gate := s.openGate()
	l.serve(gatedControl(gate, control), s.apis.open(gatedGateway(gate, s.gateway.Handler())), cert, proof, s.log, func(err error) { cancel(err) })
	watching.Go(func() { s.rotate(ctx) })
	watching.Go(func() { s.watchSlow(ctx) })
	watching.Go(func() { s.notifier.Load().Run(ctx) })
	watching.Go(func() { s.upkeep(ctx) })
	watching.Go(func() { s.retain(ctx) })
	watching.Go(func() { s.quotas.run(ctx) })
	if w != nil {
		watching.Go(func() { s.watch(ctx, w) })
	}
	s.ready.Store(true)
	if err := s.announce(l, samples); err != nil {
		return err
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// stop ends the parts that were built, highest first.
func (s *server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	s.backups.close()
	if s.express != nil { // its states may start executions of the engine
		s.stopExpress(ctx)
	}
	if s.host != nil {
		if err := s.host.Close(ctx); err != nil {
			s.log.Warn("the engine did not drain in time; what was acknowledged is on disk", "error", err)
		}
	}
	s.closeExecutionLog(ctx)
	if s.gateway != nil { // its exchanges are over; what they left to send has the rest of the time
		s.gateway.Close(ctx)
	}
	s.closeShared()
	if s.quotas != nil { // states called through the gateway until the engine was drained
		s.quotas.save()
	}
	if s.observer != nil {
		s.observer.Close()
	}
	if s.traces != nil {
		if err := errors.Join(s.traces.Close(), s.gateTraces.close()); err != nil {
			s.log.Warn("some spans were not kept", "error", err)
		}
	}
	s.seeing.stop(context.Background())
}

func (s *server) newConsole(calls *callback.Callbacks) http.Handler {
	s.apis = s.newConsoleAPIs()
	return console.New(console.Config{Host: s.audit.host(s.host, "api"), Callbacks: auditedCallbacks{calls, s.audit}, Approval: s.approval, Traces: s.traces, GateTraces: s.gateTraces, Gate: s.gateTraces, APIs: s.apis, Mask: s.secrets.mask.MaskString, Audit: s.audit.book, Secrets: auditedSecrets{secretBook{s.current.Load, s.secrets.store}, s.audit}, Why: s.explainer(), Description: s.description, Backups: s.backups, Slow: s.slow.Raised,
		Token: s.audit.token(s.roles.token), Log: s.log,
		Event: fullEvent, Metadata: sfnapi.EncodeMetadata, Permissions: s.access, Info: s.info, Names: s.login.Names(), Account: s.opts.Account, Region: s.opts.Region})
}
