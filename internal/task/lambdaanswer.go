package task

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// invoked turns a complete answer into the Task's.
func (r *Runner) invoked(call sfn.TaskCall, in invocation, ex *exchange.Exchange, endpoint bool) sfn.TaskResult {
	body, _ := ex.Response.Body.Bytes()
	res := sfn.TaskResult{Definite: definite(ex), Call: record(call, ex, nil)}
	if v := ex.Verdict; v != nil {
		res.RetryAfter = v.RetryAfter
	}
	status := ex.Response.StatusCode
	good := status >= 200 && status <= 299
	answer, err := jsonval.Parse(body)
	isJSON := err == nil
	errorType, named := answer.Get("errorType").Str()
	switch {
	case ex.Response.Header.Has("X-Amz-Function-Error") || !good && !endpoint && named:
		res.Error, res.Cause = cmp.Or(errorType, "Lambda.Unknown"), string(body)
		if isJSON && !isFunction(call.Resource) { // lambda:invoke writes anew what it has read
			res.Cause = answer.Compact().Text()
		}
		return res
	case !good && endpoint:
		own := r.refusedInvoke(status, refusedCode(ex, answer), cmp.Or(message(answer), string(body), statusText(ex)), ex.Response.Header.Get("X-Amzn-Requestid"))
		res.Error, res.Cause = own.Error, own.Cause
		return res
	case !good:
		res.Error, res.Cause = "Lambda."+cmp.Or(codeOf[status], codeOf[status/100], "Unknown"), string(body)
		return res
	case isJSON:
		answer = answer.Compact()
	case len(body) > 0:
		answer = jsonval.OfString(string(body))
	case in.kind == waitForAnswer:
		answer = jsonval.MustParse("null")
	default:
		answer = jsonval.OfString("")
	}
	if isFunction(call.Resource) {
		res.Output = answer
		return res
	}
	if !endpoint {
		status = map[string]int{waitForAnswer: http.StatusOK, sendOnly: http.StatusAccepted}[in.kind]
		if in.kind == sendOnly {
			answer, body = jsonval.OfString(""), nil
		}
	}
	res.Output = r.envelope(ex, in, answer, len(body), status)
	res.Submitted = call.TaskToken != ""
	return res
}

// codeOf are Lambda's errors for a status, or a class of them, that no error of an
// endpoint names.
var codeOf = map[int]string{http.StatusTooManyRequests: "TooManyRequestsException", 5: "ServiceException"}

// endpointCodes are more of them, where what answered speaks Lambda's API.
var endpointCodes = map[int]string{http.StatusBadRequest: "InvalidRequestContentException", http.StatusForbidden: "AccessDeniedException",
	http.StatusNotFound: "ResourceNotFoundException", http.StatusRequestEntityTooLarge: "RequestTooLargeException",
	http.StatusUnsupportedMediaType: "UnsupportedMediaTypeException"}

// refusedCode is the error that a Lambda-compatible API gives.
func refusedCode(ex *exchange.Exchange, answer jsonval.Value) string {
	code := ex.Response.Header.Get("X-Amzn-Errortype")
	if code == "" {
		code, _ = answer.Get("__type").Str()
	}
	code, _, _ = strings.Cut(code, ":")
	code = code[strings.LastIndexByte(code, '#')+1:]
	s := ex.Response.StatusCode
	return cmp.Or(code, codeOf[s], endpointCodes[s], codeOf[s/100], "Unknown")
}

func message(answer jsonval.Value) string {
	for _, name := range []string{"Message", "message"} {
		if text, ok := answer.Get(name).Str(); ok {
			return text
		}
	}
	return ""
}

// refusedInvoke is Lambda's refusal as the integration spells it.
func (r *Runner) refusedInvoke(status int, code, text string, requestID ...string) sfn.TaskResult {
	id := cmp.Or(cmp.Or(requestID...), r.cfg.NewGUID())
	return sfn.TaskResult{Error: "Lambda." + code, Cause: text + " (Service: AWSLambda; Status Code: " + strconv.Itoa(status) +
		"; Error Code: " + code + "; Request ID: " + id + "; Proxy: null)"}
}

// dryRun is the answer of what has no endpoint of its own to ask: the role allows
// the call, and the function is there.
func (r *Runner) dryRun(call sfn.TaskCall) sfn.TaskResult {
	ex := &exchange.Exchange{ID: r.cfg.NewGUID()}
	return sfn.TaskResult{Output: r.envelope(ex, invocation{kind: dryRun}, jsonval.OfString(""), 0, http.StatusNoContent), Definite: true, Submitted: call.TaskToken != ""}
}

// spelled are the headers of Lambda's answers that AWS does not write as net/http
// reads them.
var spelled = map[string]string{"X-Amzn-Requestid": "x-amzn-RequestId", "X-Amzn-Remapped-Content-Length": "x-amzn-Remapped-Content-Length"}

// envelope is Lambda's answer as the integration hands it on. Headers that any
// answer of AWS has are there whoever answered.
func (r *Runner) envelope(ex *exchange.Exchange, in invocation, payload jsonval.Value, size, status int) jsonval.Value {
	version := ex.Response.Header.Get("X-Amz-Executed-Version")
	if version == "" && in.kind == waitForAnswer {
		version = "$LATEST"
	}
	id := cmp.Or(ex.Response.Header.Get("X-Amzn-Requestid"), ex.ID)
	values := map[string][]string{"Connection": {"keep-alive"}, "Content-Length": {strconv.Itoa(size)}, "Content-Type": {"application/json"},
		"Date": {r.cfg.Now().UTC().Format(http.TimeFormat)}, "x-amzn-RequestId": {id}}
	if version != "" {
		values["X-Amz-Executed-Version"] = []string{version}
	}
	var names []string
	for _, name := range ex.Response.Header.Names() {
		if own, ok := spelled[http.CanonicalHeaderKey(name)]; ok {
			values[own] = ex.Response.Header.Values(name)
			continue
		}
		values[http.CanonicalHeaderKey(name)] = ex.Response.Header.Values(name)
	}
	for name := range values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
	var every, one, meta, response, out jsonval.Object
	for _, name := range names {
		var list jsonval.Array
		for _, v := range values[name] {
			list.Add(jsonval.OfString(v))
		}
		every.Add(name, list.Value())
		one.AddString(name, strings.Join(values[name], ","))
	}
	meta.Add("AllHttpHeaders", every.Value()).Add("HttpHeaders", one.Value()).AddInt("HttpStatusCode", int64(status))
	response.AddString("RequestId", id)
	if version != "" {
		out.AddString("ExecutedVersion", version)
	}
	if tail := ex.Response.Header.Get("X-Amz-Log-Result"); tail != "" {
		out.AddString("LogResult", tail)
	}
	out.Add("Payload", payload).Add("SdkHttpMetadata", meta.Value()).Add("SdkResponseMetadata", response.Value()).AddInt("StatusCode", int64(status))
	return out.Value()
}

// noAnswer names the error of a call that had none.
func noAnswer(resource string, err error) string {
	var late interface{ Timeout() bool }
	switch {
	case strings.HasPrefix(resource, httpResource):
		return "States.Http.Socket"
	case !isLambda(resource):
		return "States.TaskFailed"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return "Lambda.ClientExecutionTimeoutException"
	}
	return "Lambda.SdkClientException"
}
