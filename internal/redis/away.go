package redis

import (
	"context"
	"time"
)

// Before a server that is away is asked again: at first, and at most. A server that
// fails soon after it came back is asked less and less often.
const (
	firstRest   = 200 * time.Millisecond
	longestRest = 5 * time.Second
	// well is how long a server must have been up for its next failure to count as new.
	well = time.Minute
)

// alive begins an epoch where none stands. It writes where that is so, and a server
// that takes no writes is of no use.
var alive = NewScript(`
local epoch = redis.call('GET', KEYS[1])
if not epoch then epoch = ARGV[1] end
redis.call('SET', KEYS[1], epoch)
return {epoch}`)

// probe asks the server once, with the time that a connection may take.
func (l *Link) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Dial)
	defer cancel()
	out, err := alive.script.Run(ctx, l.client, []string{l.EpochKey()}, l.Epoch()).Slice()
	if err != nil {
		return err
	}
	if epoch, ok := out[0].(string); ok {
		l.Seen(epoch)
	}
	return nil
}

// failed counts a call that failed. What it counted is in doubt either way.
func (l *Link) failed(err error) {
	l.failures.Add(1)
	l.disturb()
	if l.row.Add(1) >= patience {
		l.goAway(err)
	}
}

// goAway has calls fail at once, and asks for the server beside them.
func (l *Link) goAway(err error) {
	l.telling.Lock()
	defer l.telling.Unlock()
	l.mu.Lock()
	if l.closed || l.away.Load() {
		l.mu.Unlock()
		return
	}
	now := l.cfg.Now()
	if now.Sub(l.state.Since) >= well {
		l.rest = firstRest
	}
	l.away.Store(true)
	l.state = State{Since: now, Reason: reason(err)}
	s := l.state
	l.probing.Add(1)
	l.mu.Unlock()
	go l.await()
	l.tell(s)
}

// await asks until the server answers, or the Link is closed.
func (l *Link) await() {
	defer l.probing.Done()
	for {
		l.mu.Lock()
		rest := l.rest
		l.rest = min(2*rest, longestRest)
		l.mu.Unlock()
		timer := time.NewTimer(rest)
		select {
		case <-l.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if l.probe(l.ctx) == nil {
			break
		}
	}
	l.disturb()
	l.row.Store(0)
	l.telling.Lock()
	defer l.telling.Unlock()
	l.mu.Lock()
	l.state = State{Up: true, Since: l.cfg.Now()}
	s := l.state
	l.away.Store(false)
	l.mu.Unlock()
	l.tell(s)
}
