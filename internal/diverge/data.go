package diverge

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"stile/jsonval"
)

// longest is how many bytes of a value's text a difference shows.
const longest = 1024

// data compares two payloads, member by member and item by item.
func (c *comparer) data(at place, what string, a, b jsonval.Value, events [2]int64) {
	if c.Data {
		c.values(at, what, "", a, b, events)
	}
}

func (c *comparer) values(at place, what, pointer string, a, b jsonval.Value, events [2]int64) {
	if bytes.Equal(a.Raw(), b.Raw()) {
		return
	}
	switch {
	case !a.Exists() || !b.Exists():
	case a.Kind() == jsonval.ObjectKind && b.Kind() == jsonval.ObjectKind:
		rest := map[string]jsonval.Value{}
		for _, m := range b.Members() {
			rest[m.Name] = m.Value
		}
		for _, m := range a.Members() {
			c.values(at, what, pointer+"/"+escape(m.Name), m.Value, rest[m.Name], events)
			delete(rest, m.Name)
		}
		for _, m := range b.Members() {
			if v, left := rest[m.Name]; left {
				c.values(at, what, pointer+"/"+escape(m.Name), jsonval.Value{}, v, events)
			}
		}
		return
	case a.Kind() == jsonval.ArrayKind && b.Kind() == jsonval.ArrayKind:
		x, y := a.Items(), b.Items()
		for i := range max(len(x), len(y)) {
			c.values(at, what, pointer+"/"+strconv.Itoa(i), item(x, i), item(y, i), events)
		}
		return
	default:
		if jsonval.Equal(a, b) {
			return
		}
		x, isText := a.Str()
		y, areTexts := b.Str()
		if isText && areTexts && !c.exact && c.plain(0, x) == c.plain(1, y) {
			return
		}
	}
	if a.Exists() && a.Kind() == b.Kind() && jsonval.Equal(a, b) {
		return
	}
	d := Difference{Kind: Data, What: what, Pointer: pointer, Events: events}
	// A value that is passed on differs everywhere in the same way.
	key := pointer + "\x00" + a.Text() + "\x00" + b.Text()
	for _, told := range c.told {
		if told[key] {
			c.Carried++
			return
		}
	}
	c.told[len(c.told)-1][key] = true
	var cutOld, cutNew bool
	d.Old, cutOld = short(a)
	d.New, cutNew = short(b)
	d.Cut = cutOld || cutNew
	c.add(at, d)
}

func item(list []jsonval.Value, i int) jsonval.Value {
	if i < len(list) {
		return list[i]
	}
	return jsonval.Value{}
}

// escape is a member's name in a JSON pointer (RFC 6901 section 3).
func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// short is a value that may be shown, else the beginning of its text.
func short(v jsonval.Value) (jsonval.Value, bool) {
	if len(v.Raw()) <= longest {
		return v, false
	}
	text, isText := v.Str()
	if !isText {
		text = v.Compact().Text()
	}
	n := min(longest, len(text))
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return jsonval.OfString(text[:n] + "…"), true
}

// passing are the texts that differ between any two executions: ARNs of executions
// and Map Runs, task tokens (which are longer than any word), UUIDs, digests, trace
// headers (W3C), times of RFC 3339 and of HTTP.
var passing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`arn:[\w-]+:states:[\w-]*:\d*:(execution|express|mapRun):([^:/\s"]+)[:/][^\s"',)\]}]+`), "arn:$1:$2"},
	{regexp.MustCompile(`\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`), "<id>"},
	{regexp.MustCompile(`\b00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b`), "<id>"},
	{regexp.MustCompile(`\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16})\b`), "<id>"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`), "<time>"},
	{regexp.MustCompile(`\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`), "<time>"},
	{regexp.MustCompile(`[\w+/=-]{100,}`), "<token>"},
}

// plain is a text without what differs always.
func (c *comparer) plain(side int, s string) string {
	if s == c.names[side] {
		return "<name>"
	}
	for _, p := range passing {
		s = p.pattern.ReplaceAllString(s, p.with)
	}
	return s
}
