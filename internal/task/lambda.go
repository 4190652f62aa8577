package task

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/sigv4"
	"stile/jsonval"
	"stile/policy/exchange"
)

// The resources of Lambda: Step Functions' optimised integration, and what stands
// in the table for the ARN of every function.
const (
	lambdaResource   = "arn:aws:states:::lambda:invoke"
	functionResource = "arn:aws:lambda:::function"
)

// invokeTimeout is the longest that a function may run on AWS; a Task's own timeout
// may end it sooner.
const invokeTimeout = 15 * time.Minute

// lambdaReason is the reason of a call past the gateway that `lambda:` leads there:
// the author wrote the address out.
const lambdaReason = "lambda of stile.yaml"

// How a function is invoked (Lambda API reference, "Invoke", InvocationType).
const (
	waitForAnswer = "RequestResponse"
	sendOnly      = "Event"
	dryRun        = "DryRun"
)

// FunctionTarget is what stands behind a Lambda function; one of Operation, URL and
// Endpoint is set.
type FunctionTarget struct {
	// Operation is the address of an operation of our own gateway, which takes the
	// payload by POST; Header holds what the operation's API needs to be found.
	Operation string
	Header    []exchange.Param
	// URL takes the payload by POST, past the gateway.
	URL string
	// Endpoint is the base URL of a Lambda-compatible API, past the gateway.
	Endpoint string
	// Key signs a call to Endpoint by Signature Version 4; nil: it is not signed. Its
	// error says what could not be had and holds no secret.
	Key func(ctx context.Context) (SigningKey, error)
}

// SigningKey is an access key; Token is zero where it has none, Region empty where
// the function's counts.
type SigningKey struct {
	ID, Region    string
	Secret, Token secret.Value
}

// invocation is what a Task asks of a function.
type invocation struct {
	function sfn.Function
	kind     string
	payload  jsonval.Value
	header   []exchange.Param
}

// shapeLambda looks at types alone: what Lambda itself refuses is an error that
// Retry and Catch see.
func shapeLambda(p jsonval.Value) (bad string) {
	for _, field := range []string{"FunctionName", "Qualifier", "ClientContext"} {
		v := p.Get(field)
		if _, ok := v.Str(); !ok && (field == "FunctionName" || v.Exists()) {
			return field
		}
	}
	for _, f := range []struct {
		name  string
		words []string
	}{{"InvocationType", []string{waitForAnswer, sendOnly, dryRun}}, {"LogType", []string{"None", "Tail"}}} {
		v := p.Get(f.name)
		if text, _ := v.Str(); v.Exists() && !slices.Contains(f.words, text) {
			return f.name
		}
	}
	return ""
}

// lambdaInvoke is arn:aws:states:::lambda:invoke: parameters FunctionName, Payload,
// Qualifier, InvocationType, ClientContext and LogType. Its answer is Lambda's, with
// the function's under Payload.
func lambdaInvoke(ctx context.Context, r *Runner, call sfn.TaskCall) sfn.TaskResult {
	p := call.Parameters
	if bad := shapeLambda(p); bad != "" {
		return invalid(call.Parameters, bad)
	}
	text := func(field string) string { s, _ := p.Get(field).Str(); return s }
	name := text("FunctionName")
	f, ok := sfn.ParseFunction(name, r.cfg.Region, r.cfg.Account)
	if !ok {
		return r.refusedInvoke(http.StatusBadRequest, "ValidationException", "1 validation error detected: Value '"+name+
			"' at 'functionName' failed to satisfy constraint: Member must be the name or the ARN of a function")
	}
	if q := text("Qualifier"); q != "" {
		if f.Qualifier != "" && f.Qualifier != q {
			return r.refusedInvoke(http.StatusBadRequest, "InvalidParameterValueException",
				"The derived qualifier from the function name does not match the specified qualifier.")
		}
		f.Qualifier = q
	}
	in := invocation{function: f, kind: cmp.Or(text("InvocationType"), waitForAnswer)}
	in.payload = payloadOf(p.Get("Payload"))
	if c := text("ClientContext"); c != "" {
		if strings.ContainsFunc(c, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			return r.refusedInvoke(http.StatusBadRequest, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
		}
		in.header = append(in.header, exchange.Param{Name: "X-Amz-Client-Context", Value: c})
	}
	if text("LogType") == "Tail" {
		in.header = append(in.header, exchange.Param{Name: "X-Amz-Log-Type", Value: "Tail"})
	}
	return r.invoke(ctx, call, in)
}

// payloadOf is what a function is sent, as AWS was seen to send it: a text that is
// JSON goes as it stands, and null is no payload, which is {} to a function.
func payloadOf(v jsonval.Value) jsonval.Value {
	if v.IsNull() {
		return jsonval.Value{}
	}
	if text, ok := v.Str(); ok {
		if raw, err := jsonval.ParseString(text); err == nil {
			return raw
		}
	}
	return v
}

// functionInvoke is a Task whose Resource is the ARN of a function: its input is the
// payload, and its answer the function's alone.
func functionInvoke(ctx context.Context, r *Runner, call sfn.TaskCall) sfn.TaskResult {
	f, ok := sfn.ParseFunction(call.Resource, r.cfg.Region, r.cfg.Account)
	if !ok {
		return r.refusedInvoke(http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+call.Resource)
	}
	return r.invoke(ctx, call, invocation{function: f, kind: waitForAnswer, payload: call.Parameters})
}

// invoke asks the role, finds what stands behind the function, and calls it.
func (r *Runner) invoke(ctx context.Context, call sfn.TaskCall, in invocation) sfn.TaskResult {
	if r.cfg.MayInvoke != nil {
		if err := r.cfg.MayInvoke(call, in.function); err != nil {
			return deniedCall(call, "InvokeFunction", in.function.Qualified(), err)
		}
	}
	to, ok := FunctionTarget{}, false
	if r.cfg.Function != nil {
		to, ok = r.cfg.Function(in.function)
	}
	if !ok {
		return fault("Lambda.ResourceNotFoundException", "Function not found: "+in.function.Qualified()+". Nothing in stile.yaml stands behind it; write under lambda: functions: {"+
			in.function.Name+": {operation: API/OPERATION}}, or an endpoint.")
	}
	if to.Endpoint == "" && in.kind == dryRun {
		return r.dryRun(call)
	}
	ctx, cancel := context.WithTimeout(ctx, invokeTimeout)
	defer cancel()
	q, base, refused := r.invokeRequest(ctx, in, to)
	if refused.Error != "" {
		return refused
	}
	var ex *exchange.Exchange
	var res sfn.TaskResult
	if to.Operation != "" {
		ex = r.exchange(call, q)
		r.identify(ex, call)
		res = r.deliver(ctx, call, ex, r.cfg.Gateway)
	} else {
		ex, res = r.leave(ctx, call, q, base)
	}
	if res.Error != "" {
		return res
	}
	return r.invoked(call, in, ex, to.Endpoint != "")
}

// invokeRequest is the request that carries the payload, and the origin that it
// goes to.
func (r *Runner) invokeRequest(ctx context.Context, in invocation, to FunctionTarget) (q request, base string, refused sfn.TaskResult) {
	u, err := exchange.ParseURL(cmp.Or(to.Operation, to.URL, to.Endpoint))
	if err != nil {
		return q, "", fault("States.Runtime", "What stands behind the function has no address: "+err.Error()+".")
	}
	base = u.Scheme + "://" + u.Authority()
	if to.Endpoint != "" {
		u.Path = strings.TrimRight(u.Path, "/") + "/2015-03-31/functions/" + r.nameAt(in.function) + "/invocations"
		if in.function.Qualifier != "" {
			u.Query = append(u.Query, exchange.Param{Name: "Qualifier", Value: in.function.Qualifier})
		}
	}
	if u.Path == "" {
		u.Path = "/"
	}
	q = request{target: base, url: u, method: http.MethodPost, contentType: "application/json", body: []byte("{}"), reason: lambdaReason}
	q.header = slices.Concat(to.Header, in.header, []exchange.Param{{Name: "X-Amz-Invocation-Type", Value: in.kind}})
	if in.payload.Exists() {
		q.body = []byte(in.payload.Text())
	}
	if to.Endpoint == "" || to.Key == nil {
		return q, base, refused
	}
	key, err := to.Key(ctx)
	if err != nil {
		refused = fault("Lambda.SdkClientException", "The access key of lambda in stile.yaml cannot sign the call: "+err.Error()+". Nothing was sent.")
		refused.NoSecret = lacksSecret(err)
		return q, base, refused
	}
	unsigned := q
	q.authorize = func(context.Context) (Credentials, error) {
		return signed(unsigned, key, in.function.Region, r.cfg.Now())
	}
	q.connection = "lambda.access-key"
	return q, base, refused
}

// nameAt is how the endpoint's path names a function: by its ARN where it is not one
// of our own account and region.
func (r *Runner) nameAt(f sfn.Function) string {
	if f.Partition == "aws" && f.Region == r.cfg.Region && f.Account == r.cfg.Account {
		return f.Name
	}
	return strings.ReplaceAll(f.ARN(), ":", "%3A")
}

// signed gives the headers that sign a request.
func signed(q request, key SigningKey, region string, now time.Time) (creds Credentials, err error) {
	req, err := http.NewRequest(q.method, q.url.String(), nil)
	if err != nil {
		return creds, err
	}
	req.Header.Set("Content-Type", q.contentType)
	for _, h := range q.header {
		req.Header.Add(h.Name, h.Value)
	}
	if token := key.Token.Reveal(); token != "" {
		req.Header.Set("X-Amz-Security-Token", token)
	}
	sigv4.Sign(req, q.body, key.ID, key.Secret.Reveal(), now, sigv4.Options{Service: "lambda", Region: cmp.Or(key.Region, region)})
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token"} {
		if v := req.Header.Get(name); v != "" {
			creds.Header = append(creds.Header, Secret{name, secret.NewValue(v)})
		}
	}
	return creds, nil
}

// isLambda says that a Task invokes a function.
func isLambda(resource string) bool {
	return isFunction(resource) || strings.HasPrefix(resource, lambdaResource)
}
