package telemetry

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// accessLogWait is how long a line may wait for others.
const accessLogWait = 200 * time.Millisecond

// AccessLog writes one JSON line for each exchange. It is a Sink that takes no
// spans, no lines of the server's log and no events.
//
// Invariants: a request never waits for the disk: lines are made and written by
// one goroutine, and what finds its queue full is dropped and counted; what was
// taken is flushed at the latest a moment after, and at Close.
type AccessLog struct {
	lines *Batcher[*Exchange]
	out   *bufio.Writer
	to    io.WriteCloser
	fault func(error)
	told  bool // the goroutine's alone
}

// NewAccessLog writes to w, which Close closes. fault is told the first error of a
// row of errors; lines that could not be written count as dropped.
func NewAccessLog(w io.WriteCloser, fault func(error)) *AccessLog {
	a := &AccessLog{out: bufio.NewWriterSize(w, 64<<10), to: w, fault: fault}
	a.lines = NewBatcher(BatcherConfig[*Exchange]{Size: 256, Queue: 32_768, Wait: accessLogWait, Attempts: 1, Send: a.write})
	return a
}

func (a *AccessLog) write(_ context.Context, batch []*Exchange) (d Delivery[*Exchange]) {
	var err error
	for _, x := range batch {
		var line []byte
		if line, err = json.Marshal(x); err != nil {
			break
		}
		_, _ = a.out.Write(line) // Flush gives a Writer's first error
		_ = a.out.WriteByte('\n')
	}
	if err == nil {
		err = a.out.Flush()
	}
	if err == nil {
		a.told = false
		return d
	}
	// A Writer keeps its error for ever; a disk that was full may have room again.
	a.out.Reset(a.to)
	if !a.told && a.fault != nil {
		a.fault(fmt.Errorf("access log: %w", err))
	}
	a.told = true
	d.Refused = len(batch)
	return d
}

// Exchange queues a line.
func (a *AccessLog) Exchange(x *Exchange) { a.lines.Add(x) }

// Spans takes none.
func (a *AccessLog) Spans([]Span) {}

// Log takes none.
func (a *AccessLog) Log(Record) {}

// Event takes none.
func (a *AccessLog) Event(Event) {}

// Dropped counts the lines that were not written.
func (a *AccessLog) Dropped() uint64 {
	_, dropped := a.lines.Counts()
	return dropped
}

// Close writes what is queued and closes the file.
func (a *AccessLog) Close(ctx context.Context) error {
	a.lines.Close(ctx)
	return a.to.Close()
}
