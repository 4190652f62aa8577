package task

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// result turns a complete answer into the Task's: {Headers, ResponseBody,
// StatusCode, StatusText} for a status of 2xx, else the error errorPrefix+status
// whose cause is the body.
func (r *Runner) result(call sfn.TaskCall, ex *exchange.Exchange, errorPrefix string) sfn.TaskResult {
	body, _ := ex.Response.Body.Bytes()
	res := sfn.TaskResult{Definite: definite(ex), Call: record(call, ex, nil)}
	if v := ex.Verdict; v != nil {
		res.RetryAfter = v.RetryAfter
	}
	if s := ex.Response.StatusCode; s < 200 || s > 299 {
		res.Error, res.Cause = errorPrefix+strconv.Itoa(s), string(body)
		return res
	}
	answer, problem := answerBody(ex, body)
	if problem != "" {
		res.Error, res.Cause = "States.Runtime", problem
		return res
	}
	var o jsonval.Object
	o.Add("Headers", headers(ex)).Add("ResponseBody", answer)
	o.AddInt("StatusCode", int64(ex.Response.StatusCode)).AddString("StatusText", statusText(ex))
	res.Output = o.Value()
	res.Submitted = call.TaskToken != ""
	return res
}

// definite: the callee's answer was seen, whatever it was. It was not where the
// last call broke, nor where a policy failed behind it and our gateway's own
// answer stands in its place. Where nothing was sent, an earlier attempt's answer
// may still be the one that nobody saw, and its key must live on.
func definite(ex *exchange.Exchange) bool {
	n := len(ex.Calls)
	if n == 0 || ex.Calls[n-1].Error != "" {
		return false
	}
	return ex.LastError == nil || ex.Response.StatusCode == ex.Calls[n-1].Status
}

func statusText(ex *exchange.Exchange) string {
	if ex.Response.Reason != "" {
		return ex.Response.Reason
	}
	return http.StatusText(ex.Response.StatusCode)
}

func headers(ex *exchange.Exchange) jsonval.Value {
	var o jsonval.Object
	for _, name := range ex.Response.Header.Names() {
		var a jsonval.Array
		for _, v := range ex.Response.Header.Values(name) {
			a.Add(jsonval.OfString(v))
		}
		o.Add(name, a.Value())
	}
	return o.Value()
}

// answerBody is JSON where the content type says so, else a string; AWS refuses
// binary types.
func answerBody(ex *exchange.Exchange, body []byte) (v jsonval.Value, problem string) {
	kind := strings.ToLower(ex.Response.Header.Get("Content-Type"))
	for _, bad := range []string{"application/octet-stream", "image/", "video/", "audio/"} {
		if strings.HasPrefix(kind, bad) {
			return v, "The answer's content type '" + kind + "' is not text."
		}
	}
	if len(body) == 0 {
		return jsonval.OfString(""), ""
	}
	if strings.Contains(kind, "json") || kind == "" {
		v, err := jsonval.Parse(body)
		if err == nil {
			return v.Compact(), ""
		}
		if kind != "" {
			return v, "The answer says that it is JSON and is not: " + err.Error() + "."
		}
	}
	return jsonval.OfString(string(body)), ""
}

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
	for _, c := range ex.Calls {
		rec.Duration = max(rec.Duration, c.Start.Add(c.Duration).Sub(ex.Started))
	}
	for _, d := range ex.Decisions {
		rec.Duration = max(rec.Duration, d.Start.Add(d.Duration).Sub(ex.Started))
	}
	return rec.value()
}

func (rec *callRecord) value() jsonval.Value {
	text, err := json.Marshal(rec)
	if err != nil {
		return jsonval.Value{} // a record of plain fields always encodes
	}
	v, _ := jsonval.Parse(text)
	return v
}
