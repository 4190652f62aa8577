package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/asl/interp"
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

var exact = cmp.AllowUnexported(fixedRecord{}, stateRecord{}, workRecord{}, healthRecord{}, tokenRecord{}, indexRecord{}, runRecord{}, jsonval.Value{})

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
		f := fixedRecord{revision: rapid.Uint64().Draw(t, "revision"), start: rapid.Int64().Draw(t, "start"), input: payload(t, "input")}
		for _, s := range f.texts() {
			*s = text(t, "text")
		}
		roundTrip(t, f, f.encode(), decodeFixed)

		st := stateRecord{
			status: statusCode(rapid.IntRange(1, 5).Draw(t, "status")), state: text(t, "state"), waiting: text(t, "waiting"),
			seq: rapid.Uint64().Draw(t, "seq"), last: rapid.Int64().Draw(t, "last"), quarantine: text(t, "quarantine"),
		}
		st.told = rapid.Uint64().Draw(t, "told")
		if st.status == running {
			st.health = healthRecord{
				status: byte(rapid.IntRange(0, len(healthStatuses)-1).Draw(t, "health")), reason: byte(rapid.IntRange(0, len(healthReasons)-1).Draw(t, "reason")),
				state: text(t, "health state"), since: rapid.Int64().Draw(t, "health since"), until: rapid.Int64().Draw(t, "until"),
				command: rapid.Uint64().Draw(t, "command"), send: rapid.Uint32().Draw(t, "health send"), check: rapid.Int64().Draw(t, "check"),
			}
		} else {
			st.stop, st.output, st.err, st.cause = rapid.Int64().Draw(t, "stop"), payload(t, "output"), maybe(t, "err"), maybe(t, "cause")
		}
		if rapid.Bool().Draw(t, "redriven") {
			st.redrive = redrive.State{Count: rapid.Uint32().Draw(t, "redrives"), At: rapid.Int64().Draw(t, "at"), Events: 7, Run: rapid.Uint32().Draw(t, "of the run")}
		}
		roundTrip(t, st, st.encode(), decodeState)

		w := workRecord{
			phase: workPhase(rapid.IntRange(1, 4).Draw(t, "phase")), attempt: rapid.Uint32().Draw(t, "attempt"), send: rapid.Uint32().Draw(t, "send"),
			epoch: rapid.Uint64().Draw(t, "epoch"), token: rapid.Bool().Draw(t, "token"), since: rapid.Int64().Draw(t, "since"),
			expires: rapid.Int64().Draw(t, "expires"), state: text(t, "state"),
			entered: rapid.Int64().Draw(t, "entered"), trouble: sfn.Trouble(rapid.Byte().Draw(t, "trouble")), refused: rapid.Uint32().Draw(t, "refused"),
		}
		roundTrip(t, w, w.encode(), decodeWork)
		k := tokenRecord{text(t, "id"), text(t, "digest"), rapid.Int64().Draw(t, "at")}
		roundTrip(t, k, k.encode(), decodeToken)
		i := indexRecord{statusCode(rapid.IntRange(1, 5).Draw(t, "status")), rapid.Int64().Draw(t, "stop")}
		roundTrip(t, i, i.encode(), decodeIndex)
	})
}

// TestAnyBytes feeds what is no record at all.
func TestAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := append([]byte{recordFormat}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
		b[0] = byte(rapid.IntRange(recordFormat, redriveFormat).Draw(t, "format"))
		_, _ = decodeFixed(b)
		_, _ = decodeState(b)
		_, _ = decodeWork(b)
		_, _ = decodeMachine(b)
		_, _ = keyring.Decode(b)
		_, _ = redrive.Decode(b)
		_, _ = decodeProgress(b)
		_, _ = decodeChildRow(b)
		_, _ = decodeHistoryRow(b)
	})
}

func TestAfter(t *testing.T) {
	for _, c := range []struct{ in, want []byte }{
		{[]byte("a"), []byte("b")}, {[]byte{1, 0xff}, []byte{2}}, {[]byte{0xff, 0xff}, nil}, {[]byte{1, 2}, []byte{1, 3}},
	} {
		if diff := cmp.Diff(c.want, after(c.in)); diff != "" {
			t.Error(diff)
		}
	}
}
