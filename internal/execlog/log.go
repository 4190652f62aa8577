package execlog

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/jsonval"
)

// Config is what a Log is made of. Of, Event and Sink are required.
type Config struct {
	// Of gives the logging configuration of a state machine as it stands, by its ARN;
	// absent for none.
	Of func(stateMachineARN string) jsonval.Value
	// History reads what a notice holds by number alone: payloads of an execution that was
	// loaded from the store and passed them on unread. Nil: there are none.
	History func(ctx context.Context, p sfn.HistoryPage) ([]history.Event, string, error)
	// Event gives a history event as GetExecutionHistory shows it, with or without data.
	Event func(ev history.Event, withData bool) jsonval.Value
	// Mask takes secrets out of a record; nil: nothing.
	Mask func(jsonval.Value) jsonval.Value
	// Sink takes batches of records, in order. Its error says that some were lost.
	Sink func([]Record) error
	// Log is told the first of a row of errors; nil drops them.
	Log *slog.Logger
}

// Record is one record of a log group.
type Record struct {
	// Group is the log group's name.
	Group string
	// Type is the event's, ExecutionARN whose it is.
	Type, ExecutionARN string
	Time               time.Time
	Text               jsonval.Value
	TraceID            string
}

// wait is how long a record may wait for others.
const wait = 100 * time.Millisecond

// Log queues notices and writes their records.
type Log struct {
	cfg   Config
	queue *telemetry.Batcher[entry]
	told  bool // the goroutine's alone
}

// entry is what a configuration takes of one notice.
type entry struct {
	group    string
	withData bool
	arn      string
	trace    string
	redrives int64
	events   []history.Event
}

// New starts a Log; Close ends it.
func New(cfg Config) *Log {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	l := &Log{cfg: cfg}
	l.queue = telemetry.NewBatcher(telemetry.BatcherConfig[entry]{Size: 256, Queue: 32_768, Wait: wait, Attempts: 1, Send: l.write})
	return l
}

// Notice takes what happened to an execution. It does not block.
func (l *Log) Notice(n sfn.Notice) {
	if len(n.Events) == 0 {
		return
	}
	a, ok := sfn.ParseARN(n.ExecutionARN)
	if !ok {
		return
	}
	machine, _, _ := strings.Cut(a.Name, "/") // a child of a Map Run belongs to its parent's
	c := l.cfg.Of(sfn.ARN{Partition: a.Partition, Region: a.Region, Account: a.Account, Kind: "stateMachine", Name: machine}.String())
	level, _ := c.Get("level").Str()
	if level == "" || level == levelOff {
		return
	}
	events := wanted(n.Events, level)
	if len(events) == 0 {
		return
	}
	arn, _ := c.Get("destinations").Index(0).Get("cloudWatchLogsLogGroup").Get("logGroupArn").Str()
	group, ok := sfn.LogGroup(arn)
	if !ok {
		return // refused where it is configured
	}
	l.queue.Add(entry{group: group, withData: c.Get("includeExecutionData").Bool(), arn: n.ExecutionARN, trace: n.TraceID, redrives: n.Redrives, events: events})
}

func (l *Log) write(ctx context.Context, batch []entry) (d telemetry.Delivery[entry]) {
	var records []Record
	for _, e := range batch {
		for _, ev := range l.whole(ctx, e) {
			records = append(records, l.record(e, ev))
		}
	}
	err := l.cfg.Sink(records)
	if err != nil {
		d.Refused = len(batch)
		if !l.told {
			l.cfg.Log.Error("records of execution logs are lost", "error", err)
		}
	}
	l.told = err != nil
	return d
}

// record is an event as CloudWatch Logs shows it: ids, time and count are texts.
func (l *Log) record(e entry, ev history.Event) Record {
	var o jsonval.Object
	o.AddString("id", strconv.FormatInt(ev.ID, 10)).AddString("type", ev.Type)
	details := jsonval.EmptyObject
	if member := history.DetailsMember(ev.Type); member != "" {
		if v := l.cfg.Event(ev, e.withData).Get(member); v.Exists() {
			details = v
		}
	}
	o.Add("details", details).AddString("previous_event_id", strconv.FormatInt(ev.Previous, 10))
	o.AddString("event_timestamp", strconv.FormatInt(ev.Time, 10)).AddString("execution_arn", e.arn).AddString("redrive_count", strconv.FormatInt(e.redrives, 10))
	text := o.Value()
	if l.cfg.Mask != nil {
		text = l.cfg.Mask(text)
	}
	return Record{Group: e.group, Type: ev.Type, ExecutionARN: e.arn, Time: time.UnixMilli(ev.Time), Text: text, TraceID: e.trace}
}

// Dropped counts the notices whose records were lost.
func (l *Log) Dropped() uint64 {
	_, dropped := l.queue.Counts()
	return dropped
}

// Close writes what is queued, until ctx ends.
func (l *Log) Close(ctx context.Context) { l.queue.Close(ctx) }
