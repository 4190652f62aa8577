package app

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"stile/internal/apim"
	"stile/internal/audit"
	"stile/internal/console"
	"stile/internal/gatetrace"
	"stile/internal/gateway"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy"
	"stile/policy/exchange"
)

// consoleAPIs is console.APIs: the gateway's configuration, and requests that people
// make on a page, which come in where those of clients do.
type consoleAPIs struct {
	gateway *gateway.Gateway
	project func() *project
	table   func() *policy.Table
	traces  *gateTraces
	audit   *auditor
	// host is the gateway's address; front what its listener hands requests to, from
	// when it does.
	host  string
	front atomic.Pointer[http.Handler]
}

func (s *server) newConsoleAPIs() *consoleAPIs {
	return &consoleAPIs{gateway: s.gateway, project: s.current.Load, table: s.policyTable, traces: s.gateTraces, audit: s.audit, host: s.opts.Gateway}
}

// open lets requests in.
func (a *consoleAPIs) open(front http.Handler) http.Handler {
	a.front.Store(&front)
	return front
}

// Service is console.APIs.
func (a *consoleAPIs) Service() (*apim.Service, string) {
	snap := a.gateway.Snapshot()
	if snap == nil {
		return nil, ""
	}
	return snap.Service(), snap.Revision()
}

// Effective is console.APIs.
func (a *consoleAPIs) Effective(svc *apim.Service, of *apim.API, o *apim.Operation, product string) (*policy.Layout, error) {
	chain := []*policy.Source{svc.Policy}
	if of.IsCurrentRevision {
		var err error
		if chain, err = svc.Chain(of.ID, o.ID, product); err != nil {
			return nil, &sfn.Error{Code: "NotFound", Message: err.Error()}
		}
	} else {
		// A revision that is not current has documents of its own below the product's.
		above, err := svc.Chain(of.ID, "", product)
		if err != nil {
			return nil, &sfn.Error{Code: "NotFound", Message: err.Error()}
		}
		chain = append(above[:len(above)-1], of.Policy, o.Policy)
	}
	layout, faults := policy.LayOut(a.table(), chain, svc.Fragment(of.Workspace))
	if faults.HasErrors() {
		return nil, faults
	}
	return layout, nil
}

// Keys is console.APIs: the subscriptions with dev-keys. A server knows other keys by
// their digests alone.
func (a *consoleAPIs) Keys() (out []string) {
	for _, s := range a.project().Config.Subscriptions {
		if len(s.DevKeys) > 0 {
			out = append(out, s.ID)
		}
	}
	return out
}

// Reaches is console.APIs.
func (a *consoleAPIs) Reaches(call *console.TryCall) (api, operation string, ok bool) {
	noun, o := a.reach(call)
	if o == nil {
		return "", "", false
	}
	return noun.ID, o.ID, true
}

func (a *consoleAPIs) reach(call *console.TryCall) (*apim.API, *apim.Operation) {
	snap := a.gateway.Snapshot()
	if snap == nil {
		return nil, nil
	}
	var header []exchange.Param
	for _, f := range call.Headers {
		header = append(header, exchange.Param{Name: f.Name, Value: f.Value})
	}
	return snap.Reach(call.Method, call.Target, header)
}

// tryTime bounds a call from a page, and tryRoom the body of its answer.
const (
	tryTime = time.Minute
	tryRoom = 4 << 20
)

// Try is console.APIs: the call is recorded when it was answered, and before its answer
// is shown.
func (a *consoleAPIs) Try(ctx context.Context, call *console.TryCall) (console.TryAnswer, error) {
	front := a.front.Load()
	if front == nil {
		return console.TryAnswer{}, &sfn.Error{Code: "ServiceUnavailable", Message: "the gateway does not answer yet"}
	}
	noun, o := a.reach(call)
	if o == nil || noun.ID != call.API || o.ID != call.Operation {
		return console.TryAnswer{}, &sfn.Error{Code: "ConflictException", Message: "the configuration was changed meanwhile: nothing was sent"}
	}
	within, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	req, err := a.request(within, call, noun.KeyHeader)
	if err != nil {
		return console.TryAnswer{}, err
	}
	w := &tried{header: http.Header{}}
	begun := time.Now()
	w.serve(*front, req)
	out := console.TryAnswer{Status: w.status, Head: string(w.head), Trace: w.header.Get(gateway.TraceIDHeader), Took: time.Since(begun)}
	if out.Trace != "" { // one that found no room is not there
		if _, err := a.traces.Get(out.Trace); errors.Is(err, gatetrace.ErrNotFound) {
			out.Trace = ""
		} else if err != nil {
			return out, err
		}
	}
	var verdict jsonval.Object
	verdict.AddString("operation", "try").AddInt("status", int64(out.Status))
	if id := w.header.Get(gateway.TraceIDHeader); id != "" {
		verdict.AddString("request", id)
	}
	if call.Key != "" {
		verdict.AddString("subscription", call.Key)
	}
	err = a.audit.record(ctx, "page", audit.Entry{Action: "apim:Invoke", Resource: "api/" + noun.ID + "/operation/" + o.ID,
		After: audit.Digest([]byte(call.Body)), Verdict: verdict.Value()})
	return out, err
}

// request makes the request of a call, with a debug token for its trace.
func (a *consoleAPIs) request(ctx context.Context, call *console.TryCall, keyHeader string) (*http.Request, error) {
	u, err := url.ParseRequestURI(call.Target)
	if err != nil || u.Host != "" {
		return nil, &sfn.Error{Code: "BadQuery", Message: "the address cannot be read: nothing was sent"}
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, "http://"+a.host, nil)
	if err != nil {
		return nil, &sfn.Error{Code: "BadQuery", Message: "the method cannot be sent: nothing was sent"}
	}
	req.URL, req.RequestURI, req.RemoteAddr = u, call.Target, call.From
	if call.Body != "" {
		req.Body, req.ContentLength = newBody(call.Body), int64(len(call.Body))
		req.Header.Set("Content-Length", strconv.Itoa(len(call.Body)))
	}
	for _, f := range call.Headers {
		req.Header.Add(f.Name, f.Value)
	}
	if call.Key != "" {
		i := slices.Index(a.Keys(), call.Key)
		if i < 0 {
			return nil, &sfn.Error{Code: "NotFound", Message: "the server has no key of that subscription to send: nothing was sent"}
		}
		for _, s := range a.project().Config.Subscriptions {
			if s.ID == call.Key && len(s.DevKeys) > 0 {
				req.Header.Set(keyHeader, s.DevKeys[0])
			}
		}
	}
	token, _ := a.traces.tokens.Make(plainAPI(call.API), tryTime)
	req.Header.Set(gateway.DebugHeader, token)
	return req, nil
}

// body is a request's body in memory.
type body struct{ *bytes.Reader }

func newBody(text string) body { return body{bytes.NewReader([]byte(text))} }

// Close does nothing.
func (body) Close() error { return nil }

// tried takes the answer to a call: the beginning of its body, and its header as it was
// when the answer began.
type tried struct {
	header http.Header
	status int
	head   []byte
	length int
}

// errTryRoom ends an answer that is longer than a page needs.
var errTryRoom = errors.New("the answer is longer than a try reads")

// Header is http.ResponseWriter.
func (w *tried) Header() http.Header { return w.header }

// WriteHeader is http.ResponseWriter.
func (w *tried) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write is http.ResponseWriter.
func (w *tried) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.length += len(p); w.length > tryRoom {
		return 0, errTryRoom
	}
	w.head = append(w.head, p[:min(len(p), 2048-len(w.head))]...)
	return len(p), nil
}

// Flush is http.Flusher.
func (w *tried) Flush() {}

// serve answers a request here. An answer that breaks off ends as it would on a
// connection.
func (w *tried) serve(front http.Handler, req *http.Request) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	front.ServeHTTP(w, req)
}
