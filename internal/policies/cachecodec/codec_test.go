package cachecodec

import (
	"bytes"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/cache/cachetest"
	"stile/internal/cache/rediscache"
	"stile/internal/redis/redistest"
	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

func token(text string) library.Token { return library.ParseToken(clr.NewMachine(nil), text) }

// shown compares what has pointers inside by its text.
var shown = cmp.Options{
	cmp.Comparer(func(a, b clr.Decimal) bool { return a.String() == b.String() && a.Scale == b.Scale }),
	cmp.Comparer(func(a, b *clr.Type) bool { return clr.Same(a, b) }),
	cmp.Comparer(func(a, b library.Token) bool { return same(a, b) && library.CompactJSON(a) == library.CompactJSON(b) }),
}

// TestTypes: a value comes back with its type, or is not taken.
func TestTypes(t *testing.T) {
	for _, v := range []any{
		nil, true, false, "", "grüß\x00\xff", int8(-128), int16(-1), int32(math.MinInt32), int64(math.MaxInt64), uint8(255), uint16(7), uint32(math.MaxUint32),
		uint64(math.MaxUint64), float32(1.5), math.Inf(-1), 0.1, clr.Decimal{}, clr.Decimal{N: new(big.Int).Neg(clr.MaxCoefficient), Scale: 28},
		clr.Char('ü'), clr.DateTime{Ticks: clr.MaxTicks, Kind: clr.KindUTC}, clr.DateTimeOffset{Ticks: 5, Offset: -90}, clr.TimeSpan(-1), clr.GUID{1, 15: 2},
		[]byte{}, []byte("\x00\x01"), clr.StringArray([]string{"a", ""}), clr.StringArray(nil),
		&clr.List{Elem: clr.TypeObject, Items: []any{int32(1), nil, &clr.Array{Elem: clr.TypeInt, Items: []any{int32(2)}}}},
	} {
		b, ok := Encode(Value{Value: v})
		if !ok {
			t.Errorf("%T %v is not taken", v, v)
			continue
		}
		back, ok := Decode(b)
		if list, is := v.(*clr.List); is {
			v = &clr.List{Elem: list.Elem, Items: list.Items}
		}
		if d := cmp.Diff(any(Value{Value: v}), back, shown); !ok || d != "" {
			t.Errorf("%T %v: %v, %s", v, v, ok, d)
		}
	}
	if b, ok := Encode(Value{Value: 7, Refresh: time.Unix(5, 0)}); !ok {
		t.Error("a host's int")
	} else if v, _ := Decode(b); v.(Value).Value != int32(7) || !v.(Value).Refresh.Equal(time.Unix(5, 0)) {
		t.Errorf("%+v", v)
	}
	for _, v := range []any{struct{}{}, clr.Enum{}, &clr.Seq{}, &clr.List{Elem: clr.TypeMath, Items: nil}, &clr.List{Elem: clr.TypeObject, Items: []any{&clr.Seq{}}},
		strings.Repeat("x", MaxBytes)} {
		if _, ok := Encode(Value{Value: v}); ok {
			t.Errorf("%T is taken", v)
		}
	}
	if _, ok := Encode("plain"); ok {
		t.Error("what is no entry is taken")
	}
}

// TestTokens: JSON comes back as it was, each value of its kind; where the text does
// not say the kind, it is not taken.
func TestTokens(t *testing.T) {
	for _, text := range []string{`{"a":1,"b":[1.5,"x",null,true,{}],"":"2024-05-01T10:00:00Z"}`, `[]`, `"x"`, `12345678901234567890123`, `null`} {
		want := token(text)
		b, ok := Encode(Value{Value: want})
		back, ok2 := Decode(b)
		if !ok || !ok2 || !cmp.Equal(want, back.(Value).Value, shown) {
			t.Errorf("%s: %v %v, %+v", text, ok, ok2, back)
		}
	}
	// A string that looks like a date would come back as a date.
	s := token(`["x"]`)
	childrenOf(s)[0].(*library.JValue).Value = clr.DateTime{Ticks: 7}
	if _, ok := Encode(Value{Value: s}); ok {
		t.Error("a token whose text says another kind is taken")
	}
}

func answer() *Response {
	r := &Response{Status: 207, Reason: "Multi", Body: []byte("body")}
	r.Header.Add("A", "1")
	r.Header.Add("a", "2")
	r.Header.Add("Content-Type", "text/plain")
	return r
}

func fields(h exchange.Header) (out []string) {
	h.Each(func(name, value string) { out = append(out, name+": "+value) })
	return out
}

// TestResponses come back whole, as an entry and as a value.
func TestResponses(t *testing.T) {
	want := answer()
	b, ok := Encode(want)
	v, ok2 := Decode(b)
	got, isAnswer := v.(*Response)
	if !ok || !ok2 || !isAnswer || got.Status != 207 || got.Reason != "Multi" || !bytes.Equal(got.Body, want.Body) || !cmp.Equal(fields(got.Header), fields(want.Header)) {
		t.Errorf("%v %v, %+v", ok, ok2, v)
	}
	b, ok = Encode(Value{Value: &exchange.Response{StatusCode: 201, Header: want.Header, Body: exchange.Text("made")}})
	v, ok2 = Decode(b)
	value, _ := v.(Value)
	res, isResponse := value.Value.(*exchange.Response)
	if !ok || !ok2 || !isResponse || res.StatusCode != 201 || len(fields(res.Header)) != 3 {
		t.Fatalf("%v %v, %+v", ok, ok2, v)
	}
	if body, err := res.Body.Bytes(); err != nil || string(body) != "made" {
		t.Errorf("%q, %v", body, err)
	}
}

// TestDamage: with any bit turned, cut anywhere, or of another version, it is a miss.
func TestDamage(t *testing.T) {
	for _, v := range []any{answer(), Value{Value: &clr.List{Elem: clr.TypeObject, Items: []any{"a", clr.Decimal{N: big.NewInt(5)}, token(`{"a":[1]}`)}}}} {
		b, _ := Encode(v)
		for i := range b {
			for bit := range 8 {
				bad := bytes.Clone(b)
				bad[i] ^= 1 << bit
				if _, ok := Decode(bad); ok {
					t.Fatalf("bit %d of byte %d", bit, i)
				}
			}
			if _, ok := Decode(b[:i]); ok {
				t.Fatalf("cut at %d", i)
			}
		}
		if _, ok := Decode(append(bytes.Clone(b), 0)); ok {
			t.Error("with a byte more")
		}
	}
}

// FuzzDecode: bytes whose checksum is right are read or refused, and what is read is
// written the same way.
func FuzzDecode(f *testing.F) {
	for _, v := range []any{answer(), Value{}, Value{Value: "x", Refresh: time.Unix(1, 0)}, Value{Value: clr.StringArray([]string{"a"})}, Value{Value: token(`{"a":[1,"b"]}`)}} {
		b, _ := Encode(v)
		f.Add(b[1 : len(b)-sum])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, ok := Decode(checked(append([]byte{format}, body...)))
		if !ok {
			return
		}
		b, ok := Encode(v)
		if !ok {
			return // JSON whose text another text stands for
		}
		again, ok := Decode(b)
		if b2, _ := Encode(again); !ok || !bytes.Equal(b, b2) {
			t.Errorf("%q", body)
		}
	})
}

// TestConformance over Redis, whose time a test moves.
func TestConformance(t *testing.T) {
	mini, link := redistest.Mini(t)
	cachetest.Run(t, New(rediscache.New(link)), mini.FastForward, func(s string) any { return Value{Value: s} }, text)
	t.Run("redis-server", func(t *testing.T) {
		cachetest.Run(t, New(rediscache.New(redistest.Start(t).Link())), nil, func(s string) any { return Value{Value: s} }, text)
	})
}

func text(v any) string {
	s, _ := v.(Value).Value.(string)
	return s
}

// TestForeign: what another has put under our key is a miss, and no error; a value that
// cannot be kept takes the old one away.
func TestForeign(t *testing.T) {
	mini, link := redistest.Mini(t)
	c, now := New(rediscache.New(link)), time.Unix(1_700_000_000, 0)
	key := link.Key("cache", "k")
	for name, plant := range map[string]func(){
		"text": func() { _ = mini.Set(key, "hello"); mini.SetTTL(key, time.Hour) },
		"list": func() { _, _ = mini.Push(key, "a") },
		"endless": func() {
			b, _ := Encode(Value{Value: "x"})
			_ = mini.Set(key, string(b))
		},
	} {
		mini.Del(key)
		plant()
		if v, _, ok, err := c.Get(t.Context(), "k", now); ok || err != nil {
			t.Errorf("%s: %v, %v", name, v, err)
		}
		if err := c.Put(t.Context(), "k", Value{Value: "mine"}, 4, time.Minute, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if v, _, ok, _ := c.Get(t.Context(), "k", now); !ok || text(v) != "mine" {
			t.Errorf("%s: %v after it was put", name, v)
		}
	}
	if err := c.Put(t.Context(), "k", Value{Value: &clr.Seq{}}, 1, time.Minute, now); err != policy.ErrNotKept {
		t.Error(err)
	}
	if _, _, ok, _ := c.Get(t.Context(), "k", now); ok {
		t.Error("the old value is there")
	}
}
