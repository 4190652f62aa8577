package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stile/internal/audit"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Audit is the append-only record of who changed what.
type Audit interface {
	Read(from uint64, max int) ([]audit.Record, error)
	// Head gives the newest record's number and its hash.
	Head() (seq uint64, hash string)
	// Verify gives how many records hold, from the number First on.
	Verify() (n uint64, err error)
	First() uint64
}

func (c *console) auditAPI(mux *http.ServeMux) {
	mux.HandleFunc("GET /-/v1/audit", c.audited(c.listAudit))
	mux.HandleFunc("GET /-/v1/audit/verify", c.audited(c.verifyAudit))
}

// audited refuses where no record is kept, or who asks may not read it.
func (c *console) audited(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.Audit == nil {
			failure(w, http.StatusNotFound, "NotFound", "this server keeps no audit record")
			return
		}
		if err := c.permit(r.Context(), "stile:ReadAudit", "audit"); err != nil {
			c.fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// auditQuery is what a reader of the record asks for.
type auditQuery struct {
	from                            uint64 // 0: the newest
	max                             int
	actor, action, resource, wanted string
}

// readAuditQuery reads from, max, actor, action, resource and execution.
func readAuditQuery(r *http.Request) (auditQuery, error) {
	q := r.URL.Query()
	a := auditQuery{max: 50, actor: q.Get("actor"), action: q.Get("action"), resource: q.Get("resource"), wanted: q.Get("execution")}
	if text := q.Get("from"); text != "" {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil || n == 0 {
			return a, &sfn.Error{Code: "BadQuery", Message: "from must be a record's number, 1 or more"}
		}
		a.from = n
	}
	if text := q.Get("max"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return a, &sfn.Error{Code: "BadQuery", Message: "max must be a number from 1 to 1000"}
		}
		a.max = n
	}
	return a, nil
}

// matches compares a record with the filters; a star at a filter's end stands for
// any rest.
func (q auditQuery) matches(r audit.Record) bool {
	return like(q.actor, r.Actor) && like(q.action, r.Action) && like(q.resource, r.Resource)
}

func like(pattern, text string) bool {
	if start, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(text, start)
	}
	return pattern == "" || pattern == text
}

// auditWindow is how many records are read at a time, and auditReach how many are
// looked through for one answer; a longer way goes on from `next`.
const (
	auditWindow = 1000
	auditReach  = 100_000
)

// find gives the records that q asks for, oldest first: from q.from on, or else
// the newest. next is where to read on, 0 at the end.
func (q auditQuery) find(log Audit) (out []audit.Record, next uint64, err error) {
	if q.from == 0 {
		out, err = q.newest(log)
		return out, 0, err
	}
	end, _ := log.Head()
	from := q.from
	for looked := 0; from <= end && looked < auditReach; looked += auditWindow {
		page, err := log.Read(from, auditWindow)
		if err != nil || len(page) == 0 {
			return out, 0, err
		}
		for _, r := range page {
			if q.matches(r) {
				if len(out) == q.max {
					return out, r.Seq, nil
				}
				out = append(out, r)
			}
			from = r.Seq + 1
		}
	}
	if from > end {
		return out, 0, nil
	}
	return out, from, nil
}

// newest looks from the end back.
func (q auditQuery) newest(log Audit) (out []audit.Record, err error) {
	end, _ := log.Head()
	for looked := 0; end > 0 && len(out) < q.max && looked < auditReach; looked += auditWindow {
		start := uint64(1)
		if end > auditWindow {
			start = end - auditWindow + 1
		}
		page, err := log.Read(start, int(end-start+1))
		if err != nil {
			return nil, err
		}
		for _, r := range slices.Backward(page) {
			if r.Seq <= end && len(out) < q.max && q.matches(r) { // older ones than the first that is kept are passed over
				out = append(out, r)
			}
		}
		end = start - 1
	}
	slices.Reverse(out)
	return out, nil
}

func (c *console) listAudit(w http.ResponseWriter, r *http.Request) {
	q, err := readAuditQuery(r)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if q.wanted != "" {
		c.auditOfExecution(w, r, q)
		return
	}
	found, next, err := q.find(c.Audit)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var list jsonval.Array
	for _, rec := range found {
		list.Add(rec.JSON())
	}
	answer(w, http.StatusOK, wrap("records", list).Set("next", numberOrNull(next)))
}

func numberOrNull(n uint64) jsonval.Value {
	if n == 0 {
		return jsonval.NullValue
	}
	return jsonval.OfInt(int64(n))
}

// auditOfExecution answers what was done to one execution, and what its states
// called: the latter are the side journal's, which commits with each answer, so
// that they have neither a number nor a hash of their own, and are for who may trace
// the execution, as everywhere.
func (c *console) auditOfExecution(w http.ResponseWriter, r *http.Request, q auditQuery) {
	x, err := c.find(r.Context(), q.wanted)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var calls []sfn.CallRecord
	if c.may(r.Context(), readTrace, sfn.ExecutionResources(x.ARN)...) {
		if calls, err = c.Host.Calls(r.Context(), x.ARN); err != nil {
			c.fail(w, r, err)
			return
		}
	}
	q.resource = x.ARN
	found, next, err := q.find(c.Audit)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	for _, call := range calls {
		if rec := auditOfCall(x, call); like(q.actor, rec.Actor) && like(q.action, rec.Action) {
			found = append(found, rec)
		}
	}
	slices.SortStableFunc(found, func(a, b audit.Record) int { return a.Time.Compare(b.Time) })
	var list jsonval.Array
	for _, rec := range found {
		v := rec.JSON()
		if rec.Seq == 0 {
			v = v.Set("seq", jsonval.NullValue).Set("prev", jsonval.NullValue)
		}
		list.Add(v)
	}
	answer(w, http.StatusOK, wrap("records", list).Set("next", numberOrNull(next)))
}

// auditOfCall is a call of a state as a line of the audit.
func auditOfCall(x sfn.Execution, call sfn.CallRecord) audit.Record {
	v := call.Call
	rec := audit.Record{Time: call.Time, Entry: audit.Entry{Actor: "state:" + x.Name + "/" + call.State, Via: "engine",
		Action: "apim:Invoke", Decision: audit.Allowed, Trace: x.TraceID}}
	target := v.Get("target")
	api, _ := target.Get("api").Str()
	operation, _ := target.Get("operation").Str()
	switch address, _ := target.Get("url").Str(); {
	case api != "":
		rec.Resource = "api/" + api + "/operation/" + operation
	case address != "":
		rec.Action, rec.Resource, rec.Decision = "stile:CallOutside", address, audit.Ungoverned
	default:
		rec.Resource, _ = v.Get("url").Str()
	}
	if verdict := v.Get("verdict"); verdict.Kind() == jsonval.ObjectKind {
		rec.Decision, rec.Verdict = audit.Denied, inShort(verdict)
		if file, _ := verdict.Get("file").Str(); file != "" {
			rec.Role = file + ":" + verdict.Get("line").Text()
		}
	}
	if denied := v.Get("permission"); denied.Exists() && !denied.IsNull() {
		rec.Decision = audit.Denied
		rec.Resource, _ = denied.Get("resource").Str()
		if file, _ := denied.Get("file").Str(); file != "" {
			rec.Role = file + ":" + denied.Get("line").Text()
		}
	}
	return rec
}

// inShort keeps what matters of a verdict: its message may quote what was sent.
func inShort(verdict jsonval.Value) jsonval.Value {
	var o jsonval.Object
	for _, name := range []string{"policy", "scope", "reason", "status"} {
		if m := verdict.Get(name); m.Exists() {
			o.Add(name, m)
		}
	}
	return o.Value()
}

func (c *console) verifyAudit(w http.ResponseWriter, r *http.Request) {
	n, err := c.Audit.Verify()
	var o jsonval.Object
	o.AddInt("records", int64(n)).AddInt("first", int64(c.Audit.First())).Add("holds", jsonval.OfBool(err == nil))
	if err != nil {
		c.Log.Error("the audit record does not hold", "error", err.Error())
		answer(w, http.StatusOK, o.AddString("fault", err.Error()).Value())
		return
	}
	_, head := c.Audit.Head()
	answer(w, http.StatusOK, o.AddString("hash", head).Value())
}

// auditView is the page of the audit record.
type auditView struct {
	Info                    Info
	Actor, Action, Resource string
	Records                 []auditRow
	Next                    string
	Earlier                 string
}

type auditRow struct {
	Seq                                                     uint64
	Time                                                    instantView
	Actor, Via, Action, Resource, Decision, Role, Reason, T string
}

func (c *console) auditPages(mux *http.ServeMux) { mux.HandleFunc("GET /audit", c.auditPage) }

func (c *console) auditPage(w http.ResponseWriter, r *http.Request) {
	if c.Audit == nil {
		c.render(w, http.StatusNotFound, "failure.html", failurePage{Info: c.Info(), Title: "Not found",
			Message: "This server keeps no audit record."})
		return
	}
	if err := c.permit(r.Context(), "stile:ReadAudit", "audit"); err != nil {
		c.failPage(w, r, err)
		return
	}
	q, err := readAuditQuery(r)
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	found, next, err := q.find(c.Audit)
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	v := auditView{Info: c.Info(), Actor: q.actor, Action: q.action, Resource: q.resource}
	for _, rec := range slices.Backward(found) {
		v.Records = append(v.Records, auditRow{Seq: rec.Seq, Time: viewOfTime(rec.Time), Actor: rec.Actor, Via: rec.Via,
			Action: rec.Action, Resource: rec.Resource, Decision: rec.Decision, Role: rec.Role, Reason: reasonOf(rec), T: rec.Trace})
	}
	link := func(from uint64) string {
		u := r.URL.Query()
		u.Set("from", strconv.FormatUint(from, 10))
		return "/audit?" + u.Encode()
	}
	if next != 0 {
		v.Next = link(next)
	}
	if len(found) > 0 && found[0].Seq > 1 {
		v.Earlier = link(max(1, found[0].Seq-min(found[0].Seq-1, uint64(q.max))))
	}
	c.render(w, http.StatusOK, "audit.html", v)
}

// reasonOf is the reason in a verdict, else the status that was answered; empty
// where there is neither.
func reasonOf(r audit.Record) string {
	s, _ := r.Verdict.Get("reason").Str()
	if status := r.Verdict.Get("status"); s == "" && status.Exists() {
		return status.Text()
	}
	return s
}
