package odata

import (
	"strings"
	"testing"
)

func one(name, value string) Request {
	return Request{Path: "/Products", Query: []Option{{name, value}}}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name, value, version string
		ok                   bool
	}{
		{"$filter", "Name eq 'O''Neil'", "4.0", true},
		{"$filter", "not (Price gt 5.20 and contains(Name,'x')) or Id eq 3d1a2b4c-0000-4000-8000-0123456789ab", "4.0", true},
		{"$filter", "Created ge 2026-01-31T07:08:09Z and Size in (1,2,3)", "4.0", true},
		{"$filter", "Tags/any(t: t/Name eq 'a' and t/Size gt @p) and Kind has Shop.Color'Red'", "4.0", true},
		{"$filter", "Price add 2 mul -3 eq year(Date) mod 2", "4.0", true},
		{"$filter", "Name eq", "4.0", false}, {"$filter", "", "4.0", false}, {"$filter", "(a eq 1", "4.0", false}, {"$filter", "a eq 'x", "4.0", false},
		{"$filter", "a eq 1 b", "4.0", false}, {"$filter", "eq 1", "4.0", false}, {"$filter", "a eq 1; drop", "4.0", false}, {"$filter", "f(a,)", "4.0", false},
		{"$orderby", "Name desc, Price asc,length(Name)", "4.0", true}, {"$orderby", "Name,", "4.0", false}, {"$orderby", "Name down", "4.0", false},
		{"$select", "*,Name,Address/City,Shop.*", "4.0", true}, {"$select", "Na me", "4.0", false}, {"$select", "a//b", "4.0", false}, {"$select", "", "4.0", false},
		{"$expand", "Items($filter=Price lt 3;$select=Name;$expand=Maker($levels=max)),Maker/$ref", "4.0", true},
		{"$expand", "Items($foo=1)", "4.0", false}, {"$expand", "Items($top=x)", "4.0", false}, {"$expand", "Items(", "4.0", false}, {"$expand", "Items($top=1)", "3.0", false},
		{"$top", "0", "4.0", true}, {"$top", "-1", "4.0", false}, {"$top", "5x", "4.0", false}, {"$top", "9999999999999999999", "4.0", false},
		{"$count", "true", "4.0", true}, {"$count", "1", "4.0", false}, {"$count", "true", "3.0", false},
		{"$inlinecount", "allpages", "3.0", true}, {"$inlinecount", "allpages", "4.0", false},
		{"$search", `"big mug" AND NOT (red OR blue) x`, "4.0", true}, {"$search", "a AND", "4.0", false}, {"$search", "(a", "4.0", false}, {"$search", `"a`, "4.0", false},
		{"$format", "json", "4.0", true}, {"$format", " ", "4.0", false},
		{"$compute", "Price mul 2 as Double", "4.01", true}, {"$compute", "Price", "4.01", false}, {"$compute", "Price as P", "4.0", false},
		{"$apply", "groupby((Name),aggregate(Price with sum as P))", "4.0", true}, {"$apply", "groupby((Name)", "4.0", false},
		{"$index", "-1", "4.01", true}, {"$index", "x", "4.01", false},
		{"filter", "a eq", "4.0", true}, {"filter", "a eq", "4.01", false}, {"$Filter", "a eq 1", "4.01", true}, {"$Filter", "a eq 1", "4.0", false},
		{"$levels", "1", "4.0", false}, {"$foo", "1", "4.0", false}, {"foo", "(", "4.0", true}, {"@p", "'x'", "4.0", true},
	} {
		r := one(c.name, c.value)
		r.Version = c.version
		if faults := Check(r, Rules{Default: "4.0"}); (len(faults) == 0) != c.ok {
			t.Errorf("%s=%s in %s: %q", c.name, c.value, c.version, faults)
		}
	}
}

func TestPaths(t *testing.T) {
	for path, ok := range map[string]bool{
		"/": true, "": true, "/Products": true, "/Products(1)/Name/$value": true, "/Products(Id=1,Kind='a,b')": true, "/Products('a%2Fb')": true, "/$metadata": true,
		"/Products/$count": true, "/Shop.Best(n=@p)": true, "/Products('it''s')": true,
		"/Products(": false, "/Products(1": false, "/Products('x)": false, "/a//b": false, "/$foo": false, "/(1)": false, "/$metadata/x": false, "/Products(1 eq)": false, "/a%zz": false,
	} {
		if faults := Check(Request{Path: path}, Rules{Default: "4.0"}); (len(faults) == 0) != ok {
			t.Errorf("%s: %q", path, faults)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		version, most string
		rules         Rules
		faults        int
	}{
		{"", "", Rules{"4.0", "4.0", "4.01"}, 0}, {"4.01", "4.01", Rules{"4.0", "", "4.01"}, 0}, {"4.01", "", Rules{"4.0", "", "4.0"}, 1},
		{"3.0", "", Rules{"4.0", "4.0", ""}, 1}, {"5", "x", Rules{Default: "4.0"}, 2}, {"", "", Rules{"3.0", "4.0", ""}, 1},
	} {
		if faults := Check(Request{Version: c.version, MaxVersion: c.most}, c.rules); len(faults) != c.faults {
			t.Errorf("%+v: %q", c, faults)
		}
	}
}

// TestNestingEnds: bombs are refused, not followed.
func TestNestingEnds(t *testing.T) {
	deep := strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000)
	for _, r := range []Request{one("$filter", deep), one("$search", deep), one("$expand", "a"+strings.Repeat("($expand=a", 5000)+strings.Repeat(")", 5000)),
		one("$filter", strings.Repeat("f(", 50_000)), {Path: "/a" + deep}} {
		if len(Check(r, Rules{Default: "4.0"})) == 0 {
			t.Error("a bomb passes")
		}
	}
}

// FuzzRequest: every request is judged, and alike again.
func FuzzRequest(f *testing.F) {
	f.Add("/P(1)", "$filter", "a eq 'b' and c/any(d:d lt 1)")
	f.Add("/P", "$expand", "A($select=b;$expand=C)")
	f.Fuzz(func(t *testing.T, path, name, value string) {
		r := Request{Path: path, Query: []Option{{name, value}}}
		a, b := Check(r, Rules{Default: "4.0"}), Check(r, Rules{Default: "4.0"})
		if strings.Join(a, "\n") != strings.Join(b, "\n") {
			t.Fatal("two judgements")
		}
	})
}
