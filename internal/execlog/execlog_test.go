package execlog

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

const (
	machineARN = "arn:aws:states:us-east-1:111111111111:stateMachine:m"
	quickARN   = "arn:aws:states:us-east-1:111111111111:express:m:n:u"
)

func configured(level string, data bool, group string) jsonval.Value {
	return jsonval.MustParse(`{"destinations":[{"cloudWatchLogsLogGroup":{"logGroupArn":"` + sfn.LogGroupARN("us-east-1", "111111111111", group) +
		`"}}],"includeExecutionData":` + jsonval.OfBool(data).Text() + `,"level":"` + level + `"}`)
}

// shown is an event with one member for its details; the wire's has more.
func shown(ev history.Event, withData bool) jsonval.Value {
	var o, d jsonval.Object
	d.AddString("name", ev.Details.Name)
	if withData && ev.Details.Output != nil {
		d.AddString("output", ev.Details.Output.Value.Text())
	}
	if member := history.DetailsMember(ev.Type); member != "" {
		o.Add(member, d.Value())
	}
	return o.Value()
}

func failing() []history.Event {
	return []history.Event{
		{ID: 1, Time: 1700000000123, Type: "ExecutionStarted"},
		{ID: 2, Time: 1700000000123, Type: "TaskStateEntered", Details: history.Details{Name: "T"}},
		{ID: 3, Previous: 2, Time: 1700000000124, Type: "TaskFailed"},
		{ID: 4, Previous: 3, Time: 1700000000124, Type: "TaskStateExited", Details: history.Details{Name: "T",
			Output: &history.Payload{Value: jsonval.MustParse(`"secret"`)}}},
		{ID: 5, Previous: 4, Time: 1700000000125, Type: "FailStateEntered"},
		{ID: 6, Previous: 5, Time: 1700000000125, Type: "MapStateAborted"},
		{ID: 7, Previous: 6, Time: 1700000000126, Type: "ExecutionFailed"},
	}
}

// TestLevels: which events each level takes, and that payloads stand in records only
// where the configuration says so.
func TestLevels(t *testing.T) {
	for _, tt := range []struct {
		level string
		ids   string
	}{{"ALL", "1 2 3 4 5 6 7"}, {"ERROR", "3 5 6 7"}, {"FATAL", "7"}, {"OFF", ""}} {
		for _, data := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var got []Record
				l := New(Config{Event: shown, Sink: func(r []Record) error { got = append(got, r...); return nil },
					Of: func(arn string) jsonval.Value {
						if arn != machineARN {
							t.Errorf("asked for %s", arn)
						}
						return configured(tt.level, data, "/g")
					}})
				l.Notice(sfn.Notice{ExecutionARN: quickARN, Events: failing()})
				l.Close(context.Background())
				var ids []string
				all := ""
				for _, r := range got {
					id, _ := r.Text.Get("id").Str()
					ids, all = append(ids, id), all+r.Text.Text()
				}
				if strings.Join(ids, " ") != tt.ids {
					t.Errorf("%s: %v, want %s", tt.level, ids, tt.ids)
				}
				if want := data && tt.level == "ALL"; strings.Contains(all, "secret") != want {
					t.Errorf("%s, data %v: %s", tt.level, data, all)
				}
			})
		}
	}
}

// TestRecord: AWS's members in AWS's order, masked.
func TestRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Record
		l := New(Config{Event: shown, Of: func(string) jsonval.Value { return configured("ALL", true, "/aws/vendedlogs/states/m") },
			Mask: func(v jsonval.Value) jsonval.Value {
				return jsonval.MustParse(strings.ReplaceAll(v.Text(), "secret", "***"))
			},
			Sink: func(r []Record) error { got = append(got, r...); return nil }})
		l.Notice(sfn.Notice{ExecutionARN: "arn:aws:states:us-east-1:111111111111:execution:m/Each:u", TraceID: "t", Events: failing()[3:]})
		l.Notice(sfn.Notice{ExecutionARN: "arn:aws:states:us-east-1:111111111111:execution:m:e", Status: sfn.Running})
		l.Close(context.Background())
		if len(got) != 4 || got[0].Group != "/aws/vendedlogs/states/m" || got[0].TraceID != "t" || got[0].Time.UnixMilli() != 1700000000124 {
			t.Fatalf("%+v", got)
		}
		want := `{"id":"4","type":"TaskStateExited","details":{"name":"T","output":"\"***\""},"previous_event_id":"3",` +
			`"event_timestamp":"1700000000124","execution_arn":"arn:aws:states:us-east-1:111111111111:execution:m/Each:u","redrive_count":"0"}`
		if got[0].Text.Text() != want {
			t.Errorf("got  %s\nwant %s", got[0].Text.Text(), want)
		}
		if d := got[2].Text.Get("details"); d.Text() != "{}" { // a type without details
			t.Errorf("MapStateAborted has %s", d.Text())
		}
	})
}

// TestALossIsToldAndCounted, once for a row of losses.
func TestALossIsToldAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		broken := true
		l := New(Config{Event: shown, Of: func(string) jsonval.Value { return configured("ALL", true, "/g") }, Log: slog.New(slog.NewTextHandler(&text, nil)),
			Sink: func([]Record) error {
				if broken {
					return errors.New("disk full")
				}
				return nil
			}})
		for _, bad := range []bool{true, true, false, true} {
			broken = bad
			l.Notice(sfn.Notice{ExecutionARN: quickARN, Events: failing()[:1]})
			time.Sleep(2 * wait)
			synctest.Wait()
		}
		l.Close(context.Background())
		if got := strings.Count(text.String(), "disk full"); got != 2 || l.Dropped() != 3 {
			t.Errorf("told %d times, %d dropped: %s", got, l.Dropped(), &text)
		}
	})
}

// TestFolder: a file for each group, appended to; a name leads nowhere else.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	f := Folder{filepath.Join(dir, "logs")}
	record := func(group, text string) Record { return Record{Group: group, Text: jsonval.MustParse(text)} }
	for range 2 {
		if err := f.Write([]Record{record("/aws/states/a", "1"), record("b", "2"), record("/aws/states/a", "3")}); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"aws/states/a.jsonl": "1\n3\n1\n3\n", "b.jsonl": "2\n2\n"} {
		got, err := os.ReadFile(filepath.Join(dir, "logs", filepath.FromSlash(name)))
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, group := range []string{"../b", "/a/../../b", "..", ".", "/", "", "a/..."} {
		if path, ok := f.Path(group); ok {
			t.Errorf("%q is %s", group, path)
		}
		if err := f.Write([]Record{record(group, "1"), record("good", "1")}); err == nil {
			t.Errorf("%q was written", group)
		}
	}
	var names []string
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	if want := []string{"logs/aws/states/a.jsonl", "logs/b.jsonl", "logs/good.jsonl"}; !slices.Equal(names, want) {
		t.Errorf("files %v", names)
	}
}

// TestPayloadsByNumberAreRead, from the end of the history back, and only where they
// are to be shown.
func TestPayloadsByNumberAreRead(t *testing.T) {
	number := func(id int64) history.Event {
		return history.Event{ID: id, Type: "TaskStateExited", Details: history.Details{Output: &history.Payload{Blob: 7}}}
	}
	for _, data := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var got []Record
			pages := 0
			l := New(Config{Event: shown, Of: func(string) jsonval.Value { return configured("ALL", data, "/g") },
				Sink: func(r []Record) error { got = append(got, r...); return nil },
				History: func(_ context.Context, p sfn.HistoryPage) ([]history.Event, string, error) {
					pages++
					if !p.Reverse || p.ExecutionARN != quickARN {
						t.Errorf("asked for %+v", p)
					}
					ev := number(int64(5 - pages))
					ev.Details.Output = &history.Payload{Blob: 7, Value: jsonval.MustParse(`"large"`)}
					return []history.Event{ev}, "more", nil
				}})
			l.Notice(sfn.Notice{ExecutionARN: quickARN, Events: []history.Event{number(3)}})
			l.Close(context.Background())
			if out, _ := got[0].Text.Get("details").Get("output").Str(); (out == `"large"`) != data || data != (pages == 2) {
				t.Errorf("data %v: %s after %d pages", data, got[0].Text.Text(), pages)
			}
		})
	}
}
