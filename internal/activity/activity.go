package activity

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"stile/internal/sfn"
)

// PollTime is how long GetActivityTask waits for a task (Step Functions' own).
const PollTime = 60 * time.Second

// Host is what this room asks of the engine.
type Host interface {
	// TakeTask says durably that a worker took an attempt; false where nobody waits for
	// it any more. With an error nothing is known to have changed.
	TakeTask(ctx context.Context, token, worker string) (taken bool, err error)
}

// Config is what Activities are made of; all of it is required.
type Config struct {
	Store           Store
	Region, Account string
	Now             func() time.Time
	// Host is asked from the first GetActivityTask on.
	Host func() Host
}

// Activities are all activities with what waits for their workers. All methods may be
// called at any time from any goroutine.
type Activities struct {
	*registry
	host func() Host

	mu     sync.Mutex
	lines  map[string]*line // by activity; one that holds nothing is not there
	queued map[key]*attempt
	serial uint64
	closed chan struct{}
	once   sync.Once
}

// Open reads the activities from their store.
func Open(c Config) (*Activities, error) {
	r, err := openRegistry(c.Store, c.Region, c.Account, c.Now)
	if err != nil {
		return nil, err
	}
	return &Activities{registry: r, host: c.Host, lines: map[string]*line{}, queued: map[key]*attempt{}, closed: make(chan struct{})}, nil
}

// Close ends every poll at once, with nothing to do; later ones too.
func (a *Activities) Close() { a.once.Do(func() { close(a.closed) }) }

// DeleteActivity deletes an activity and ends the polls of its workers. One that is not
// there is no error. Attempts that wait for a worker wait on: for their timeout, or for
// another activity of the name.
func (a *Activities) DeleteActivity(_ context.Context, arn string) error {
	if err := a.remove(arn); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.lines[arn]; l != nil {
		for _, w := range l.workers {
			w.wake(nil)
		}
		l.workers = nil
	}
	return nil
}

// GetActivityTask gives the oldest attempt that waits for a worker of an activity, and
// says durably that this one took it. Where there is none for PollTime, or the server
// stops, it gives the zero ActivityTask.
func (a *Activities) GetActivityTask(ctx context.Context, arn, worker string) (sfn.ActivityTask, error) {
	leave, err := a.enter(arn)
	if err != nil {
		return sfn.ActivityTask{}, err
	}
	defer leave()
	var end chan struct{} // of the poll, once it waits
	for {
		at := a.oldest(ctx, arn)
		if at == nil {
			if end == nil {
				end = make(chan struct{})
				defer time.AfterFunc(PollTime, func() { close(end) }).Stop()
			}
			at = a.wait(ctx, arn, end)
		}
		switch {
		case at == nil && !a.Exists(arn):
			return sfn.ActivityTask{}, sfn.ActivityDoesNotExist(arn)
		case at == nil:
			return sfn.ActivityTask{}, ctx.Err()
		}
		// Whether it was taken must be known, also where nobody waits for the answer.
		taken, err := a.host().TakeTask(context.WithoutCancel(ctx), at.call.TaskToken, worker)
		if err != nil {
			a.giveBack(at)
			return sfn.ActivityTask{}, err
		}
		a.settled(at)
		if taken {
			return sfn.ActivityTask{TaskToken: at.call.TaskToken, Input: at.call.Parameters}, nil
		}
	}
}

// oldest gives the oldest attempt that is there, as wait does; nil where a poll must
// wait.
func (a *Activities) oldest(ctx context.Context, arn string) *attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.line(arn)
	if len(l.attempts) == 0 || ctx.Err() != nil || !a.Exists(arn) {
		return nil
	}
	return heap.Pop(&l.attempts).(*attempt)
}

// wait gives an attempt, nil where there is none until end, until the caller has gone
// or until the server stops. The attempt is the caller's: nobody else is given it.
func (a *Activities) wait(ctx context.Context, arn string, end <-chan struct{}) *attempt {
	w := a.next(arn)
	select {
	case <-w.ready:
	case <-ctx.Done():
	case <-a.closed:
	case <-end:
	}
	got := a.quit(arn, w)
	if got != nil && ctx.Err() != nil { // nobody would read the answer
		a.giveBack(got)
		return nil
	}
	return got
}

// Workers is how many workers wait for a task of an activity now.
func (a *Activities) Workers(arn string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.lines[arn]; l != nil {
		return l.polls
	}
	return 0
}
