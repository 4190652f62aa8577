package app

import (
	"context"
	"io"
	"sync"
	"time"

	"stile/asl/interp"
	"stile/internal/audit"
	"stile/internal/backup"
	"stile/internal/console"
	"stile/internal/engine"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Known is what this binary can restore.
func Known() backup.Known { return backup.Known{Semantics: interp.Semantics} }

// sessionsFrom and sessionsTo bound the records of the page's sessions.
var sessionsFrom, sessionsTo = []byte("session/"), []byte("session0")

// secretRows are the rows that nobody but a backup's recipients may read. Sessions
// are in no backup: who was logged in when it was taken is not logged in for ever.
func secretRows() []backup.Secret {
	space, from, to := engine.KeyRange()
	return []backup.Secret{
		{Store: backup.Log, Space: space, From: from, To: to},
		{Store: backup.Config, Space: spaceKeys, From: sessionsFrom, To: sessionsTo, Drop: true},
		{Store: backup.Config, Space: spaceKeys, To: sessionsFrom},
		{Store: backup.Config, Space: spaceKeys, From: sessionsTo},
	}
}

// backups takes backups of the data folder, one at a time.
type backups struct {
	source backup.Source
	audit  *auditor

	mu      sync.Mutex
	running bool
	closed  bool
	stop    context.CancelFunc
	over    sync.WaitGroup
}

// openBackups removes what a process that was killed left of its copies.
func (s *server) openBackups() error {
	s.backups = &backups{audit: s.audit, source: backup.Source{Log: s.data.copies[0], Config: s.data.copies[1], Dir: s.data.dir,
		Secrets: secretRows(), Product: Version, Semantics: interp.Semantics, Now: time.Now, Logger: s.log}}
	return backup.Sweep(s.data.dir)
}

// Begin is console.Backups. It is recorded when the copy stands, before the first
// byte of it leaves.
func (b *backups) Begin(ctx context.Context, recipients []string) (console.Backup, error) {
	to, err := backup.ParseRecipients(recipients)
	if err != nil {
		return nil, &sfn.Error{Code: "BadRecipients", Message: err.Error()}
	}
	ctx, err = b.take(ctx)
	if err != nil {
		return nil, err
	}
	staged, err := b.source.Stage(ctx, to)
	if err != nil {
		b.leave()
		return nil, err
	}
	if err := b.record(ctx, staged.Manifest, recipients); err != nil {
		_ = staged.Close() // the next start removes it
		b.leave()
		return nil, err
	}
	return &running{staged, b, ctx}, nil
}

// record tells how large the backup is and who can open its keys.
func (b *backups) record(ctx context.Context, m backup.Manifest, recipients []string) error {
	var to jsonval.Array
	for _, r := range recipients {
		to.Add(jsonval.OfString(r))
	}
	var o jsonval.Object
	o.AddInt("bytes", m.Bytes()).Add("recipients", to.Value())
	return b.audit.record(ctx, "api", audit.Entry{Action: "stile:Backup", Resource: "backup", Verdict: o.Value()})
}

func (b *backups) take(ctx context.Context) (context.Context, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, &sfn.Error{Code: "ServiceUnavailable", Message: "the server is stopping"}
	}
	if b.running {
		return nil, &sfn.Error{Code: "ConflictException", Message: "another backup is under way; one is taken at a time"}
	}
	ctx, b.stop = context.WithCancel(ctx)
	b.running = true
	b.over.Add(1)
	return ctx, nil
}

func (b *backups) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop()
	b.running = false
	b.over.Done()
}

// close cuts the backup that is under way and waits for its end: the stores close
// after it.
func (b *backups) close() {
	if b == nil { // the server did not come so far
		return
	}
	b.mu.Lock()
	b.closed = true
	if b.running {
		b.stop()
	}
	b.mu.Unlock()
	b.over.Wait()
}

// running is a backup on its way to who asked for it.
type running struct {
	staged *backup.Staged
	of     *backups
	ctx    context.Context // ends with the request and with the server
}

func (r *running) Write(_ context.Context, w io.Writer) error { return r.staged.Write(r.ctx, w) }

func (r *running) Close() error {
	defer r.of.leave()
	return r.staged.Close()
}
