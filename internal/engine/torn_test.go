package engine

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stile/asl"
	rules "stile/asl/history"
	"stile/asl/interp"
	"stile/diag"
	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/jsonval"
)

// torn looks for groups of which a store holds a part: for each execution, its
// visibility, journal, history, frames and blobs must tell of the same turn; what
// the journal gives of one that runs p is what stands beside it. It reads a store
// that nobody writes, and counts the executions it looked at.
func torn(store kv.Store, p *asl.Program) (executions int, bad []string, err error) {
	var ids []record.ID
	err = store.Iterate(record.SpaceExecution, kv.Range{}, func(k, _ []byte) bool {
		if id := record.ID(k[:16]); len(ids) == 0 || ids[len(ids)-1] != id {
			ids = append(ids, id)
		}
		return true
	})
	for _, id := range ids {
		if err != nil {
			return 0, nil, err
		}
		var wrong string
		if wrong, err = tornOne(store, id, p); wrong != "" {
			bad = append(bad, fmt.Sprintf("execution %x is torn: %s", id, wrong))
		}
	}
	return len(ids), bad, err
}

func tornOne(store kv.Store, id record.ID, p *asl.Program) (string, error) {
	got, err := store.GetMany(record.SpaceExecution, [][]byte{id.Key(record.FixedPart), id.Key(record.StatePart)})
	if err != nil {
		return "", err
	}
	if got[0] == nil || got[1] == nil {
		return "its records are not all there", nil
	}
	fixed, state, err := record.DecodeBoth(got[0], got[1])
	if err != nil {
		return err.Error(), nil
	}
	var journal [][]byte
	gap := false
	err = store.Iterate(record.SpaceJournal, id.All(), func(k, v []byte) bool {
		journal = append(journal, bytes.Clone(v))
		gap = gap || record.Part(k, 0) != uint64(len(journal))
		return true
	})
	if err != nil {
		return "", err
	}
	if gap || uint64(len(journal)) != state.Seq {
		return fmt.Sprintf("its record is of turn %d, its journal has %d, gaps: %v", state.Seq, len(journal), gap), nil
	}
	wrong, events, ended, err := tornHistory(store, id)
	if wrong != "" || err != nil {
		return wrong, err
	}
	if ended != (state.Status != record.Running) {
		return fmt.Sprintf("its status is %s, the end in its history: %v", state.Status, ended), nil
	}
	var frames []uint64
	err = store.Iterate(record.SpaceFrame, id.All(), func(k, _ []byte) bool { frames = append(frames, record.Part(k, 0)); return true })
	if err != nil || fixed.Child != "" {
		return "", err
	}
	wantEvents, wantFrames := again(store, id, p, journal)
	if events != wantEvents || !slices.Equal(frames, wantFrames) {
		return fmt.Sprintf("%d events and frames %v, its journal gives %d and %v", events, frames, wantEvents, wantFrames), nil
	}
	return "", nil
}

// again gives how many events and which frames come of a journal.
func again(store kv.Store, id record.ID, p *asl.Program, journal [][]byte) (events int, frames []uint64) {
	x := interp.New(p, interp.Env{
		Token: func(string, string, uint64, uint32, int64) string { return "token" },
		LoadBlob: func(n uint64) (jsonval.Value, error) {
			got, err := store.GetMany(record.SpaceBlob, [][]byte{id.Key(n)})
			if err != nil || got[0] == nil {
				return jsonval.Value{}, fmt.Errorf("blob %d: %w", n, errors.Join(err, codec.ErrRecord))
			}
			return jsonval.Parse(got[0][1:])
		},
	})
	there := map[uint64]bool{}
	for _, record := range journal {
		ev, err := interp.DecodeEvent(record)
		if err != nil {
			return -1, nil
		}
		ch := x.Apply(ev)
		events += len(ch.History)
		for _, f := range ch.Frames {
			if there[uint64(f.Key)] = true; f.Data == nil {
				delete(there, uint64(f.Key))
			}
		}
	}
	return events, slices.Sorted(maps.Keys(there))
}

func tornHistory(store kv.Store, id record.ID) (wrong string, events int, ended bool, err error) {
	var check rules.Checker
	var blobs [][]byte
	err = store.Iterate(record.SpaceHistory, id.All(), func(_, v []byte) bool {
		row, bad := record.DecodeHistory(v)
		if bad != nil {
			wrong = bad.Error()
			return false
		}
		events += len(row)
		for i := range row {
			if wrong = check.Add(&row[i]); wrong != "" {
				return false
			}
			d := &row[i].Details
			for _, p := range []*rules.Payload{d.Input, d.Output, d.Parameters} {
				if p != nil && p.Blob != 0 {
					blobs = append(blobs, id.Key(p.Blob))
				}
			}
		}
		return true
	})
	if wrong != "" || err != nil {
		return wrong, 0, false, err
	}
	got, err := store.GetMany(record.SpaceBlob, blobs)
	for i, b := range got {
		if b == nil {
			wrong = fmt.Sprintf("blob %d of its history is not there", record.Part(blobs[i], 0))
		}
	}
	return wrong, events, check.Ended(), err
}

func programOf(definition string) *asl.Program {
	p, _ := asl.Parse(diag.NewSource("definition", definition))
	return p
}

// TestTornIsFound takes each kind of record of an execution away, one at a time.
func TestTornIsFound(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		p := programOf(parked)
		start(t, h, create(t, h, "m", parked), "n", parkedInput())
		time.Sleep(time.Second)
		synctest.Wait()
		if n, bad, err := torn(store, p); n != 1 || len(bad) > 0 || err != nil {
			t.Fatalf("%d executions, %v, %v", n, bad, err)
		}
		for _, space := range []kv.Space{record.SpaceExecution, record.SpaceJournal, record.SpaceHistory, record.SpaceFrame, record.SpaceBlob} {
			var key, value []byte // the last
			err := store.Iterate(space, kv.Range{}, func(k, v []byte) bool {
				if space != record.SpaceExecution || record.Part(k, 0) <= record.StatePart {
					key, value = bytes.Clone(k), bytes.Clone(v)
				}
				return true
			})
			if err != nil || key == nil {
				t.Fatalf("space %x: %v", space, err)
			}
			if err := commitNow(store, 1, []kv.Op{{Kind: kv.Delete, Space: space, Key: key}}); err != nil {
				t.Fatal(err)
			}
			if _, bad, err := torn(store, p); len(bad) != 1 || err != nil {
				t.Errorf("space %x without its last record: %v, %v", space, bad, err)
			}
			if err := commitNow(store, 1, []kv.Op{{Kind: kv.Set, Space: space, Key: key, Value: value}}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
