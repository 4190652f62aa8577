package app

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// How long a request's body may take: on the control listener in all, since none
// there is large; at the gateway, where bodies stream for long, between two pieces.
const (
	controlBodyTime = time.Minute
	gatewayStall    = 2 * time.Minute
)

// timedBodies cuts requests whose bodies do not come: net/http bounds the head
// alone, and waits for a body also where nobody reads it. With stall the time is
// counted anew for each piece, and only while somebody waits for it.
func timedBodies(next http.Handler, limit time.Duration, stall bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
			b := &timedBody{ReadCloser: r.Body, conn: http.NewResponseController(w)}
			if stall {
				b.stall = limit
			}
			b.until(time.Now().Add(limit))
			r.Body = b
			defer b.leave()
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody is one request's body. A client of a backend may still hold it when the
// request is over, and the connection is another request's by then.
type timedBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	stall time.Duration // zero: the time is the whole body's

	mu   sync.Mutex
	over bool
}

func (b *timedBody) Read(p []byte) (int, error) {
	if b.stall > 0 {
		b.until(time.Now().Add(b.stall))
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		// What is read from here on tells net/http that the client has gone: a deadline
		// would look like that.
		b.until(time.Time{})
	}
	return n, err
}

// until sets the connection's deadline. A writer of a test has no connection;
// nothing is to be bounded then.
func (b *timedBody) until(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		_ = b.conn.SetReadDeadline(t)
	}
}

func (b *timedBody) leave() {
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
}
