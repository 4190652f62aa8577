package jsonpath

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"stile/jsonval"
)

func TestCompileReference(t *testing.T) {
	for _, text := range []string{`$`, `$.a`, `$.a.b[0]['c d']`, `$[3]`} {
		if _, err := CompileReference(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`$.*`, `$..a`, `$[-1]`, `$[0,1]`, `$[1:]`, `$['a','b']`, `$[?(@.a)]`, `$.a.length()`, `$$`, `$x.y`, ``} {
		if _, err := CompileReference(text); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func TestSet(t *testing.T) {
	for _, c := range []struct{ path, doc, want string }{
		{`$`, `{"a":1}`, `9`},
		{`$.b`, `{"a":1}`, `{"a":1,"b":9}`},
		{`$.a`, `{"a":1,"b":2}`, `{"a":9,"b":2}`},
		{`$.x.y.z`, `{"a":1}`, `{"a":1,"x":{"y":{"z":9}}}`},
		{`$.l[1].k`, `{"l":[1,{"k":2,"m":3}]}`, `{"l":[1,{"k":9,"m":3}]}`},
		{`$[0]`, `[1,2]`, `[9,2]`},
	} {
		r, err := CompileReference(c.path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Set(jsonval.MustParse(c.doc), jsonval.OfInt(9))
		if err != nil || got.Text() != c.want {
			t.Errorf("%s on %s: %s %v, want %s", c.path, c.doc, got.Text(), err, c.want)
		}
	}
	for _, c := range []struct{ path, doc, step string }{
		{`$.a.b`, `{"a":1}`, "b"}, {`$.a`, `[1]`, "a"}, {`$.a`, `"x"`, "a"}, {`$.l[2]`, `{"l":[1]}`, "2"},
		{`$.l[0]`, `{}`, "0"}, {`$.a.b.c`, `{"a":{"b":null}}`, "c"},
	} {
		r, err := CompileReference(c.path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Set(jsonval.MustParse(c.doc), jsonval.OfInt(9))
		var pe *PlaceError
		if !errors.As(err, &pe) || pe.Step != c.step {
			t.Errorf("%s on %s: %v, want step %s", c.path, c.doc, err, c.step)
		}
	}
}

func TestMissingStep(t *testing.T) {
	r, err := CompileReference(`$.a.b[1].c`)
	if err != nil {
		t.Fatal(err)
	}
	for doc, want := range map[string]string{`{}`: "a", `{"a":1}`: "b", `{"a":{"b":[]}}`: "1", `{"a":{"b":[0,{}]}}`: "c"} {
		if step, ok := r.MissingStep(jsonval.MustParse(doc)); !ok || step != want {
			t.Errorf("%s: %q %v, want %s", doc, step, ok, want)
		}
	}
	if step, ok := r.MissingStep(jsonval.MustParse(`{"a":{"b":[0,{"c":1}]}}`)); ok {
		t.Errorf("nothing is missing, but %q is said to be", step)
	}
}

// anyJSON draws a small JSON value.
func anyJSON(depth int) *rapid.Generator[jsonval.Value] {
	names := rapid.SampledFrom([]string{"a", "b", "c", "d e", `q"`})
	return rapid.Custom(func(t *rapid.T) jsonval.Value {
		kind := rapid.IntRange(0, 4).Draw(t, "kind")
		if depth == 0 {
			kind = min(kind, 2)
		}
		switch kind {
		case 0:
			return jsonval.OfInt(rapid.Int64Range(-9, 9).Draw(t, "n"))
		case 1:
			return jsonval.OfString(rapid.String().Draw(t, "s"))
		case 2:
			return jsonval.NullValue
		case 3:
			return jsonval.OfItems(rapid.SliceOfN(anyJSON(depth-1), 0, 3).Draw(t, "items")...)
		}
		v := jsonval.EmptyObject
		for i := range rapid.IntRange(0, 3).Draw(t, "members") {
			v = v.Set(names.Draw(t, fmt.Sprint("name", i)), anyJSON(depth-1).Draw(t, "m"))
		}
		return v
	})
}

// What Set puts in, Eval finds; everything beside the way stays as it was; a Set
// of what is there changes nothing; where Set fails, Eval would not have found a value.
func TestSetThenEval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := anyJSON(3).Draw(t, "doc")
		text := "$"
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			text += rapid.SampledFrom([]string{".a", ".b", "['d e']", `['q"']`, "[0]", "[1]"}).Draw(t, "step")
		}
		r, err := CompileReference(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		before, missing := r.Eval(doc)
		put := anyJSON(2).Draw(t, "put")
		after, err := r.Set(doc, put)
		if err != nil {
			if missing == nil {
				t.Fatalf("Set fails where Eval finds %s: %v", before.Text(), err)
			}
			if after.Text() != doc.Text() {
				t.Fatalf("a failed Set gives %s", after.Text())
			}
			return
		}
		got, err := r.Eval(after)
		if err != nil || !jsonval.Equal(got, put) {
			t.Fatalf("Set %s then Eval gives %s %v", put.Text(), got.Text(), err)
		}
		if missing == nil {
			back, err := r.Set(after, before)
			if err != nil || !jsonval.Equal(back, doc) {
				t.Fatalf("putting %s back gives %s %v, want %s", before.Text(), back.Text(), err, doc.Text())
			}
		}
		if doc.Kind() == jsonval.ObjectKind && len(r.Steps()) > 0 {
			for _, n := range doc.Names() {
				if n != r.Steps()[0] && !jsonval.Equal(doc.Get(n), after.Get(n)) {
					t.Fatalf("member %q changed", n)
				}
			}
		}
	})
}
