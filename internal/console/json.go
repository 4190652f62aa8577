package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

// instant is a time on the control API: RFC 3339 in UTC with milliseconds.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// textOrNull is a string, null where it is empty.
func textOrNull(s string) jsonval.Value {
	if s == "" {
		return jsonval.NullValue
	}
	return jsonval.OfString(s)
}

func instantOrNull(t time.Time) jsonval.Value {
	if t.IsZero() {
		return jsonval.NullValue
	}
	return jsonval.OfString(instant(t))
}

// machineName is the name in a state machine's or an execution's ARN.
func machineName(arn string) string {
	a, _ := sfn.ParseARN(arn)
	return a.Name
}

// executionJSON is an execution without its payloads.
func executionJSON(x sfn.Execution) *jsonval.Object {
	var o jsonval.Object
	o.AddString("id", x.Name).AddString("arn", x.ARN).AddString("stateMachine", machineName(x.StateMachineARN))
	o.AddString("status", x.Status).Add("state", textOrNull(x.State)).Add("waiting", textOrNull(x.Waiting))
	o.Add("start", instantOrNull(x.StartDate)).Add("stop", instantOrNull(x.StopDate)).Add("trace", textOrNull(x.TraceID))
	o.Add("health", healthJSON(x.Health))
	if x.Quarantine != "" {
		o.AddString("quarantine", x.Quarantine)
	}
	if x.HistoryDropped {
		o.Add("historyDropped", jsonval.TrueValue)
	}
	if x.TestCase != "" {
		o.AddString("testCase", x.TestCase)
	}
	if x.ForkedFrom != "" {
		o.AddString("forkedFrom", x.ForkedFrom).Add("forkedAt", textOrNull(x.ForkedAt))
	}
	return &o
}

// healthJSON is how an execution fares; null for one that has ended. Who may trace
// the execution finds the verdict among its calls.
func healthJSON(h sfn.Health) jsonval.Value {
	if h.Status == "" {
		return jsonval.NullValue
	}
	var o jsonval.Object
	o.AddString("status", string(h.Status)).Add("state", textOrNull(h.State)).Add("reason", textOrNull(h.Reason))
	return o.Add("since", instantOrNull(h.Since)).Add("until", instantOrNull(h.Until)).Value()
}

func callJSON(r sfn.CallRecord) jsonval.Value {
	var o jsonval.Object
	o.AddString("state", r.State).AddInt("command", int64(r.Command)).AddInt("attempt", int64(r.Attempt))
	o.AddInt("send", int64(r.Send)).Add("time", instantOrNull(r.Time))
	if r.Call.Exists() {
		o.Add("call", r.Call)
	}
	return o.Value()
}

// wrap is {name: list}.
func wrap(name string, list jsonval.Array) jsonval.Value {
	var o jsonval.Object
	return o.Add(name, list.Value()).Value()
}

func answer(w http.ResponseWriter, status int, v jsonval.Value) {
	secure(w.Header(), pagePolicy)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(v.Raw())+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(v.Raw()[:len(v.Raw()):len(v.Raw())], '\n')) // a client that went away
}

// answerStruct answers what encoding/json makes of v, which must be plain data.
func answerStruct(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("console: " + err.Error())
	}
	answer(w, http.StatusOK, jsonval.MustParse(string(b)))
}

func failure(w http.ResponseWriter, status int, code, message string) {
	var e, o jsonval.Object
	e.AddString("code", code).AddString("message", message)
	answer(w, status, o.Add("error", e.Value()).Value())
}

// fail answers an error of a host: a refusal with its code, all else as an
// internal error whose text stays in the log.
func (c *console) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *sfn.Error
	switch {
	case errors.As(err, &refusal):
		if refusal.Code == "ServiceUnavailable" {
			w.Header().Set("Retry-After", "1")
		}
		failure(w, refusalStatus(refusal.Code), refusal.Code, refusal.Message)
	case r.Context().Err() != nil:
		failure(w, http.StatusServiceUnavailable, "Cancelled", "the request was cancelled")
	default:
		c.Log.Error("control API failed", "path", r.URL.Path, "error", err.Error())
		failure(w, http.StatusInternalServerError, "InternalFailure", "internal error; the log has the cause")
	}
}

func refusalStatus(code string) int {
	switch code {
	case "ExecutionDoesNotExist", "StateMachineDoesNotExist", "ResourceNotFound", "NotFound":
		return http.StatusNotFound
	case "ExecutionAlreadyExists", "StateMachineAlreadyExists", "ConflictException":
		return http.StatusConflict
	case "AccessDeniedException", "Forbidden":
		return http.StatusForbidden
	case "ServiceUnavailable":
		return http.StatusServiceUnavailable
	case "CallbackGone":
		return http.StatusGone
	}
	return http.StatusBadRequest
}
