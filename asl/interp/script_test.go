package interp

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"stile/jsonval"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata/*.txtar")

// TestScripts runs testdata/*.txtar. Each archive holds a definition, an input, maybe
// the answers of a test case, a script of what happens and the golden log: the history, the commands and what
// the script asks for with "show". The script's lines:
//
//	task STATE ok JSON           the attempt succeeds
//	task STATE fail ERROR CAUSE  it fails; "definite" before fail: an answer was seen
//	task STATE submit JSON       a token or .sync request was accepted
//	task STATE started WORKER    a worker took an activity's task
//	task STATE beat              a heartbeat
//	run STATE ok JSON            the Map Run succeeds; "fail ERROR CAUSE": it fails;
//	                             "abort": it was aborted
//	late-run STATE ok JSON       the end of a Map Run that is over: must be a stray
//	missing ARN …                these activities do not exist from now on
//	again                        the last event once more: must be a stray
//	late STATE ok JSON           an answer for an attempt that is over: must be a stray
//	advance 5s                   all timers up to then come due, one event each
//	continue                     resume a slice
//	stop ERROR CAUSE             StopExecution
//	redrive                      RedriveExecution; "redrive refused" must be a stray
//	show                         status, state, waiting, open tasks and timers
//	express                      first line only: the execution is an Express one
//	limits KEY=N …               first line only: transitions, bytes, payload, history
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, ar, live)
			if again := runScript(t, ar, restored); again != got {
				t.Errorf("restored before each event (-live +restored):\n%s", cmp.Diff(got, again))
			}
			golden := part(ar, "log")
			if *update {
				golden.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(golden.Data), got); d != "" {
				t.Errorf("log (-want +got):\n%s", d)
			}
		})
	}
}

func part(ar *txtar.Archive, name string) *txtar.File {
	for i := range ar.Files {
		if ar.Files[i].Name == name {
			return &ar.Files[i]
		}
	}
	ar.Files = append(ar.Files, txtar.File{Name: name})
	return &ar.Files[len(ar.Files)-1]
}

// player runs one script on a rig and writes the log.
type player struct {
	*rig
	log   strings.Builder
	zero  int64
	last  Event
	seen  int // history events in the log
	cmds  int // commands in the log
	spent map[string]Command
}

func runScript(t *testing.T, ar *txtar.Archive, m mode) string {
	p := &player{rig: newRig(t, compile(t, string(part(ar, "definition").Data)), m), spent: map[string]Command{}}
	p.zero = p.now
	lines := strings.Split(strings.TrimSpace(string(part(ar, "script").Data)), "\n")
	if rest, ok := strings.CutPrefix(lines[0], "limits "); ok {
		for _, kv := range strings.Fields(rest) {
			name, n, _ := strings.Cut(kv, "=")
			fmt.Sscan(n, map[string]*int{"transitions": &p.env.SliceTransitions, "bytes": &p.env.SliceBytes,
				"payload": &p.env.MaxPayload, "history": &p.env.MaxHistory}[name])
		}
		lines = lines[1:]
	}
	for _, f := range ar.Files {
		if f.Name == "mocks" {
			p.start.Mocks = jsonval.MustParse(string(f.Data))
		}
	}
	if lines[0] == "express" {
		p.start.Type, lines = "EXPRESS", lines[1:]
	}
	p.open()
	p.begin(strings.TrimSpace(string(part(ar, "input").Data)))
	p.write("start")
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			p.line(line)
		}
	}
	p.replay()
	return p.log.String()
}

func (p *player) line(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "task", "late":
		p.task(verb, rest)
	case "run", "late-run":
		p.run(verb, rest)
	case "missing":
		p.missing = strings.Fields(rest)
	case "again":
		p.feed(p.last, true)
	case "advance":
		p.advance(rest)
	case "continue":
		p.feed(Event{Kind: EventContinue}, false)
	case "stop":
		name, cause, _ := strings.Cut(rest, " ")
		p.feed(Event{Kind: EventStop, Error: name, Cause: cause}, false)
	case "redrive":
		if rest != "refused" {
			p.done = nil
		}
		p.feed(Event{Kind: EventRedriven}, rest == "refused")
	case "show":
		fmt.Fprintf(&p.log, "status %s, state %q, waits for %q, more %v\n", p.x.Status(), p.x.State(), p.x.Waiting(), p.more)
		for _, c := range p.x.Outstanding() {
			p.log.WriteString("  due: " + p.command(c) + "\n")
		}
		return
	default:
		p.t.Fatalf("script: %q", line)
	}
	p.write(line)
}

func (p *player) task(verb, rest string) {
	state, what, _ := strings.Cut(rest, " ")
	c, ok := p.spent[state]
	if verb == "task" {
		for _, open := range p.tasks {
			if open.State == state {
				c, ok = open, true
			}
		}
	}
	if !ok {
		p.t.Fatalf("script: no task of %s", state)
	}
	what, definite := strings.CutPrefix(what, "definite ")
	what, rest, _ = strings.Cut(what, " ")
	ev := Event{Command: c.ID, Attempt: c.Attempt, Definite: definite}
	switch what {
	case "ok":
		ev.Kind, ev.Output = EventTaskSucceeded, jsonval.MustParse(rest)
	case "submit":
		ev.Kind, ev.Output = EventTaskSubmitted, jsonval.MustParse(rest)
	case "fail":
		ev.Kind = EventTaskFailed
		ev.Error, ev.Cause, _ = strings.Cut(rest, " ")
	case "started":
		ev.Kind, ev.WorkerName = EventTaskStarted, rest
	case "beat":
		ev.Kind = EventHeartbeat
	default:
		p.t.Fatalf("script: task %s %q", state, what)
	}
	if ev.Kind == EventTaskSucceeded || ev.Kind == EventTaskFailed {
		p.spent[state] = c
		for i := range p.tasks {
			if p.tasks[i].ID == c.ID && p.tasks[i].Attempt == c.Attempt {
				p.tasks = append(p.tasks[:i:i], p.tasks[i+1:]...)
				break
			}
		}
	}
	p.feed(ev, verb == "late")
}

func (p *player) run(verb, rest string) {
	state, what, _ := strings.Cut(rest, " ")
	c, ok := p.spent[state]
	if verb == "run" {
		for i, open := range p.runs {
			if open.State == state {
				c, ok = open, true
				p.runs = append(p.runs[:i:i], p.runs[i+1:]...)
				break
			}
		}
	}
	if !ok {
		p.t.Fatalf("script: no Map Run of %s", state)
	}
	p.spent[state] = c
	ev := Event{Kind: EventMapRunEnded, Command: c.ID}
	switch what, rest, _ = strings.Cut(what, " "); what {
	case "ok":
		ev.Output = jsonval.MustParse(rest)
	case "fail":
		ev.Error, ev.Cause, _ = strings.Cut(rest, " ")
	case "abort":
	default:
		p.t.Fatalf("script: run %s %q", state, what)
	}
	p.feed(ev, verb == "late-run")
}

func (p *player) feed(ev Event, stray bool) {
	p.t.Helper()
	p.last = ev
	if ch := p.apply(ev); ch.Stray != stray {
		p.t.Fatalf("event %+v: stray is %v", ev, ch.Stray)
	}
}

func (p *player) advance(by string) {
	var seconds float64
	if _, err := fmt.Sscanf(by, "%fs", &seconds); err != nil {
		p.t.Fatalf("script: advance %s: %v", by, err)
	}
	until := p.now + int64(1000*seconds)
	for p.done == nil {
		due := false
		for _, c := range p.timers {
			due = due || c.At <= until
		}
		if !due {
			break
		}
		p.tick()
	}
	p.now = until
}

// write logs what came since the last line.
func (p *player) write(line string) {
	fmt.Fprintf(&p.log, "> %s\n", line)
	for ; p.seen < len(p.history); p.seen++ {
		h := p.history[p.seen]
		fmt.Fprintf(&p.log, "%d %d %s%s\n", h.ID, h.Previous, h.Type, details(&h))
	}
	for ; p.cmds < len(p.all); p.cmds++ {
		p.log.WriteString("  " + p.command(p.all[p.cmds]) + "\n")
	}
}

func (p *player) command(c Command) string {
	at := func(ms int64) string { return fmt.Sprintf("+%gs", float64(ms-p.zero)/1000) }
	switch c.Kind {
	case ScheduleTask:
		s := fmt.Sprintf("schedule %s #%d.%d key %d %s", c.State, c.ID, c.Attempt, c.KeyID, c.Parameters.Value.Text())
		if c.TaskToken != "" {
			s += " " + c.TaskToken
		}
		if c.TimeoutAt != 0 {
			s += " until " + at(c.TimeoutAt)
		}
		if c.Mock.Exists() {
			s += " mock " + c.Mock.Text()
		}
		return s
	case StartTimer:
		return fmt.Sprintf("timer %d at %s", c.Timer, at(c.At))
	case StartMapRun:
		return "start run " + p.spec(c)
	case RedriveMapRun:
		return fmt.Sprintf("redrive run of %s #%d, time %d", c.State, c.ID, c.Attempt)
	case StopMapRun:
		return fmt.Sprintf("stop run of %s #%d", c.State, c.ID)
	case CancelTimer:
		return fmt.Sprintf("cancel timer %d", c.Timer)
	}
	return fmt.Sprintf("cancel %s #%d.%d", c.State, c.ID, c.Attempt)
}

// spec prints what a Map Run is to do.
func (p *player) spec(c Command) string {
	m := c.MapRun
	var b strings.Builder
	fmt.Fprintf(&b, "%s #%d %s", c.State, c.ID, m.ARN[strings.LastIndexByte(m.ARN, ':')+1:])
	payload := func(name string, v Payload) {
		if v.Blob != 0 {
			fmt.Fprintf(&b, " %s=@%d", name, v.Blob)
		} else if v.Value.Exists() {
			fmt.Fprintf(&b, " %s=%s", name, v.Value.Text())
		}
	}
	payload("items", m.Items)
	payload("reader", m.Reader)
	if m.ItemsPointer != "" {
		b.WriteString(" at " + m.ItemsPointer)
	}
	payload("writer", m.Writer)
	payload("batch", m.BatchInput)
	payload("in", m.Input)
	if m.Context.Blob != 0 || m.Context.Value.Exists() {
		b.WriteString(" context")
	}
	for _, v := range m.Variables {
		payload("$"+v.Name, Payload{Blob: v.Blob, Value: v.Value})
	}
	fmt.Fprintf(&b, " max %d, batches %d %d, concurrency %d, tolerates %d %g%%", m.MaxItems, m.MaxItemsPerBatch,
		m.MaxInputBytesPerBatch, m.MaxConcurrency, m.ToleratedFailureCount, m.ToleratedFailurePercentage)
	return b.String()
}

// details prints what an event carries, shortly.
func details(h *HistoryEvent) string {
	d, s := &h.Details, ""
	add := func(name, v string) {
		if v != "" {
			s += " " + name + "=" + v
		}
	}
	payload := func(name string, v *Payload) {
		if v == nil {
			return
		}
		text := v.Value.Text()
		if len(text) > 80 {
			text = fmt.Sprintf("%s…(%d bytes)", text[:20], len(text))
		}
		if v.Blob != 0 {
			text += fmt.Sprintf("@%d", v.Blob)
		}
		add(name, text)
	}
	number := func(name string, n *int64) {
		if n != nil {
			add(name, fmt.Sprint(*n))
		}
	}
	add("name", d.Name)
	number("index", d.Index)
	number("length", d.Length)
	number("redrives", d.RedriveCount)
	payload("in", d.Input)
	payload("out", d.Output)
	payload("params", d.Parameters)
	for _, v := range d.AssignedVariables {
		add("$"+v.Name, v.Value.Text())
	}
	number("timeout", d.TimeoutSeconds)
	number("heartbeat", d.HeartbeatSeconds)
	add("worker", d.WorkerName)
	add("run", d.MapRunARN)
	if d.Error != nil {
		add("error", *d.Error)
	}
	if d.Cause != nil {
		add("cause", jsonval.Quote(*d.Cause))
	}
	return s
}
