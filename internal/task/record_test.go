package task

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stile/policy/exchange"
)

// TestRecordsAreAsEncodingJSONWritesThem: byte for byte, with every field drawn, also
// those that the shapes get later.
func TestRecordsAreAsEncodingJSONWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rec callRecord
		fill(t, reflect.ValueOf(&rec).Elem())
		want, err := json.Marshal(&rec)
		if err != nil {
			t.Fatal(err)
		}
		if got := rec.value().Text(); got != string(want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}

// fill draws a value for every field.
func fill(t *rapid.T, v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
		return
	case *string:
		*x = rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[ -~]{1,9}`), rapid.String()).Draw(t, "text")
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "set") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 2).Draw(t, "items"); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i))
			}
		}
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	default:
		v.SetInt(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(-5, 1<<40)).Draw(t, "n"))
	}
}

// TestARecordOfATimeThatHasNoText is empty, as it always was.
func TestARecordOfATimeThatHasNoText(t *testing.T) {
	rec := callRecord{Calls: []exchange.Call{{Start: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}}
	if v := rec.value(); v.Exists() {
		t.Errorf("%s", v.Text())
	}
}
