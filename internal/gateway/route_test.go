package gateway

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stile/internal/apim"
	"stile/policy/exchange"
)

// expression is the plain meaning of a URL template.
func expression(template string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?i)^")
	for _, seg := range strings.Split(strings.Trim(template, "/"), "/") {
		switch {
		case seg == "":
		case seg == "*":
			b.WriteString("(/.*)?")
		default:
			b.WriteString("/" + regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(seg), "[^/]+"))
		}
	}
	b.WriteString("/?$")
	return regexp.MustCompile(b.String())
}

// ranks gives how specific each segment of a template is.
func ranks(template string) []int {
	var out []int
	for _, seg := range strings.Split(strings.Trim(template, "/"), "/") {
		switch {
		case seg == "":
		case seg == "*":
			out = append(out, 3)
		case !strings.Contains(seg, "{"):
			out = append(out, 0)
		case strings.HasPrefix(seg, "{") && strings.HasSuffix(seg, "}"):
			out = append(out, 2)
		default:
			out = append(out, 1)
		}
	}
	return out
}

// moreSpecific compares two templates at the first segment where they differ in
// rank.
func moreSpecific(a, b string) bool {
	ra, rb := ranks(a), ranks(b)
	sa, sb := strings.Split(a, "/")[1:], strings.Split(b, "/")[1:]
	for i := 0; i < len(ra) && i < len(rb); i++ {
		if ra[i] != rb[i] {
			return ra[i] < rb[i]
		}
		if i < len(sa) && i < len(sb) && !strings.EqualFold(sa[i], sb[i]) {
			return false // of two different mixed segments neither outranks the other
		}
	}
	return len(ra) < len(rb) // /a ends where /a/* goes on with nothing
}

// TestMatchProperties: whatever the templates, a path reaches an operation exactly
// when some template means it, and then the most specific one, segment by
// segment; the parameters put back give the path.
func TestMatchProperties(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "A", "{x}", "v-{x}", "{x}.js", "v-{x}.js"})
	rapid.Check(t, func(t *rapid.T) {
		var root opNode
		var templates []string
		for range rapid.IntRange(1, 8).Draw(t, "templates") {
			parts := rapid.SliceOfN(segment, 0, 3).Draw(t, "segments")
			for i := range parts {
				parts[i] = strings.ReplaceAll(parts[i], "{x}", "{x"+string(rune('0'+i))+"}")
			}
			template := "/" + strings.Join(parts, "/")
			if rapid.Bool().Draw(t, "wild") {
				template = strings.TrimSuffix(template, "/") + "/*"
			}
			o := &operation{noun: &apim.Operation{Operation: exchange.Operation{ID: template, Method: "GET", URLTemplate: template}}}
			if root.add(o) == nil {
				templates = append(templates, template)
			}
		}
		path := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "B", "c", "v-1", "x.js", "v-2.js", "v-.js", "v-"}), 0, 4).Draw(t, "path"), "/")
		if rapid.Bool().Draw(t, "slash") {
			path = strings.TrimSuffix(path, "/") + "/"
		}
		var values [maxParams]string
		got := root.match(path, wanted{method: "GET"}, &values, 0)
		if root.match(path, wanted{method: "POST"}, &values, 0) != nil {
			t.Fatal("another method matched")
		}
		if got == nil {
			for _, template := range templates {
				if expression(template).MatchString(path) {
					t.Fatalf("%s means %s and was not found among %v", template, path, templates)
				}
			}
			return
		}
		found := got.noun.URLTemplate
		if !expression(found).MatchString(path) {
			t.Fatalf("%s was found for %s and does not mean it", found, path)
		}
		for _, template := range templates {
			if expression(template).MatchString(path) && moreSpecific(template, found) {
				t.Fatalf("%s was found for %s, %s is more specific", found, path, template)
			}
		}
		root.match(path, wanted{method: "GET"}, &values, 0)
		back := found
		for i, name := range got.template.names {
			back = strings.Replace(back, "{"+name+"}", values[i], 1)
		}
		back = strings.TrimSuffix(back, "*")
		if !strings.HasPrefix(strings.ToLower(path)+"/", strings.ToLower(strings.TrimSuffix(back, "/"))) {
			t.Fatalf("%s with %v gives %s, not %s", found, values[:len(got.template.names)], back, path)
		}
	})
}
