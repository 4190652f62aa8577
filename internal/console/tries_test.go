package console

import (
	"strconv"
	"strings"
	"testing"

	"stile/internal/gatetrace"
)

func keepsSecret(text string) string { return strings.ReplaceAll(text, "literal-secret", "***") }

// TestTriesHoldNoCredentials, and are for who sent them.
func TestTriesHoldNoCredentials(t *testing.T) {
	mem := &tries{kept: map[string]sentTry{}}
	call := TryCall{Target: "/a?x=1", Body: "b", Headers: []gatetrace.Field{{Name: "Authorization", Value: "Bearer x"}, {Name: "X-Shop", Value: "k"},
		{Name: "X-Plain", Value: "1"}, {Name: "X-Odd", Value: "a literal-secret"}, {Name: "Cookie", Value: "c"}}}
	mem.remember("one", "ada", "x-shop", &call, keepsSecret)
	got, ok := mem.find("one", "ada")
	if !ok || len(got.call.Headers) != 1 || got.call.Headers[0].Name != "X-Plain" || strings.Join(got.lacking, " ") != "Authorization X-Shop X-Odd Cookie" || got.call.Body != "b" {
		t.Errorf("%v %+v", ok, got)
	}
	if len(call.Headers) != 5 {
		t.Error("the call itself was changed")
	}
	if _, ok := mem.find("one", "bob"); ok {
		t.Error("another one is given it")
	}
	for name, c := range map[string]TryCall{"body": {Target: "/a", Body: "literal-secret"}, "target": {Target: "/literal-secret"}, "query": {Target: "/a?code=7"},
		"escaped": {Target: "/a?%63ode=7"}, "broken": {Target: "/a?%zz=7"}, "long": {Target: "/a", Body: strings.Repeat("x", maxTryBytes)}} {
		mem.remember(name, "ada", "", &c, keepsSecret)
		if _, ok := mem.find(name, "ada"); ok {
			t.Errorf("%s is remembered", name)
		}
	}
}

// TestTriesAreBounded in number and bytes; the newest stay.
func TestTriesAreBounded(t *testing.T) {
	for _, size := range []int{1, maxTryBytes - 10} {
		mem := &tries{kept: map[string]sentTry{}}
		for i := range 2 * maxTries {
			mem.remember(strconv.Itoa(i), "ada", "", &TryCall{Target: "/", Body: strings.Repeat("x", size)}, keepsSecret)
		}
		want := min(maxTries, maxTriesRoom/(size+1))
		_, newest := mem.find(strconv.Itoa(2*maxTries-1), "ada")
		_, older := mem.find(strconv.Itoa(2*maxTries-1-want), "ada")
		if len(mem.kept) != want || len(mem.order) != want || mem.bytes != want*(size+1) || !newest || older {
			t.Errorf("%d: %d and %d kept, %d bytes, %v %v", size, len(mem.kept), len(mem.order), mem.bytes, newest, older)
		}
	}
}
