// Package compare holds an answer of ours against a recorded one of AWS, by the
// rules of the recorded cases (their FORMAT.md, "Comparing"): masked values match
// anything, texts that are JSON compare as JSON, numbers by value.
//
// It reads no file and runs nothing; tests call it and nothing else does. What it
// is given is JSON as encoding/json decodes it into any. Invariant: what it does
// not list is the same.
package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Masks are what one recorded case says of its texts.
type Masks struct {
	// Substitutions were made in AWS's answers, in this order.
	Substitutions []Substitution
	// Wildcards stand for any value.
	Wildcards []string
}

// Substitution is one of a case's.
type Substitution struct{ Regex, Replacement string }

// Rewrite does to an answer what the recorder did to AWS's.
func (m *Masks) Rewrite(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	for _, s := range m.Substitutions {
		rx, err := regexp.Compile(s.Regex)
		if err != nil {
			continue // Python's, and Go has no such expression
		}
		quoted, _ := json.Marshal(s.Replacement) // a string encodes
		if done := rx.ReplaceAllLiteral(b, quoted[1:len(quoted)-1]); json.Valid(done) {
			b = done
		}
	}
	b = bytes.ReplaceAll(b, []byte(`arn:aws:`), []byte(`arn:<partition>:`))
	var out any
	if json.Unmarshal(b, &out) != nil {
		return v
	}
	return out
}

// Differ lists where got, rewritten, is not as recorded.
func (m *Masks) Differ(want, got any, path string) []string {
	c := comparer{words: append([]string(nil), m.Wildcards...)}
	for _, s := range m.Substitutions {
		c.words = append(c.words, s.Replacement)
	}
	c.words = slices.DeleteFunc(c.words, func(s string) bool { return s == "" })
	sort.Slice(c.words, func(i, j int) bool { return len(c.words[i]) > len(c.words[j]) })
	c.same(want, m.Rewrite(got), path)
	return c.diffs
}

// Events lists where a history is not as recorded. Of one with a Parallel the
// recorder sorted the events: of such the types are compared.
func (m *Masks) Events(want, got []any, sorted bool) []string {
	plain := func(list []any) (out []any) {
		for _, e := range list {
			event, ok := e.(map[string]any)
			if !ok {
				return list
			}
			event = clone(event)
			delete(event, "timestamp")
			out = append(out, event)
		}
		return out
	}
	if sorted {
		return m.Differ(types(want), types(got), "event types")
	}
	return m.Differ(plain(want), plain(got), "events")
}

func clone(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// types are those of a history's events but the one before ParallelStateExited,
// which the recorder lost.
func types(list []any) string {
	var out []string
	for _, e := range list {
		event, _ := e.(map[string]any)
		if t := fmt.Sprint(event["type"]); t != "ParallelStateSucceeded" && t != "ParallelStateFailed" {
			out = append(out, t)
		}
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

type comparer struct {
	words []string
	diffs []string
}

var maskToken = regexp.MustCompile(`<<[A-Za-z][^<>]*>[^<>]*>|<[A-Za-z][^<>]*>`)

func (c *comparer) masked(s string) bool {
	switch s {
	case "timestamp", "datetime", "date", "start-date", "stop-date":
		return true
	}
	return slices.Contains(c.words, s) || s != "" && maskToken.FindString(s) == s
}

func (c *comparer) differ(path, format string, args ...any) {
	c.diffs = append(c.diffs, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparer) same(want, got any, path string) {
	if s, ok := want.(string); ok && c.masked(s) {
		return
	}
	text, isText := got.(string)
	switch w := want.(type) {
	case map[string]any:
		if isText {
			got = parsed(text)
		}
		if g, ok := got.(map[string]any); ok {
			c.object(w, g, path)
			return
		}
	case []any:
		if isText {
			got = parsed(text)
		}
		if g, ok := got.([]any); ok {
			c.list(w, g, path)
			return
		}
	case string:
		if isText && c.text(w, text, path) {
			return
		}
	default:
		if isText && text != "" {
			got = parsed(text)
		}
		if reflect.DeepEqual(want, got) {
			return
		}
	}
	c.differ(path, "got %s, want %s", short(got), short(want))
}

func (c *comparer) object(want, got map[string]any, path string) {
	open := false // a masked name stands for any members
	for _, k := range names(want) {
		switch g, ok := got[k]; {
		case c.masked(k):
			open = true
		case want[k] == k: // the recorder put the name for the value
		case ok:
			c.same(want[k], g, path+"."+k)
		default:
			c.differ(path+"."+k, "missing, want %s", short(want[k]))
		}
	}
	for _, k := range names(got) {
		if _, ok := want[k]; !ok && !open {
			c.differ(path+"."+k, "not expected, got %s", short(got[k]))
		}
	}
}

func names(m map[string]any) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func (c *comparer) list(want, got []any, path string) {
	if len(want) != len(got) {
		c.differ(path, "%d items, want %d", len(got), len(want))
		return
	}
	for i := range want {
		c.same(want[i], got[i], path+"["+strconv.Itoa(i)+"]")
	}
}

// text compares strings; what it reports itself it calls the same.
func (c *comparer) text(want, got, path string) bool {
	if want == got || strconv.Quote(want) == got {
		return true
	}
	if rx := c.pattern(want); rx != nil && rx.MatchString(got) {
		return true
	}
	switch w := parsed(want).(type) {
	case string:
		return w != want && c.masked(w)
	case map[string]any, []any:
		c.same(w, parsed(got), path)
		return true
	}
	return false
}

// pattern is a recorded text with masked parts as a regular expression; nil where
// it has none.
func (c *comparer) pattern(want string) *regexp.Regexp {
	alternatives := []string{maskToken.String()}
	for _, w := range c.words {
		alternatives = append(alternatives, regexp.QuoteMeta(w))
	}
	parts := regexp.MustCompile(strings.Join(alternatives, "|")).FindAllStringIndex(want, -1)
	if parts == nil {
		return nil
	}
	var b strings.Builder
	b.WriteString("^(?s:")
	last := 0
	for _, p := range parts {
		b.WriteString(regexp.QuoteMeta(want[last:p[0]]) + ".*?")
		last = p[1]
	}
	b.WriteString(regexp.QuoteMeta(want[last:]) + ")$")
	return regexp.MustCompile(b.String())
}

func parsed(s string) any {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	return v
}

func short(v any) string {
	b, _ := json.Marshal(v) // what was decoded encodes
	return string(b[:min(len(b), 220)])
}
