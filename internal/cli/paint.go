package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"stile/diag"
)

// ANSI colours; colour is never the only sign of anything.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	dim    = "2"
	bold   = "1"
)

// paint colours text for w: on a terminal, unless NO_COLOR or --color say otherwise.
func (c *command) paint(w io.Writer, color, text string) string {
	if !c.colored(w) {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (c *command) colored(w io.Writer) bool {
	switch c.color {
	case "always":
		return true
	case "never":
		return false
	}
	if c.Env("NO_COLOR") != "" || c.Env("TERM") == "dumb" {
		return false
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// diagnostics prints a list in the form for people, and the counts to stderr.
func (c *command) diagnostics(w io.Writer, faults diag.List) {
	for i, d := range faults {
		if i > 0 {
			fmt.Fprintln(w)
		}
		color := red
		switch d.Severity {
		case diag.Warning:
			color = yellow
		case diag.Note:
			color = dim
		}
		title, rest, _ := strings.Cut(d.Text(), ":")
		io.WriteString(w, c.paint(w, color, title)+":"+rest)
	}
	if len(faults) > 0 {
		fmt.Fprintln(c.Err, counts(faults))
	}
}

// unplaced is a diagnostic that is about a file as a whole, in one line.
func unplaced(d diag.Diagnostic) string {
	s := d.String()
	if d.Hint != "" {
		s += "; " + d.Hint
	}
	return s
}

func counts(faults diag.List) string {
	errors, notes := faults.Errors(), faults.Notes()
	s := plural(errors, "error") + ", " + plural(len(faults)-errors-notes, "warning")
	if notes > 0 {
		s += ", " + plural(notes, "note")
	}
	return s
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printJSON writes one value, indented, to stdout.
func (c *command) printJSON(v any) error {
	e := json.NewEncoder(c.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printLine writes one value as one line of JSON to stdout.
func (c *command) printLine(v any) error {
	e := json.NewEncoder(c.Out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
