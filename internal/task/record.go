package task

import (
	"encoding/json"
	"strconv"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// callRecord is the side journal's shape of one call.
type callRecord struct {
	Target     target                     `json:"target"`
	Method     string                     `json:"method"`
	URL        string                     `json:"url"`
	Status     int                        `json:"status,omitempty"`
	Trace      string                     `json:"trace,omitempty"`
	Span       string                     `json:"span,omitempty"`
	Decisions  []exchange.Decision        `json:"decisions"`
	Verdict    *exchange.Verdict          `json:"verdict"`
	Permission *exchange.PermissionDenied `json:"permission"`
	Calls      []exchange.Call            `json:"calls"`
	Duration   time.Duration              `json:"duration"`
	// Governed is false, and Host and Reason say where to and why, of a call past the
	// gateway; all three are absent of one through it.
	Governed *bool  `json:"governed,omitempty"`
	Host     string `json:"host,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

type target struct {
	API       string `json:"api,omitempty"`
	Operation string `json:"operation,omitempty"`
	URL       string `json:"url,omitempty"`
}

func record(call sfn.TaskCall, ex *exchange.Exchange, denied *exchange.PermissionDenied) jsonval.Value {
	rec := callRecord{
		Method: ex.Request.Method, URL: ex.Request.OriginalURL.String(), Status: ex.Response.StatusCode,
		Trace: call.TraceID, Span: ex.Trace.SpanID,
		Decisions: ex.Decisions, Verdict: ex.Verdict, Permission: denied, Calls: ex.Calls,
	}
	if ex.API != nil {
		rec.Target.API = ex.API.ID
	}
	if ex.Operation != nil {
		rec.Target.Operation = ex.Operation.ID
	}
	if ex.API == nil {
		rec.Target.URL = ex.Backend.BaseURL
	}
	if ex.State != nil && ex.State.Host != "" {
		rec.Governed, rec.Host, rec.Reason = new(bool), ex.State.Host, ex.State.Reason
	}
	for i := range ex.Calls {
		c := &ex.Calls[i]
		rec.Duration = max(rec.Duration, c.Start.Add(c.Duration).Sub(ex.Started))
	}
	for i := range ex.Decisions {
		d := &ex.Decisions[i]
		rec.Duration = max(rec.Duration, d.Start.Add(d.Duration).Sub(ex.Started))
	}
	return rec.value()
}

func (rec *callRecord) value() jsonval.Value {
	w := recordText{b: make([]byte, 0, rec.size())}
	w.record(rec)
	if w.failed {
		return jsonval.Value{} // a record of plain fields always encodes
	}
	v, _ := jsonval.Parse(w.b)
	return v
}

// size is about how long the record's text is.
func (rec *callRecord) size() int {
	n := 224 + len(rec.Target.API) + len(rec.Target.Operation) + len(rec.Target.URL) + len(rec.URL) + len(rec.Trace) + len(rec.Host) + len(rec.Reason)
	for i := range rec.Decisions {
		d := &rec.Decisions[i]
		n += 208 + len(d.Policy) + len(d.PolicyID) + len(d.File) + len(d.Path) + len(d.Element) + len(d.Detail)
	}
	for i := range rec.Calls {
		c := &rec.Calls[i]
		n += 160 + len(c.Backend) + len(c.URL) + len(c.Error)
	}
	return n
}

// recordText writes a record as encoding/json does, byte for byte: there is one for
// each call of a state. What is rare in it is left to encoding/json.
type recordText struct {
	b      []byte
	failed bool
}

func (w *recordText) record(rec *callRecord) {
	w.b = append(w.b, '{')
	w.member("target")
	w.b = append(w.b, '{')
	w.some("api", rec.Target.API)
	w.some("operation", rec.Target.Operation)
	w.some("url", rec.Target.URL)
	w.b = append(w.b, '}')
	w.text("method", rec.Method)
	w.text("url", rec.URL)
	w.count("status", rec.Status)
	w.some("trace", rec.Trace)
	w.some("span", rec.Span)
	w.member("decisions")
	list(w, rec.Decisions, (*recordText).decision)
	w.member("verdict")
	rare(w, rec.Verdict)
	w.member("permission")
	rare(w, rec.Permission)
	w.member("calls")
	list(w, rec.Calls, (*recordText).call)
	w.duration("duration", rec.Duration)
	if rec.Governed != nil {
		w.member("governed")
		w.b = strconv.AppendBool(w.b, *rec.Governed)
	}
	w.some("host", rec.Host)
	w.some("reason", rec.Reason)
	w.b = append(w.b, '}')
}

func (w *recordText) decision(d *exchange.Decision) {
	w.b = append(w.b, '{')
	w.text("policy", d.Policy)
	w.some("policyId", d.PolicyID)
	w.text("scope", d.Scope)
	w.text("section", d.Section)
	w.some("file", d.File)
	w.count("line", d.Line)
	w.some("path", d.Path)
	w.some("element", d.Element)
	w.text("outcome", d.Outcome)
	w.some("detail", d.Detail)
	w.count("status", d.Status)
	w.time("start", d.Start)
	w.duration("duration", d.Duration)
	w.some("span", d.Span)
	w.b = append(w.b, '}')
}

func (w *recordText) call(c *exchange.Call) {
	w.b = append(w.b, '{')
	w.text("span", c.Span)
	w.some("backend", c.Backend)
	w.text("method", c.Method)
	w.text("url", c.URL)
	w.count("status", c.Status)
	w.some("error", c.Error)
	w.time("start", c.Start)
	w.duration("duration", c.Duration)
	w.b = append(w.b, '}')
}

func list[T any](w *recordText, items []T, each func(*recordText, *T)) {
	if items == nil {
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, '[')
	for i := range items {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		each(w, &items[i])
	}
	w.b = append(w.b, ']')
}

// rare writes what few records have.
func rare[T any](w *recordText, v *T) {
	if v == nil {
		w.b = append(w.b, "null"...)
		return
	}
	text, err := json.Marshal(v)
	w.b, w.failed = append(w.b, text...), w.failed || err != nil
}

// member begins a member; the byte before says whether it is an object's first.
func (w *recordText) member(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *recordText) text(name, s string) {
	w.member(name)
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			rare(w, &s)
			return
		}
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

// some and count leave out what is empty.
func (w *recordText) some(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

func (w *recordText) count(name string, n int) {
	if n != 0 {
		w.member(name)
		w.b = strconv.AppendInt(w.b, int64(n), 10)
	}
}

func (w *recordText) duration(name string, d time.Duration) {
	w.member(name)
	w.b = strconv.AppendInt(w.b, int64(d), 10)
}

func (w *recordText) time(name string, t time.Time) {
	w.member(name)
	text, err := t.AppendText(append(w.b, '"'))
	if err != nil {
		w.failed = true
		return
	}
	w.b = append(text, '"')
}
