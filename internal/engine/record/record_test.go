package record

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/keyring"
	"stile/internal/engine/redrive"
	"stile/internal/sfn"
	"stile/jsonval"
)

func text(t *rapid.T, label string) string { return rapid.String().Draw(t, label) }

func maybe(t *rapid.T, label string) *string {
	return rapid.Ptr(rapid.String(), true).Draw(t, label)
}

func payload(t *rapid.T, label string) interp.Payload {
	if n := rapid.Uint64().Draw(t, label); n%2 == 1 {
		return interp.Payload{Blob: n}
	}
	return interp.Payload{Value: jsonval.OfString(text(t, label))}
}

var exact = cmp.AllowUnexported(Fixed{}, State{}, Work{}, Health{}, Token{}, Index{}, Run{}, jsonval.Value{})

// roundTrip encodes and decodes; every cut of the record is refused, none panics.
func roundTrip[T any](t *rapid.T, want T, encoded []byte, decode func([]byte) (T, error)) {
	got, err := decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Fatal(diff)
	}
	for n := range len(encoded) {
		if _, err := decode(encoded[:n]); err == nil {
			t.Fatalf("%d of %d bytes decode", n, len(encoded))
		}
	}
	encoded[0] = 99
	if _, err := decode(encoded); err == nil {
		t.Fatal("a record of another format decodes")
	}
}

func TestRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fixed{Revision: rapid.Uint64().Draw(t, "revision"), Start: rapid.Int64().Draw(t, "start"), Input: payload(t, "input")}
		for _, s := range f.texts() {
			*s = text(t, "text")
		}
		roundTrip(t, f, f.Encode(), DecodeFixed)

		st := State{
			Status: Status(rapid.IntRange(1, 5).Draw(t, "status")), State: text(t, "state"), Waiting: text(t, "waiting"),
			Seq: rapid.Uint64().Draw(t, "seq"), Last: rapid.Int64().Draw(t, "last"), Quarantine: text(t, "quarantine"),
		}
		st.Told = rapid.Uint64().Draw(t, "told")
		if st.Status == Running {
			st.Health = Health{
				Status: byte(rapid.IntRange(0, len(healthStatuses)-1).Draw(t, "health")), Reason: byte(rapid.IntRange(0, len(healthReasons)-1).Draw(t, "reason")),
				State: text(t, "health state"), Since: rapid.Int64().Draw(t, "health since"), Until: rapid.Int64().Draw(t, "until"),
				Command: rapid.Uint64().Draw(t, "command"), Send: rapid.Uint32().Draw(t, "health send"), Check: rapid.Int64().Draw(t, "check"),
			}
		} else {
			st.Stop, st.Output, st.Err, st.Cause = rapid.Int64().Draw(t, "stop"), payload(t, "output"), maybe(t, "err"), maybe(t, "cause")
		}
		if rapid.Bool().Draw(t, "redriven") {
			st.Redrive = redrive.State{Count: rapid.Uint32().Draw(t, "redrives"), At: rapid.Int64().Draw(t, "at"), Events: 7, Run: rapid.Uint32().Draw(t, "of the run")}
		}
		roundTrip(t, st, st.Encode(), DecodeState)

		w := Work{
			Phase: Phase(rapid.IntRange(1, 4).Draw(t, "phase")), Attempt: rapid.Uint32().Draw(t, "attempt"), Send: rapid.Uint32().Draw(t, "send"),
			Epoch: rapid.Uint64().Draw(t, "epoch"), Token: rapid.Bool().Draw(t, "token"), Since: rapid.Int64().Draw(t, "since"),
			Expires: rapid.Int64().Draw(t, "expires"), State: text(t, "state"),
			Entered: rapid.Int64().Draw(t, "entered"), Trouble: sfn.Trouble(rapid.Byte().Draw(t, "trouble")), Refused: rapid.Uint32().Draw(t, "refused"),
		}
		roundTrip(t, w, w.Encode(), DecodeWork)
		k := Token{text(t, "id"), text(t, "digest"), rapid.Int64().Draw(t, "at")}
		roundTrip(t, k, k.Encode(), DecodeToken)
		i := Index{Status(rapid.IntRange(1, 5).Draw(t, "status")), rapid.Int64().Draw(t, "stop")}
		roundTrip(t, i, i.Encode(), DecodeIndex)
	})
}

// TestWithoutRedrives: what ended before there were redrives, and what has none, has
// the same bytes.
func TestWithoutRedrives(t *testing.T) {
	st := State{Status: StatusOf(sfn.Failed), Stop: 5}
	b := st.Encode()
	if got, err := DecodeState(b); b[0] != healthFormat || err != nil || got.Redrive.Events != 0 {
		t.Errorf("%v, %+v, %v", b[0], got, err)
	}
}

// TestAnyBytes feeds what is no record at all.
func TestAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := append([]byte{codec.Format}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
		b[0] = byte(rapid.IntRange(codec.Format, redriveFormat).Draw(t, "format"))
		_, _ = DecodeFixed(b)
		_, _ = DecodeState(b)
		_, _ = DecodeWork(b)
		_, _ = keyring.Decode(b)
		_, _ = redrive.Decode(b)
		_, _ = DecodeProgress(b)
		_, _ = DecodeChildRow(b)
		_, _ = DecodeHistory(b)
	})
}

func TestAfter(t *testing.T) {
	for _, c := range []struct{ in, want []byte }{
		{[]byte("a"), []byte("b")}, {[]byte{1, 0xff}, []byte{2}}, {[]byte{0xff, 0xff}, nil}, {[]byte{1, 2}, []byte{1, 3}},
	} {
		if diff := cmp.Diff(c.want, After(c.in)); diff != "" {
			t.Error(diff)
		}
	}
}
