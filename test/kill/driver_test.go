package kill

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// The kinds of executions, by what they wait for.
const (
	kindWait     = "wait"
	kindToken    = "token"
	kindActivity = "activity"
	kindMap      = "map"
)

var kinds = []string{kindWait, kindToken, kindActivity, kindMap}

const (
	account     = "111111111111"
	arnPrefix   = "arn:aws:states:" + region + ":" + account + ":"
	activityARN = arnPrefix + "activity:work"
	roleARN     = "arn:aws:iam::" + account + ":role/states"
	forever     = 100_000 // seconds of a Wait that is stopped
	// reserve is how many executions of each kind the driver leaves open; a kill that
	// counts finds at least leastOpen.
	reserve, leastOpen = 32, 20
	window             = 20 * time.Millisecond
)

var definitions = map[string]string{
	kindWait: `{"StartAt":"W","States":{"W":{"Type":"Wait","SecondsPath":"$.seconds","End":true}}}`,
	kindToken: `{"StartAt":"Ask","States":{"Ask":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke.waitForTaskToken",
 "Parameters":{"ApiEndpoint":"sink.execute-api.us-east-1.amazonaws.com","Method":"POST","Path":"/sink/ask","AuthType":"IAM_ROLE",
 "RequestBody":{"execution.$":"$$.Execution.Name","token.$":"$$.Task.Token","attempt.$":"$$.State.RetryCount"}},
 "Catch":[{"ErrorEquals":["Refused"],"Next":"No"}],"End":true},"No":{"Type":"Pass","End":true}}}`,
	kindActivity: `{"StartAt":"Do","States":{"Do":{"Type":"Task","Resource":"` + activityARN + `",
 "Catch":[{"ErrorEquals":["Refused"],"Next":"No"}],"End":true},"No":{"Type":"Pass","End":true}}}`,
	kindMap: `{"StartAt":"Each","States":{"Each":{"Type":"Map","ItemsPath":"$.items","ItemSelector":{"item.$":"$$.Map.Item.Value","seconds.$":"$.seconds"},"End":true,
 "ItemProcessor":{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","ResultPath":null,
 "Parameters":{"ApiEndpoint":"sink.execute-api.us-east-1.amazonaws.com","Method":"POST","Path":"/sink/work","AuthType":"IAM_ROLE",
 "RequestBody":{"execution.$":"$$.Execution.Name","item.$":"$.item","attempt.$":"$$.State.RetryCount"}},
 "Retry":[{"ErrorEquals":["ApiGateway.503"],"IntervalSeconds":1,"MaxAttempts":3}],"Next":"Pause"},
 "Pause":{"Type":"Wait","SecondsPath":"$.seconds","End":true}}}}}}`,
}

// execution is what the driver knows of one, from acknowledgements alone.
type execution struct {
	kind, name, input string
	seconds           int

	mu      sync.Mutex
	acked   bool      // its start was acknowledged
	until   time.Time // a Wait that ends by itself, a Map: open at least until then
	token   string
	sent    []string // completions that were sent
	output  string   // the one that was acknowledged
	acks    int
	worker  string // to which its activity task was handed, acknowledged
	stops   int    // sent
	stopped bool   // acknowledged
	touched bool   // since it was checked last

	seen   int    // events of its history that were shown
	hash   string // of those
	status string // shown last
}

func (e *execution) arn() string { return arnPrefix + "execution:" + e.kind + ":" + e.name }

// ends reports whether it ends by itself.
func (e *execution) ends() bool {
	return e.kind == kindMap || e.kind == kindWait && e.seconds != forever
}

func (e *execution) over() bool { return e.status != "" && e.status != "RUNNING" }

// entry is one acknowledgement in the journal.
type entry struct {
	at   time.Duration // since the driver began, monotonic
	what string
	who  string
}

// moment is what a kill found.
type moment struct {
	acks int
	open map[string]int
}

// driver loads the server, writes down what it acknowledged and checks it.
type driver struct {
	t      *testing.T
	server *server
	sink   *sink
	begun  time.Time
	least  int // acknowledgements in the window before a kill that counts

	mu       sync.Mutex
	all      []*execution
	byName   map[string]*execution
	pools    map[string][]*execution // open ones that may be completed or stopped
	ending   []*execution            // those that end by themselves
	queued   int                     // activity tasks that nobody took
	extras   []string                // names of state machines whose creation was acknowledged
	tagged   map[string]bool         // of those: the tag, too
	journal  []entry
	tail     int // first entry of the journal inside the window
	armed    bool
	struck   *moment
	number   int
	findings map[string][]string
}

func newDriver(t *testing.T, least int) *driver {
	s := newSink(t)
	return &driver{t: t, server: newServer(t, s.address()), sink: s, begun: time.Now(), least: least,
		byName: map[string]*execution{}, pools: map[string][]*execution{}, tagged: map[string]bool{}, findings: map[string][]string{}}
}

// The kinds of findings.
const (
	foundLost      = "lost"
	foundRewritten = "rewritten"
	foundTwice     = "completed twice"
	foundOther     = "other"
)

func (d *driver) report(kind, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.findings[kind] = append(d.findings[kind], fmt.Sprintf(format, args...))
}

// ack writes an acknowledgement down. Where a kill is due and enough was
// acknowledged in the window before now, the server is struck here.
func (d *driver) ack(what, who string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Since(d.begun)
	d.journal = append(d.journal, entry{now, what, who})
	for d.journal[d.tail].at < now-window {
		d.tail++
	}
	if !d.armed || d.struck != nil || len(d.journal)-d.tail < d.least {
		return
	}
	open := d.open()
	for _, kind := range kinds {
		if open[kind] < leastOpen {
			return
		}
	}
	d.struck = &moment{len(d.journal) - d.tail, open}
	d.server.strike()
}

// open counts open executions of each kind, rather too few than too many; d.mu is held.
func (d *driver) open() map[string]int {
	now := time.Now()
	out := map[string]int{}
	d.ending = slices.DeleteFunc(d.ending, func(e *execution) bool { return now.After(e.until) })
	for _, e := range d.ending {
		out[e.kind]++
	}
	out[kindWait] += len(d.pools[kindWait])
	out[kindToken] = len(d.pools[kindToken])
	out[kindActivity] = d.queued + len(d.pools[poolTasks])
	return out
}

// lacking names a kind of which too few are open; "" where none is.
func (d *driver) lacking(from int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	open := d.open()
	for i := range kinds {
		if kind := kinds[(from+i)%len(kinds)]; open[kind] < reserve {
			return kind
		}
	}
	return ""
}

// fresh makes an execution that nobody has started.
func (d *driver) fresh(kind string, rng *rand.Rand) *execution {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.number++
	e := &execution{kind: kind, name: fmt.Sprintf("%s-%d", kind, d.number), touched: true, seconds: 2 + rng.IntN(4)}
	if kind == kindWait && rng.IntN(8) > 0 {
		e.seconds = forever
	}
	e.input = fmt.Sprintf(`{"name":"%s","seconds":%d,"items":[0,1,2],"pad":"%0*d"}`, e.name, e.seconds, rng.IntN(400), d.number)
	d.all = append(d.all, e)
	d.byName[e.name] = e
	return e
}

// poolTasks is the pool of activity tasks that were handed out; the others have
// their kinds' names.
const poolTasks = "task"

// take takes a random execution out of a pool, of which keep stay; nil where there
// are no more. A Wait that ends by itself, or a Map, is never taken.
func (d *driver) take(pool string, keep int, rng *rand.Rand) *execution {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.pools[pool]
	if len(list) <= keep {
		return nil
	}
	i := rng.IntN(len(list))
	e := list[i]
	list[i] = list[len(list)-1]
	d.pools[pool] = list[:len(list)-1]
	return e
}

// look gives a random execution of a pool that stays there.
func (d *driver) look(pool string, rng *rand.Rand) *execution {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pools[pool]) == 0 {
		return nil
	}
	return d.pools[pool][rng.IntN(len(d.pools[pool]))]
}

// put gives an open execution to its pool; one that ends by itself is only counted.
func (d *driver) put(e *execution) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case e.kind == kindActivity && e.token == "":
		d.queued++
	case e.kind == kindActivity:
		d.pools[poolTasks] = append(d.pools[poolTasks], e)
	case e.ends():
		d.ending = append(d.ending, e)
	default:
		d.pools[e.kind] = append(d.pools[e.kind], e)
	}
}
