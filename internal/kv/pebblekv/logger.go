package pebblekv

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// logger gives Pebble's log to ours; what is fatal to Pebble is fatal to the store.
type logger struct {
	s   *Store
	log *slog.Logger

	mu   sync.Mutex
	last string
	at   time.Time
}

// repeatAfter is how long what was just said is not said again: Pebble tries what
// fails in the background again at once, and for ever.
const repeatAfter = time.Minute

func (l *logger) Infof(string, ...any) {}

func (l *logger) Errorf(format string, args ...any) { l.warn(fmt.Sprintf(format, args...)) }

func (l *logger) Fatalf(format string, args ...any) { l.s.fail(fmt.Errorf(format, args...)) }

// damaged is told of a block whose checksum is wrong. Who reads it gets an error; the
// rest of the store is sound, so that the process goes on.
func (l *logger) damaged(i pebble.DataCorruptionInfo) {
	l.warn("damaged bytes in " + i.Path + ": " + i.Details.Error() + "; restore a backup")
}

func (l *logger) warn(message string) {
	if l.log == nil {
		return
	}
	message, _, _ = strings.Cut(message, "\n")
	l.mu.Lock()
	again := message == l.last && time.Since(l.at) < repeatAfter
	if !again {
		l.last, l.at = message, time.Now()
	}
	l.mu.Unlock()
	if !again {
		l.log.Warn("store", "message", message)
	}
}
