package console

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"stile/asl/graph"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/jsonval"
	"stile/policy/exchange"
)

// apiBody bounds a request of the control API: an input of 256 KiB with every
// byte escaped, and room for the rest.
const apiBody = 2 << 20

func (c *console) api(mux *http.ServeMux) {
	mux.HandleFunc("GET /-/v1/version", func(w http.ResponseWriter, _ *http.Request) { answerStruct(w, c.Info()) })
	mux.HandleFunc("GET /-/v1/state-machines", c.listMachines)
	mux.HandleFunc("GET /-/v1/executions", c.listExecutions)
	mux.HandleFunc("POST /-/v1/executions", c.start)
	mux.HandleFunc("GET /-/v1/executions/{id}", c.execution(c.show))
	mux.HandleFunc("DELETE /-/v1/executions/{id}", c.executionFor("stile:DeleteExecution", c.deleteExecution))
	mux.HandleFunc("POST /-/v1/executions/{id}/stop", c.executionFor("states:StopExecution", c.stop))
	mux.HandleFunc("POST /-/v1/executions/{id}/redrive", c.executionFor("states:RedriveExecution", c.redrive))
	mux.HandleFunc("POST /-/v1/executions/{id}/fork", c.executionFor(readHistory, c.fork))
	mux.HandleFunc("GET /-/v1/executions/{id}/diff", c.executionFor(readHistory, c.diff))
	mux.HandleFunc("GET /-/v1/executions/{id}/history", c.executionFor(readHistory, c.showHistory))
	mux.HandleFunc("GET /-/v1/executions/{id}/calls", c.executionFor(readTrace, c.showCalls))
	mux.HandleFunc("GET /-/v1/executions/{id}/graph", c.executionFor(readDefinition, c.showGraph))
	mux.HandleFunc("GET /-/v1/executions/{id}/events", c.execution(c.followOne))
	mux.HandleFunc("GET /-/v1/events", c.followAll)
	mux.HandleFunc("GET /-/v1/callbacks", c.listCallbacks)
	c.callbacksAPI(mux)
	mux.HandleFunc("POST /-/v1/tokens", c.mint)
	mux.HandleFunc("GET /-/v1/traces", c.listTraces)
	mux.HandleFunc("GET /-/v1/traces/{id}", c.showTrace)
	c.gateTracesAPI(mux)
	c.descriptionsAPI(mux)
	c.auditAPI(mux)
	c.secretsAPI(mux)
	c.whyAPI(mux)
	mux.HandleFunc("POST /-/v1/backup", c.backup)
	mux.HandleFunc("GET /-/v1/slow", c.listSlow)
	mux.HandleFunc("/-/v1/", func(w http.ResponseWriter, r *http.Request) {
		failure(w, http.StatusNotFound, "NotFound", "the control API has no "+r.Method+" "+r.URL.Path)
	})
}

// execution finds the execution of the path's id for a handler that shows what
// anybody may know who sees it.
func (c *console) execution(next func(http.ResponseWriter, *http.Request, sfn.Execution)) http.HandlerFunc {
	return c.executionFor(describeExecution, next)
}

// body reads the JSON object of a POST. A form or plain text, which a page of
// another site could send unasked, is refused.
func body(w http.ResponseWriter, r *http.Request) (jsonval.Value, bool) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		failure(w, http.StatusUnsupportedMediaType, "UnsupportedMediaType", "send the header Content-Type: application/json")
		return jsonval.Value{}, false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, apiBody))
	if err != nil {
		failure(w, http.StatusRequestEntityTooLarge, "BodyTooLarge", "the body is longer than "+strconv.Itoa(apiBody)+" bytes or ended early")
		return jsonval.Value{}, false
	}
	v, err := jsonval.Parse(b)
	if err != nil || v.Kind() != jsonval.ObjectKind {
		failure(w, http.StatusBadRequest, "NotJSON", "the body must be a JSON object")
		return jsonval.Value{}, false
	}
	return v, true
}

// texts reads string members; a member of another type is answered and ok false.
func texts(w http.ResponseWriter, v jsonval.Value, names ...string) (out []string, ok bool) {
	for _, name := range names {
		m := v.Get(name)
		s, isText := m.Str()
		if m.Exists() && !m.IsNull() && !isText {
			failure(w, http.StatusBadRequest, "NotAString", name+" must be a string")
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

func (c *console) listMachines(w http.ResponseWriter, r *http.Request) {
	var list jsonval.Array
	err := c.eachMachine(r.Context(), func(m sfn.StateMachine) error {
		if !c.may(r.Context(), listMachines, sfn.MachineResources(m.ARN)...) {
			return nil
		}
		var o jsonval.Object
		o.AddString("name", m.Name).AddString("arn", m.ARN).AddString("type", m.Type)
		list.Add(o.AddString("roleArn", m.RoleARN).AddString("file", m.File).Value())
		return nil
	})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, wrap("stateMachines", list))
}

// listing reads the filter of a list of executions.
func (c *console) listing(r *http.Request) (sfn.ListExecutions, error) {
	q := r.URL.Query()
	in := sfn.ListExecutions{StateMachineARN: c.machineARN(q.Get("stateMachine")), Status: q.Get("status")}
	in.Token, in.Max, in.Health = q.Get("token"), 50, sfn.HealthStatus(q.Get("health"))
	if in.Health != "" && !in.Health.Known() {
		return in, &sfn.Error{Code: "BadQuery", Message: "health must be healthy, waiting, retrying, throttled, stuck or needs-action"}
	}
	switch in.Status {
	case "", sfn.Running, sfn.Succeeded, sfn.Failed, sfn.TimedOut, sfn.Aborted:
	default:
		return in, &sfn.Error{Code: "BadQuery", Message: "status must be RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED"}
	}
	if text := q.Get("max"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return in, &sfn.Error{Code: "BadQuery", Message: "max must be a number from 1 to 1000"}
		}
		in.Max = n
	}
	return in, search(&in, q)
}

func (c *console) listExecutions(w http.ResponseWriter, r *http.Request) {
	in, err := c.listing(r)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	found, next, err := c.visible(r.Context(), in)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var list jsonval.Array
	for _, x := range found {
		list.Add(executionJSON(x).Value())
	}
	answer(w, http.StatusOK, wrap("executions", list).Set("next", jsonval.OfString(next)))
}

func (c *console) start(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	t, ok := texts(w, v, "stateMachine", "name")
	if !ok {
		return
	}
	if t[0] == "" {
		failure(w, http.StatusBadRequest, "MissingStateMachine", "name the state machine in stateMachine")
		return
	}
	machine, testCase := sfn.SplitTestCase(t[0])
	in := sfn.Start{StateMachineARN: c.machineARN(machine), TestCase: testCase, Name: t[1], Input: v.Get("input"), Subject: c.Permissions.Subject(r.Context())}
	if err := c.permitStart(r.Context(), in.StateMachineARN); err != nil {
		c.fail(w, r, err)
		return
	}
	if trace, span, ok := exchange.ParseTraceparent(r.Header.Get("Traceparent")); ok {
		in.TraceID, in.ParentSpan = trace, span
	}
	made, err := c.Host.StartExecution(r.Context(), in)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	a, _ := sfn.ParseARN(made.ExecutionARN)
	var o jsonval.Object
	o.AddString("id", a.Sub).AddString("arn", made.ExecutionARN).AddString("start", instant(made.StartDate))
	answer(w, http.StatusCreated, o.Value())
}

func (c *console) show(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	x = c.shown(r.Context(), x)
	o := executionJSON(x)
	o.Add("input", x.Input).Add("output", x.Output)
	if x.Error != nil {
		o.AddString("error", *x.Error)
	}
	if x.Cause != nil {
		o.AddString("cause", *x.Cause)
	}
	answer(w, http.StatusOK, o.Value())
}

func (c *console) stop(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	t, ok := texts(w, v, "error", "cause")
	if !ok {
		return
	}
	var stopped time.Time
	err := alreadyEnded(x)
	if err == nil {
		stopped, err = c.Host.StopExecution(r.Context(), x.ARN, t[0], t[1])
	}
	if err == nil { // it may have ended by itself while the request was on its way
		if x, err = c.Host.DescribeExecution(r.Context(), x.ARN); err == nil && x.Status != sfn.Aborted {
			err = alreadyEnded(x)
		}
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var o jsonval.Object
	answer(w, http.StatusOK, o.AddString("stop", instant(stopped)).Value())
}

// alreadyEnded is the refusal to stop what runs no more; AWS's own API takes that.
func alreadyEnded(x sfn.Execution) error {
	if x.Status == sfn.Running {
		return nil
	}
	return &sfn.Error{Code: "ConflictException", Message: "Execution " + x.Name + " has already ended: " + x.Status}
}

func (c *console) showCalls(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	calls, err := c.Host.Calls(r.Context(), x.ARN)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var list jsonval.Array
	for _, call := range calls {
		list.Add(callJSON(call))
	}
	answer(w, http.StatusOK, wrap("calls", list))
}

func (c *console) showGraph(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	picture, err := c.picture(r.Context(), x, graph.SVGOptions{Standalone: true})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	secure(w.Header(), picturePolicy)
	w.Header().Set("Content-Type", "image/svg+xml; charset=utf-8")
	_, _ = io.WriteString(w, picture) // a client that went away
}

func (c *console) mint(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	t, ok := texts(w, v, "role")
	if !ok {
		return
	}
	if t[0] == "" || c.Token == nil {
		failure(w, http.StatusBadRequest, "MissingRole", "name a role of the project in role")
		return
	}
	if err := c.permit(r.Context(), "stile:Configure", "role/"+t[0]); err != nil {
		c.fail(w, r, err)
		return
	}
	token, expires, err := c.Token(r.Context(), t[0])
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var o jsonval.Object
	answer(w, http.StatusOK, o.AddString("token", token).AddString("expires", instant(expires)).Value())
}

func (c *console) showTrace(w http.ResponseWriter, r *http.Request) {
	var spans []telemetry.Span
	if c.Traces != nil {
		var err error
		if spans, err = c.Traces.Trace(r.PathValue("id")); err != nil {
			c.fail(w, r, err)
			return
		}
	}
	if spans = c.visibleSpans(r.Context(), spans); len(spans) == 0 {
		failure(w, http.StatusNotFound, "NotFound", "no such trace; old ones are forgotten")
		return
	}
	answerStruct(w, map[string]any{"spans": spans})
}

func (c *console) listTraces(w http.ResponseWriter, r *http.Request) {
	n := 50
	if text := r.URL.Query().Get("max"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > 1000 {
			failure(w, http.StatusBadRequest, "BadQuery", "max must be a number from 1 to 1000")
			return
		}
	}
	var list jsonval.Array
	if c.Traces != nil {
		traces, err := c.visibleTraces(r.Context(), n)
		if err != nil {
			c.fail(w, r, err)
			return
		}
		for _, t := range traces {
			var o jsonval.Object
			o.AddString("traceId", t.TraceID).AddString("root", t.Root).Add("start", instantOrNull(t.Start))
			list.Add(o.Add("end", instantOrNull(t.End)).AddInt("spans", int64(t.Spans)).Value())
		}
	}
	answer(w, http.StatusOK, wrap("traces", list))
}
