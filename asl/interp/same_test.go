package interp

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// comparer compares answers with recorded ones by the rules of the corpus
// (FORMAT.md, "Comparing"): masked values match anything, JSON texts compare as
// JSON, numbers by value.
type comparer struct {
	words []string // this case's own wildcards
	diffs []string
}

var maskToken = regexp.MustCompile(`<<[A-Za-z][^<>]*>[^<>]*>|<[A-Za-z][^<>]*>`)

func (c *comparer) masked(s string) bool {
	switch s {
	case "timestamp", "datetime", "date", "start-date", "stop-date":
		return true
	}
	return slices.Contains(c.words, s) || maskToken.FindString(s) == s && s != ""
}

func (c *comparer) differ(path, format string, args ...any) {
	c.diffs = append(c.diffs, path+": "+fmt.Sprintf(format, args...))
}

// same compares want, as recorded, with got.
func (c *comparer) same(want, got any, path string) {
	if s, ok := want.(string); ok && c.masked(s) {
		return
	}
	switch w := want.(type) {
	case map[string]any:
		if s, ok := got.(string); ok {
			got = parsed(s)
		}
		if g, ok := got.(map[string]any); ok {
			c.sameObject(w, g, path)
			return
		}
	case []any:
		if s, ok := got.(string); ok {
			got = parsed(s)
		}
		if g, ok := got.([]any); ok {
			c.sameList(w, g, path)
			return
		}
	case float64, bool, nil:
		if s, ok := got.(string); ok && s != "" {
			got = parsed(s)
		}
		if reflect.DeepEqual(want, got) {
			return
		}
	case string:
		if g, ok := got.(string); ok && c.sameText(w, g, path) {
			return
		}
	}
	c.differ(path, "got %s, want %s", short(got), short(want))
}

func (c *comparer) sameObject(want, got map[string]any, path string) {
	open := false
	for k, w := range want {
		if c.masked(k) {
			open = true
			continue
		}
		if s, ok := w.(string); ok && k == "timestamp" && c.masked(s) {
			continue
		}
		if g, ok := got[k]; ok {
			c.same(w, g, path+"."+k)
		} else {
			c.differ(path+"."+k, "missing, want %s", short(w))
		}
	}
	for k, g := range got {
		if _, ok := want[k]; !ok && !open {
			c.differ(path+"."+k, "not expected, got %s", short(g))
		}
	}
}

func (c *comparer) sameList(want, got []any, path string) {
	if len(want) != len(got) {
		c.differ(path, "%d items, want %d", len(got), len(want))
		return
	}
	for i := range want {
		c.same(want[i], got[i], path+"["+strconv.Itoa(i)+"]")
	}
}

// sameText compares strings; what it reports itself it calls the same.
func (c *comparer) sameText(want, got, path string) bool {
	if want == got || strconv.Quote(want) == got {
		return true
	}
	if rx := c.pattern(want); rx != nil && rx.MatchString(got) {
		return true
	}
	w := parsed(want)
	switch w.(type) {
	case string:
		if w != want && c.masked(w.(string)) {
			return true
		}
	case map[string]any, []any:
		c.same(w, parsed(got), path)
		return true
	}
	return false
}

// pattern is a recorded text with masked parts as a regular expression.
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
	b, _ := json.Marshal(v)
	return string(b[:min(len(b), 220)])
}
