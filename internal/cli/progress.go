package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// terminal gives the size of the terminal that w is; false for anything else.
func (c *command) terminal(w io.Writer) (columns, rows int, ok bool) {
	f, is := w.(*os.File)
	if !is || c.Env("TERM") == "dumb" {
		return 0, 0, false
	}
	columns, rows, ok = sizeOf(f)
	if ok && (columns == 0 || rows == 0) { // a serial line that does not know
		return 80, 24, true
	}
	return columns, rows, ok
}

// progress tells on stderr how far a long command is: a line that is drawn anew on a
// terminal, else a line every second. It is silent under -o json, and where all is
// done before the first second has passed.
type progress struct {
	c       *command
	columns int
	redraw  bool
	silent  bool
	now     func() time.Time

	mu    sync.Mutex
	told  time.Time
	drawn bool
}

// drawEvery and tellEvery are the least time between two lines, redrawn or not.
const (
	drawEvery = 100 * time.Millisecond
	tellEvery = time.Second
)

func (c *command) progress() *progress {
	p := &progress{c: c, silent: c.output == "json", now: time.Now}
	p.columns, _, p.redraw = c.terminal(c.Err)
	p.told = p.now()
	return p
}

// tell shows a line if it is time for one.
func (p *progress) tell(line func() string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := tellEvery
	if p.redraw {
		every = drawEvery
	}
	now := p.now()
	if p.silent || now.Sub(p.told) < every {
		return
	}
	p.told = now
	p.write(line())
}

func (p *progress) write(text string) {
	if !p.redraw {
		fmt.Fprintln(p.c.Err, text)
		return
	}
	fmt.Fprint(p.c.Err, "\r\x1b[K"+fitted(text, p.columns-1))
	p.drawn = true
}

// over is called around other output: it takes a drawn line away.
func (p *progress) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		fmt.Fprint(p.c.Err, "\r\x1b[K")
		p.drawn = false
	}
}

// fitted cuts text to n columns, so that a drawn line stays one line.
func fitted(text string, n int) string {
	r := []rune(text)
	if len(r) <= n || n < 1 {
		return text
	}
	return string(r[:n-1]) + "…"
}

// bar is a bar of 20 for done of all.
func bar(done, all int) string {
	if all < 1 {
		return ""
	}
	n := 20 * done / all
	return strings.Repeat("█", n) + strings.Repeat("░", 20-n) + " " + strconv.Itoa(done) + "/" + strconv.Itoa(all)
}
