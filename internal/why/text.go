package why

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// clock is a time in UTC, with the day where it is not today's.
func (e *explainer) clock(t time.Time) string {
	t, now := t.UTC(), e.f.Now.UTC()
	if t.After(now) {
		t = t.Round(time.Second) // of what comes, not a second too early
	}
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04:05Z")
	}
	return t.Format("2006-01-02 15:04:05Z")
}

// when is a time with how far it is from now.
func (e *explainer) when(t time.Time) string {
	d := t.Sub(e.f.Now)
	if d < 0 {
		return e.clock(t) + " (" + span(-d) + " ago)"
	}
	return e.clock(t) + " (in " + span(d) + ")"
}

// span writes a duration in one or two units.
func span(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return pair(int(d.Minutes()), "min", int(d.Seconds())%60, "s")
	case d < 48*time.Hour:
		return pair(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	}
	return pair(int(d.Hours())/24, "d", int(d.Hours())%24, "h")
}

func pair(a int, unit string, b int, less string) string {
	s := fmt.Sprintf("%d %s", a, unit)
	if b > 0 {
		s += fmt.Sprintf(" %d %s", b, less)
	}
	return s
}

func at(file string, line int) string {
	if file == "" || line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(line)
}

// in is " (file:line)", empty where there is no file.
func in(file string, line int) string {
	if file == "" {
		return ""
	}
	return " (" + at(file, line) + ")"
}

// short bounds a text of others to one line of n characters.
func short(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n-1]) + "…"
}

// sentence ends a text with a full stop.
func sentence(s string) string {
	if s = strings.TrimSpace(s); s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// Wrap breaks a paragraph into lines of at most width characters, at blanks; a
// longer word has a line of its own.
func Wrap(paragraph string, width int) []string {
	var lines []string
	line, n := "", 0
	for _, w := range strings.Fields(paragraph) {
		k := utf8.RuneCountInString(w)
		if n > 0 && n+1+k > width {
			lines, line, n = append(lines, line), "", 0
		}
		if n > 0 {
			line, n = line+" ", n+1
		}
		line, n = line+w, n+k
	}
	if n > 0 {
		lines = append(lines, line)
	}
	return lines
}
