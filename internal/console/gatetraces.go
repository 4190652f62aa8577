package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"stile/internal/gatetrace"
	"stile/internal/sfn"
	"stile/jsonval"
)

// GateTraces is the store of traces of requests in the gate.
type GateTraces interface {
	// Get gives a trace, gatetrace.ErrNotFound where there is none.
	Get(id string) (*gatetrace.Trace, error)
	// List gives the newest of which see says true, at most n.
	List(n int, see func(*gatetrace.Summary) bool) ([]gatetrace.Summary, error)
}

// Gate is what the console asks of the gateway.
type Gate interface {
	// Operations lists the operations that requests may reach.
	Operations() []GateOperation
	// Locate finds the API and operation that a method and a path reach.
	Locate(method, path string) (api, operation string, ok bool)
	// DebugToken makes a debug token for an API's traces, and records who asked.
	DebugToken(ctx context.Context, api string, life time.Duration) (token string, expires time.Time, err error)
}

// GateOperation is one operation of an API.
type GateOperation struct {
	API       string `json:"api"`
	Operation string `json:"operation"`
	Method    string `json:"method"`
	// Path is the gateway's path with the operation's template behind it.
	Path string `json:"path"`
	// KeyHeader carries the subscription key.
	KeyHeader string `json:"keyHeader"`
}

// azureGateway is where clients of API Management ask for debug tokens and traces.
const azureGateway = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ApiManagement/service/{service}/gateways/{gateway}/"

func (c *console) gateTracesAPI(mux *http.ServeMux) {
	mux.HandleFunc("GET /-/v1/gateway/operations", c.tracing(c.listOperations))
	mux.HandleFunc("GET /-/v1/gateway/traces", c.tracing(c.listGateTraces))
	mux.HandleFunc("GET /-/v1/gateway/traces/{id}", c.tracing(c.showGateTrace))
	mux.HandleFunc("GET /-/v1/gateway/traces/{id}/diff", c.tracing(c.diffGateTraces))
	mux.HandleFunc("POST /-/v1/gateway/debug-tokens", c.tracing(c.mintDebugToken))
	mux.HandleFunc("POST "+azureGateway+"listDebugCredentials", c.tracing(c.azureCredentials))
	mux.HandleFunc("POST "+azureGateway+"listTrace", c.tracing(c.azureTrace))
}

// tracing refuses where the server keeps no traces of requests.
func (c *console) tracing(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.GateTraces == nil || c.Gate == nil {
			failure(w, http.StatusNotFound, "NotFound", "this server keeps no traces of requests")
			return
		}
		next(w, r)
	}
}

// traceResources are the names that a role may have for an operation's traces.
func traceResources(api, operation string) []string {
	switch {
	case api == "":
		return []string{"trace"} // what reached no API is for who may trace all
	case operation == "":
		return []string{"api/" + api}
	}
	return []string{"api/" + api + "/operation/" + operation, "api/" + api}
}

func (c *console) seesGateTrace(ctx context.Context, s *gatetrace.Summary) bool {
	return c.may(ctx, readTrace, traceResources(s.API, s.Operation)...)
}

// gateTrace finds a trace by its id, or the latest. One that the caller may not see
// does not exist.
func (c *console) gateTrace(ctx context.Context, id string) (*gatetrace.Trace, error) {
	if id == "latest" {
		found, err := c.GateTraces.List(1, func(s *gatetrace.Summary) bool { return c.seesGateTrace(ctx, s) })
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, &sfn.Error{Code: "NotFound", Message: "no request has been traced yet"}
		}
		id = found[0].ID
	}
	t, err := c.GateTraces.Get(id)
	switch {
	case errors.Is(err, gatetrace.ErrNotFound):
	case err != nil:
		return nil, err
	case c.seesGateTrace(ctx, &t.Summary):
		return t, nil
	default:
		c.hidden(ctx, readTrace, traceResources(t.API, t.Operation)...)
	}
	return nil, &sfn.Error{Code: "NotFound", Message: gatetrace.ErrNotFound.Error()}
}

// gateQuery is what a list of traces is asked for.
type gateQuery struct {
	Max, Status    int
	API, Operation string
}

func readGateQuery(r *http.Request) (gateQuery, error) {
	q := r.URL.Query()
	g := gateQuery{Max: 50, API: q.Get("api"), Operation: q.Get("operation")}
	for name, to := range map[string]*int{"max": &g.Max, "status": &g.Status} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return g, &sfn.Error{Code: "BadQuery", Message: name + " must be a number from 1 to 1000"}
		}
		*to = n
	}
	return g, nil
}

func (c *console) gateTraces(ctx context.Context, q gateQuery) ([]gatetrace.Summary, error) {
	return c.GateTraces.List(q.Max, func(s *gatetrace.Summary) bool {
		return (q.API == "" || q.API == s.API) && (q.Operation == "" || q.Operation == s.Operation) && (q.Status == 0 || q.Status == s.Status) &&
			c.seesGateTrace(ctx, s)
	})
}

func (c *console) listGateTraces(w http.ResponseWriter, r *http.Request) {
	q, err := readGateQuery(r)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	found, err := c.gateTraces(r.Context(), q)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if found == nil {
		found = []gatetrace.Summary{}
	}
	answerStruct(w, map[string]any{"traces": found})
}

func (c *console) showGateTrace(w http.ResponseWriter, r *http.Request) {
	t, err := c.gateTrace(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	answerStruct(w, t)
}

// gatePair finds the two traces of a comparison.
func (c *console) gatePair(ctx context.Context, a, b string) (x, y *gatetrace.Trace, err error) {
	if b == "" {
		return nil, nil, &sfn.Error{Code: "BadQuery", Message: "name the other trace in with"}
	}
	if x, err = c.gateTrace(ctx, a); err == nil {
		y, err = c.gateTrace(ctx, b)
	}
	return x, y, err
}

func (c *console) diffGateTraces(w http.ResponseWriter, r *http.Request) {
	x, y, err := c.gatePair(r.Context(), r.PathValue("id"), r.URL.Query().Get("with"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	answerStruct(w, gatetrace.Diff(x, y))
}

func (c *console) listOperations(w http.ResponseWriter, r *http.Request) {
	list := []GateOperation{}
	for _, o := range c.Gate.Operations() {
		if c.may(r.Context(), readTrace, traceResources(o.API, o.Operation)...) || c.may(r.Context(), "apim:Invoke", traceResources(o.API, o.Operation)...) {
			list = append(list, o)
		}
	}
	answerStruct(w, map[string]any{"operations": list})
}

// debugToken makes a token for who may trace the API.
func (c *console) debugToken(ctx context.Context, api, life string) (string, time.Time, error) {
	d, err := lifeOf(life)
	if err != nil {
		return "", time.Time{}, err
	}
	api, _, _ = strings.Cut(api, ";") // the token is for all revisions
	if err := c.permit(ctx, readTrace, traceResources(api, "")...); err != nil {
		return "", time.Time{}, err
	}
	return c.Gate.DebugToken(ctx, api, d)
}

// lifeOf reads how long a debug token shall last: Go's spelling of a duration, or
// ISO 8601's of hours, minutes and seconds. Empty is an hour, which is also the most.
func lifeOf(text string) (time.Duration, error) {
	if text == "" {
		return gatetrace.LongestToken, nil
	}
	plain := strings.ToLower(text)
	if rest, ok := strings.CutPrefix(plain, "pt"); ok {
		plain = rest
	}
	d, err := time.ParseDuration(plain)
	if err != nil || d < time.Second || d > gatetrace.LongestToken {
		return 0, &sfn.Error{Code: "ValidationError", Message: "a debug token lasts from one second to one hour, such as 30m or PT1H"}
	}
	return d, nil
}

func (c *console) mintDebugToken(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	t, ok := texts(w, v, "api", "method", "path", "expires")
	if !ok {
		return
	}
	api := t[0]
	if api == "" {
		if api, _, ok = c.Gate.Locate(t[1], t[2]); !ok {
			failure(w, http.StatusNotFound, "NotFound", "no operation answers "+t[1]+" "+t[2]+"; or name an API in api")
			return
		}
	}
	token, expires, err := c.debugToken(r.Context(), api, t[3])
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var o jsonval.Object
	answer(w, http.StatusOK, o.AddString("token", token).AddString("api", api).AddString("expires", instant(expires)).Value())
}

// azureCredentials is API Management's listDebugCredentials
// (https://learn.microsoft.com/rest/api/apimanagement/gateway/list-debug-credentials).
func (c *console) azureCredentials(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	t, ok := texts(w, v, "apiId", "credentialsExpireAfter")
	if !ok {
		return
	}
	purposes := v.Get("purposes")
	if first, _ := purposes.Index(0).Str(); purposes.Len() != 1 || first != "tracing" {
		failure(w, http.StatusBadRequest, "ValidationError", "purposes must be [\"tracing\"]")
		return
	}
	_, api, found := strings.Cut(t[0], "/apis/")
	if !found || api == "" {
		failure(w, http.StatusBadRequest, "ValidationError", "apiId must be the resource id of an API, …/apis/NAME")
		return
	}
	token, _, err := c.debugToken(r.Context(), api, t[1])
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var o jsonval.Object
	answer(w, http.StatusOK, o.AddString("token", token).Value())
}

// azureTrace is API Management's listTrace.
func (c *console) azureTrace(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	t, ok := texts(w, v, "traceId")
	if !ok {
		return
	}
	found, err := c.gateTrace(r.Context(), t[0])
	if err != nil {
		c.fail(w, r, err)
		return
	}
	answerStruct(w, found.Azure(r.PathValue("service")))
}
