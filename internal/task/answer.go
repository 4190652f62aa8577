package task

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

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
	fields := headers(&ex.Response.Header)
	o.Grow(len(fields.Raw()) + len(answer.Raw()) + aroundAnswer)
	o.Add("Headers", fields).Add("ResponseBody", answer)
	o.AddInt("StatusCode", int64(ex.Response.StatusCode)).AddString("StatusText", statusText(ex))
	res.Output = o.Value()
	res.Submitted = call.TaskToken != ""
	return res
}

// aroundAnswer is the room for the names, the status and its text.
const aroundAnswer = 112

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

// headers is an object of arrays by name, in the order of each name's first field.
func headers(h *exchange.Header) jsonval.Value {
	names := make([]string, 0, manyFields)
	size := len(`{}`)
	h.Each(func(name, value string) {
		size += len(name) + len(value) + len(`"":[""],`)
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	})
	b := append(make([]byte, 0, size), '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonval.AppendString(b, name), ':', '[')
		first := true
		h.Each(func(other, value string) {
			if !strings.EqualFold(other, name) {
				return
			}
			if !first {
				b = append(b, ',')
			}
			b, first = jsonval.AppendString(b, value), false
		})
		b = append(b, ']')
	}
	v, _ := jsonval.Parse(append(b, '}')) // built of strings: it always reads
	return v
}

// manyFields is how many fields most answers have at most.
const manyFields = 16

// binaryTypes begin the content types that are no text.
var binaryTypes = []string{"application/octet-stream", "image/", "video/", "audio/"}

// answerBody is JSON where the content type says so, else a string; AWS refuses
// binary types.
func answerBody(ex *exchange.Exchange, body []byte) (v jsonval.Value, problem string) {
	kind := strings.ToLower(ex.Response.Header.Get("Content-Type"))
	for _, bad := range binaryTypes {
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
