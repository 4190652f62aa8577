package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"stile/internal/apim"
	"stile/internal/gatetrace"
	"stile/internal/sfn"
	"stile/policy"
)

// APIs is the gateway's configuration, and a way to call its operations.
type APIs interface {
	// Service gives the configuration that requests run on now and the revision that
	// names it; nil before there is one.
	Service() (svc *apim.Service, revision string)
	// Effective lays out what runs for an operation of svc under a product, empty for
	// none.
	Effective(svc *apim.Service, a *apim.API, o *apim.Operation, product string) (*policy.Layout, error)
	// Keys names the subscriptions of which Try can send a key.
	Keys() []string
	// Reaches gives the operation that a call reaches now.
	Reaches(call *TryCall) (api, operation string, ok bool)
	// Try sends a call through the gateway as a client would, traced, and records who
	// did. A refusal is *sfn.Error; an answer of the gateway never is one.
	Try(ctx context.Context, call *TryCall) (TryAnswer, error)
}

// TryCall is a request for the gateway.
type TryCall struct {
	// API and Operation are what it is meant to reach: it is not sent to another.
	API, Operation string
	Method         string
	// Target is the gateway's path, escaped, with the query.
	Target  string
	Headers []gatetrace.Field
	Body    string
	// Key names the subscription whose key goes with it; empty for none.
	Key string
	// From is the address that it comes from, host:port.
	From string
}

// TryAnswer is what is known of an answer without its trace.
type TryAnswer struct {
	Status int
	// Head is the beginning of the body.
	Head string
	// Trace is the trace's id; empty where none is kept.
	Trace string
	Took  time.Duration
}

// invokeAPI is the permission to call an operation.
const invokeAPI = "apim:Invoke"

func (c *console) apisPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /apis", c.withAPIs(c.apisPage))
	mux.HandleFunc("GET /apis/{id}", c.withAPIs(c.apiPage))
	mux.HandleFunc("GET /apis/{id}/{operation}", c.withAPIs(c.operationPage))
	mux.HandleFunc("POST /apis/{id}/{operation}/try", c.withAPIs(c.tryPage))
	mux.HandleFunc("POST /traces/{id}/repeat", c.withAPIs(c.repeatPage))
}

// withAPIs refuses where the server shows no APIs, and while it has no configuration.
func (c *console) withAPIs(next func(http.ResponseWriter, *http.Request, *configured)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in := &configured{}
		if c.APIs != nil {
			in.svc, in.revision = c.APIs.Service()
		}
		if in.svc == nil {
			c.render(w, http.StatusNotFound, "failure.html", failurePage{Info: c.Info(), Title: "Not found",
				Message: "This server shows no APIs."})
			return
		}
		next(w, r, in)
	}
}

// configured is one configuration: a page is made of one.
type configured struct {
	svc      *apim.Service
	revision string
}

// seesOperation reports whether an operation is there for the caller: one that they
// may call, or read the traces of.
func (c *console) seesOperation(ctx context.Context, api, operation string) bool {
	names := traceResources(api, operation)
	return c.may(ctx, readTrace, names...) || c.may(ctx, invokeAPI, names...)
}

func (c *console) seesAPI(ctx context.Context, a *apim.API) bool {
	return c.seesOperation(ctx, a.ID, "") || slices.ContainsFunc(a.Operations, func(o *apim.Operation) bool { return c.seesOperation(ctx, a.ID, o.ID) })
}

// apiOf finds a revision of an API that the caller may see; revision is empty for the
// current one.
func (c *console) apiOf(ctx context.Context, in *configured, id, revision string) (*apim.API, error) {
	for _, a := range in.svc.APIs {
		if a.ID != id || revision == "" && !a.IsCurrentRevision || revision != "" && a.Revision != revision {
			continue
		}
		if c.seesAPI(ctx, a) {
			return a, nil
		}
		c.hidden(ctx, readTrace, traceResources(id, "")...)
		break
	}
	return nil, &sfn.Error{Code: "NotFound", Message: "there is no such API, or no such revision of it"}
}

// operationOf finds an operation that the caller may see.
func (c *console) operationOf(ctx context.Context, in *configured, id, revision, operation string) (*apim.API, *apim.Operation, error) {
	a, err := c.apiOf(ctx, in, id, revision)
	if err != nil {
		return nil, nil, err
	}
	o := a.Operation(operation)
	switch {
	case o == nil:
	case c.seesOperation(ctx, id, operation):
		return a, o, nil
	default:
		c.hidden(ctx, readTrace, traceResources(id, operation)...)
	}
	return nil, nil, &sfn.Error{Code: "NotFound", Message: "the API has no such operation"}
}

// apisView is the page that lists APIs.
type apisView struct {
	Info     Info
	Revision string
	APIs     []apiView
}

// apiView is a revision of an API.
type apiView struct {
	ID, Name, Href, Path, Workspace, Where string
	Revision, Version, Scheme, ServiceURL  string
	// Key is the header field that carries the subscription key; empty where none is
	// needed.
	Key                           string
	Current, Offline, WebSocket   bool
	Operations                    []operationRow
	Products, Versions, Revisions []linkView
}

// linkView is a name that may lead somewhere; Class marks the one that is shown.
type linkView struct {
	Text, Href, Note string
	Here             bool
}

type operationRow struct{ ID, Name, Href, Method, Path string }

func (c *console) apisPage(w http.ResponseWriter, r *http.Request, in *configured) {
	v := apisView{Info: c.Info(), Revision: in.revision}
	for _, a := range in.svc.APIs {
		if a.IsCurrentRevision && c.seesAPI(r.Context(), a) {
			v.APIs = append(v.APIs, c.viewOfAPI(r.Context(), in, a))
		}
	}
	slices.SortStableFunc(v.APIs, func(a, b apiView) int { return strings.Compare(a.ID, b.ID) })
	c.render(w, http.StatusOK, "apis.html", v)
}

// apiPageView is the page of one API.
type apiPageView struct {
	Info          Info
	Configuration string
	A             apiView
}

func (c *console) apiPage(w http.ResponseWriter, r *http.Request, in *configured) {
	a, err := c.apiOf(r.Context(), in, r.PathValue("id"), r.URL.Query().Get("revision"))
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	c.render(w, http.StatusOK, "api.html", apiPageView{c.Info(), in.revision, c.viewOfAPI(r.Context(), in, a)})
}

func (c *console) viewOfAPI(ctx context.Context, in *configured, a *apim.API) apiView {
	v := apiView{ID: a.ID, Name: a.Name, Href: hrefOfAPI(a, ""), Path: pathOfAPI(a), Workspace: a.Workspace, Where: place(a.Place.File, a.Place.Line),
		Revision: a.Revision, Version: a.Version, Scheme: a.VersionScheme, ServiceURL: c.hide(a.ServiceURL), Current: a.IsCurrentRevision, Offline: a.Offline, WebSocket: a.WebSocket}
	if a.SubscriptionRequired {
		v.Key = a.KeyHeader
	}
	for _, o := range a.Operations {
		if c.seesOperation(ctx, a.ID, o.ID) {
			v.Operations = append(v.Operations, operationRow{o.ID, o.Name, hrefOfAPI(a, o.ID), o.Method, pathOfOperation(a, o)})
		}
	}
	for _, p := range in.svc.Products {
		if slices.Contains(p.APIs, a.ID) {
			v.Products = append(v.Products, linkView{Text: p.ID, Note: noteOfProduct(p)})
		}
	}
	for _, b := range in.svc.APIs {
		if b.ID == a.ID {
			v.Revisions = append(v.Revisions, linkView{Text: b.Revision, Href: hrefOfAPI(b, ""), Note: noteOfRevision(b), Here: b == a})
		} else if b.IsCurrentRevision && a.VersionScheme != "" && b.Path == a.Path && b.Workspace == a.Workspace && c.seesAPI(ctx, b) {
			v.Versions = append(v.Versions, linkView{Text: b.ID, Href: hrefOfAPI(b, ""), Note: b.Version})
		}
	}
	return v
}

func noteOfProduct(p *apim.Product) string {
	if p.SubscriptionRequired {
		return p.State
	}
	return p.State + ", open"
}

func noteOfRevision(a *apim.API) string {
	switch {
	case a.IsCurrentRevision && a.Offline:
		return "current, offline"
	case a.IsCurrentRevision:
		return "current"
	case a.Offline:
		return "offline"
	}
	return ""
}

// hrefOfAPI is the page of a revision of an API, or of an operation of it.
func hrefOfAPI(a *apim.API, operation string) string {
	href := "/apis/" + url.PathEscape(a.ID)
	if operation != "" {
		href += "/" + url.PathEscape(operation)
	}
	if !a.IsCurrentRevision {
		href += "?revision=" + url.QueryEscape(a.Revision)
	}
	return href
}

// pathOfAPI is the gateway's path of a revision of an API.
func pathOfAPI(a *apim.API) string {
	path := "/" + strings.Trim(a.Path, "/")
	if a.VersionScheme == "Segment" && a.Version != "" {
		path = strings.TrimSuffix(path, "/") + "/" + a.Version
	}
	if !a.IsCurrentRevision && a.Revision != "" {
		path += ";rev=" + a.Revision
	}
	return path
}

// pathOfOperation is the gateway's path with the operation's URL template behind it.
func pathOfOperation(a *apim.API, o *apim.Operation) string {
	return strings.TrimSuffix(pathOfAPI(a), "/") + "/" + strings.TrimPrefix(o.URLTemplate, "/")
}

// hide takes the project's secrets out of a text.
func (c *console) hide(text string) string {
	if c.Mask == nil {
		return text
	}
	return c.Mask(text)
}
