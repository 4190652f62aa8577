package value

import (
	"testing"

	"stile/jsonval"
)

// FuzzRead holds that text that is read lazily, member by member, and text that is
// read whole are the same value, and that what is written is read again.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"\u0061":[1,{"b":"]}\""}],"2":{},"10":[]}`, `[-0,1e400,"\ud800",[[[]]],null]`, ` {"": { } , "x" : [ ] } `, `"\u0000\\"`, `12`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, err := jsonval.ParseString(text)
		if err != nil {
			return
		}
		lazy := From(in)
		whole, err := Stringify(lazy, false)
		if err != nil || lazy.Kind() == StringKind {
			return
		}
		for _, m := range lazy.Object().safe() {
			if !Equal(lazy.Get(m.Name), m.Value) {
				t.Fatalf("%s: member %q differs", text, m.Name)
			}
		}
		it := lazy.Iterate()
		for i, want := range lazy.Items() {
			at, ok := lazy.At(i)
			next, more := it.Next()
			if !ok || !more || at.Kind() != want.Kind() || next.Kind() != want.Kind() {
				t.Fatalf("%s: item %d differs", text, i)
			}
		}
		again, err := jsonval.ParseString(whole)
		if err != nil {
			t.Fatalf("%s is written as %s: %v", text, whole, err)
		}
		if twice, err := Stringify(From(again), false); err != nil || twice != whole {
			t.Fatalf("%s is written as %s, then as %s", text, whole, twice)
		}
	})
}

// safe gives the members, none of no object.
func (o *Object) safe() []Member {
	if o == nil {
		return nil
	}
	return o.Members()
}
