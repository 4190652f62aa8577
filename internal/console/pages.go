package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"stile/asl/graph"
	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets/console.css
var styleSheet string

//go:embed assets/console.js
var script string

// asset is a file that pages load; its name holds its digest, so it may be kept for ever.
type asset struct{ path, kind, text string }

func newAsset(name, kind, text string) asset {
	sum := sha256.Sum256([]byte(text))
	base, ext, _ := strings.Cut(name, ".")
	return asset{"/assets/" + base + "-" + hex.EncodeToString(sum[:6]) + "." + ext, kind, text}
}

var (
	styleAsset  = newAsset("console.css", "text/css; charset=utf-8", styleSheet+graph.Style)
	scriptAsset = newAsset("console.js", "text/javascript; charset=utf-8", script)
	templates   = template.Must(template.New("").Funcs(template.FuncMap{
		"style":  func() string { return styleAsset.path },
		"script": func() string { return scriptAsset.path },
		"sign":   graph.Sign,
	}).ParseFS(pageFiles, "pages/*.html"))
)

func (c *console) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", c.listPage)
	mux.HandleFunc("GET /executions/{id}", c.executionPage)
	c.auditPages(mux)
	c.gateTracePages(mux)
	c.apisPages(mux)
	c.approvalPages(mux)
	c.secretsPages(mux)
	for _, a := range []asset{styleAsset, scriptAsset} {
		mux.HandleFunc("GET "+a.path, func(w http.ResponseWriter, _ *http.Request) {
			secure(w.Header(), pagePolicy)
			w.Header().Set("Content-Type", a.kind)
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			_, _ = w.Write([]byte(a.text)) // a client that went away
		})
	}
	// What is open to all tells nothing of the server, as a page's head does.
	mux.HandleFunc("GET /assets/", func(w http.ResponseWriter, _ *http.Request) {
		failure(w, http.StatusNotFound, "NotFound", "there is no such file")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c.render(w, http.StatusNotFound, "failure.html", failurePage{Info: c.Info(), Title: "Not found",
			Message: "There is no page " + r.URL.Path + "."})
	})
}

// failurePage says in words why there is no page.
type failurePage struct {
	Info           Info
	Title, Message string
}

// render writes a page whole or not at all.
func (c *console) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		c.Log.Error("page failed", "page", name, "error", err.Error())
		http.Error(w, "the page could not be made; the log has the cause", http.StatusInternalServerError)
		return
	}
	secure(w.Header(), pagePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that went away
}

func (c *console) failPage(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *sfn.Error
	if errors.As(err, &refusal) {
		c.render(w, refusalStatus(refusal.Code), "failure.html", failurePage{c.Info(), refusal.Code, refusal.Message})
		return
	}
	c.Log.Error("page failed", "path", r.URL.Path, "error", err.Error())
	c.render(w, http.StatusInternalServerError, "failure.html",
		failurePage{c.Info(), "Internal error", "The page could not be made. The log has the cause."})
}

// listView is the page of all executions.
type listView struct {
	Info       Info
	Machines   []machineView
	Executions []executionView
	// Filter is what is shown: a state machine and a status, empty for all.
	Machine, Status, Health string
	Statuses, Healths       []string
	Next                    string // the URL of the next page
}

type machineView struct{ Name, Type, Role, File string }

func (c *console) listPage(w http.ResponseWriter, r *http.Request) {
	in, err := c.listing(r)
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	v := listView{Info: c.Info(), Machine: machineName(in.StateMachineARN), Status: in.Status, Health: r.URL.Query().Get("health"),
		Healths:  []string{string(sfn.Healthy), string(sfn.Waiting), string(sfn.Retrying), string(sfn.Throttled), string(sfn.Stuck), string(sfn.NeedsAction)},
		Statuses: []string{sfn.Running, sfn.Succeeded, sfn.Failed, sfn.TimedOut, sfn.Aborted}}
	err = c.eachMachine(r.Context(), func(m sfn.StateMachine) error {
		if !c.may(r.Context(), listMachines, sfn.MachineResources(m.ARN)...) {
			return nil
		}
		role, _ := sfn.RoleName(m.RoleARN)
		v.Machines = append(v.Machines, machineView{m.Name, m.Type, role, m.File})
		return nil
	})
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	found, next, err := c.visible(r.Context(), in)
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	for _, x := range found {
		v.Executions = append(v.Executions, viewOf(x))
	}
	if next != "" {
		q := url.Values{"token": {next}}
		for name, value := range map[string]string{"stateMachine": v.Machine, "status": v.Status, "health": v.Health, "max": r.URL.Query().Get("max")} {
			if value != "" {
				q.Set(name, value)
			}
		}
		v.Next = "/?" + q.Encode()
	}
	c.render(w, http.StatusOK, "list.html", v)
}

// detailView is the page of one execution.
type detailView struct {
	Info          Info
	X             executionView
	Input, Output string
	Error, Cause  string
	Graph         template.HTML // made by asl/graph, which escapes all text
	NoGraph       string
	Calls         []callView
	Events        []eventView
	Legend        []string
	Why           *whyView // nil: it is not explained
	Trace         waterfallView
	Callbacks     callbacksView
	// Earlier counts events before those shown; Last is the newest one's id.
	Earlier, Last int64
}

// shownEvents is how many events a page shows; the control API has them all.
const shownEvents = 200

func (c *console) executionPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	x, err := c.find(ctx, r.PathValue("id"))
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	events, calls, err := c.readable(ctx, x.ARN)
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	x = c.shown(ctx, x)
	v := detailView{Info: c.Info(), X: viewOf(x), Legend: []string{Running, Waiting, Retrying, Succeeded, Caught, Failed, Aborted},
		Input: pretty(x.Input), Output: pretty(x.Output), Why: c.whyOf(ctx, x.ARN)}
	if x.Error != nil {
		v.Error = *x.Error
	}
	if x.Cause != nil {
		v.Cause = *x.Cause
	}
	for _, call := range calls {
		v.Calls = append(v.Calls, viewOfCall(call))
	}
	v.Events = c.viewOfEvents(events[max(0, len(events)-shownEvents):], events, c.events(ctx, x.ARN))
	c.drawInto(&v, r, x, events)
	if v.Callbacks, err = c.callbacksOf(ctx, x.ARN); err == nil {
		v.Trace, err = c.waterfall(ctx, x)
	}
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	c.render(w, http.StatusOK, "execution.html", v)
}

// drawInto adds what the definition is needed for: the graph, and the state of
// each event that does not name it.
func (c *console) drawInto(v *detailView, r *http.Request, x sfn.Execution, events []history.Event) {
	if n := len(events); n > 0 {
		v.Last, v.Earlier = events[n-1].ID, int64(n-len(v.Events))
	}
	if !c.may(r.Context(), readDefinition, sfn.ExecutionResources(x.ARN)...) {
		v.NoGraph = "No role of yours allows " + readDefinition + " on this execution."
		return
	}
	p, err := c.program(r.Context(), x.ARN)
	if err != nil {
		v.NoGraph = "The definition that this execution took cannot be drawn: " + err.Error()
		return
	}
	t := NewTracker(p)
	for _, ev := range events {
		t.Apply(ev)
	}
	for i := range v.Events {
		if e := &v.Events[i]; e.State == "" {
			e.State = t.StateOf(e.ID)
		}
	}
	v.Graph = template.HTML(graph.Of(p).SVG(graph.SVGOptions{Class: t.Class, Title: v.X.Machine}))
}

// viewOfEvents shows events, newest first; all gives the time of the start.
func (c *console) viewOfEvents(shown, all []history.Event, write func(history.Event) jsonval.Value) []eventView {
	out := make([]eventView, 0, len(shown))
	for _, ev := range slices.Backward(shown) {
		out = append(out, viewOfEvent(ev, all[0].Time, write))
	}
	return out
}
