package console

import (
	"cmp"
	"context"
	"crypto/hmac"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"stile/internal/apim"
	"stile/internal/gatetrace"
	"stile/internal/identity/session"
	"stile/internal/sfn"
)

// tryForm is the form that tries an operation.
type tryForm struct {
	// No says why there is none.
	No           string
	Action       string
	CSRF, Form   string
	Revision     string
	Before       string // the trace to compare the next one with
	Method       string
	AnyMethod    bool
	Path         string
	Params       []paramField
	Query        string
	Headers      string
	Body         string
	Keys         []linkView
	KeyHeader    string
	NotRepeated  []string // what the trace of the last try does not hold
	Subscription string
}

// paramField is a parameter of the operation's path.
type paramField struct{ Name, Value string }

// maxTry bounds the form of a try.
const maxTry = 1 << 20

// mayTry asks for what a try takes: to call the operation, and to read its trace.
func (c *console) mayTry(ctx context.Context, api, operation string) error {
	names := traceResources(api, operation)
	if err := c.permit(ctx, invokeAPI, names...); err != nil {
		return err
	}
	return c.permit(ctx, readTrace, names...)
}

// tryFormOf makes the form, filled with what the last try sent.
func (c *console) tryFormOf(ctx context.Context, a *apim.API, o *apim.Operation, last *tryResult) tryForm {
	names := traceResources(a.ID, o.ID)
	f := tryForm{Action: "/apis/" + url.PathEscape(a.ID) + "/" + url.PathEscape(o.ID) + "/try", Method: o.Method, AnyMethod: o.Method == "*",
		Path: pathOfOperation(a, o), KeyHeader: cmp.Or(a.KeyHeader, "Ocp-Apim-Subscription-Key")}
	switch {
	case c.GateTraces == nil:
		f.No = "This server keeps no traces of requests."
	case !c.may(ctx, invokeAPI, names...):
		f.No = "No role of yours allows " + invokeAPI + " on this operation."
	case !c.may(ctx, readTrace, names...):
		f.No = "No role of yours allows " + readTrace + " on this operation."
	case a.WebSocket:
		f.No = "A WebSocket connection cannot be opened from here."
	case a.Offline:
		f.No = "The revision is offline: no request reaches it."
	}
	if f.No != "" {
		return f
	}
	if f.AnyMethod {
		f.Method = "GET"
	}
	if !a.IsCurrentRevision {
		f.Revision = a.Revision
	}
	f.Form = c.forms.token("try", c.Permissions.Subject(ctx), a.ID, f.Revision, o.ID)
	path, query, _ := strings.Cut(f.Path, "?")
	for _, name := range paramsOf(path) {
		f.Params = append(f.Params, paramField{Name: name})
	}
	f.Query = query
	if f.Method == "POST" || f.Method == "PUT" || f.Method == "PATCH" {
		f.Headers = "Content-Type: application/json"
	}
	key := ""
	if last != nil {
		key = c.refill(ctx, &f, last.T, path)
	} else if keys := c.APIs.Keys(); len(keys) > 0 && a.SubscriptionRequired {
		key = keys[0]
	}
	f.Keys = append(f.Keys, linkView{Note: "no key", Here: key == ""})
	for _, k := range c.APIs.Keys() {
		f.Keys = append(f.Keys, linkView{Text: k, Here: k == key})
	}
	return f
}

// refill fills the form with the request of a trace, as far as that is known.
func (c *console) refill(ctx context.Context, f *tryForm, t *gatetrace.Trace, template string) (key string) {
	f.Before = t.ID
	call, lacking, err := c.callOf(ctx, t)
	if f.NotRepeated = lacking; err != nil {
		f.NotRepeated = append(f.NotRepeated, "the request's body, or a part of its address")
	}
	if f.AnyMethod {
		f.Method = call.Method
	}
	path, query, _ := strings.Cut(call.Target, "?")
	values := matchPath(template, path)
	for i := range f.Params {
		f.Params[i].Value = values[f.Params[i].Name]
	}
	f.Query, f.Body, f.Headers = query, call.Body, linesOf(call.Headers)
	return call.Key
}

// tryPage takes the form: it sends the request, and shows the operation's page with
// what became of it.
func (c *console) tryPage(w http.ResponseWriter, r *http.Request, in *configured) {
	form, ok := c.ownForm(w, r)
	if !ok {
		return
	}
	ctx, id, operation := r.Context(), r.PathValue("id"), r.PathValue("operation")
	a, o, err := c.operationOf(ctx, in, id, form.Get("revision"), operation)
	if err == nil {
		err = c.mayTry(ctx, id, operation)
	}
	if err == nil && !hmac.Equal([]byte(form.Get("form")), []byte(c.forms.token("try", c.Permissions.Subject(ctx), id, form.Get("revision"), operation))) {
		err = errForeignForm
	}
	var call *TryCall
	if err == nil {
		call, err = readTry(form, a, o)
	}
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	call.From = r.RemoteAddr
	answer, err := c.send(ctx, call)
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	if answer.Trace == "" {
		c.untraced(w, answer)
		return
	}
	to := url.Values{"trace": {answer.Trace}}
	if before := form.Get("before"); before != "" {
		to.Set("before", before)
	}
	if revision := form.Get("revision"); revision != "" {
		to.Set("revision", revision)
	}
	secure(w.Header(), pagePolicy)
	http.Redirect(w, r, "/apis/"+url.PathEscape(id)+"/"+url.PathEscape(operation)+"?"+to.Encode()+"#result", http.StatusSeeOther)
}

// send sends a call that the caller may make where it goes: to the operation that the
// permission was asked for, and no other.
func (c *console) send(ctx context.Context, call *TryCall) (TryAnswer, error) {
	api, operation, ok := c.APIs.Reaches(call)
	if !ok {
		return TryAnswer{}, &sfn.Error{Code: "NotFound", Message: "no operation answers " + call.Method + " " + call.Target + ": nothing was sent"}
	}
	if api != call.API || operation != call.Operation {
		return TryAnswer{}, &sfn.Error{Code: "BadQuery", Message: call.Method + " " + call.Target + " reaches another operation than " + call.API + "/" + call.Operation + ": nothing was sent"}
	}
	answer, err := c.APIs.Try(ctx, call)
	if err == nil && answer.Trace != "" {
		keyHeader := ""
		if svc, _ := c.APIs.Service(); svc != nil && svc.API(api) != nil {
			keyHeader = svc.API(api).KeyHeader
		}
		c.tries.remember(answer.Trace, c.Permissions.Subject(ctx), keyHeader, call, c.hide)
	}
	return answer, err
}

// untraced shows an answer of which no trace is kept.
func (c *console) untraced(w http.ResponseWriter, a TryAnswer) {
	c.render(w, http.StatusOK, "failure.html", failurePage{Info: c.Info(), Title: "Answered without a trace",
		Message: "The gateway answered " + strconv.Itoa(a.Status) + " after " + took(a.Took) + ", and kept no trace of it: " + c.hide(strings.ToValidUTF8(a.Head, "�"))})
}

var errForeignForm = &sfn.Error{Code: "Forbidden", Message: "This form was made for somebody else, or before the server began. Nothing was sent: open the page again."}

// ownForm reads a form that this console made; another answer is written.
func (c *console) ownForm(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	refuse := func(status int, title, message string) (url.Values, bool) {
		c.render(w, status, "failure.html", failurePage{Info: c.Info(), Title: title, Message: message})
		return nil, false
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return refuse(http.StatusUnsupportedMediaType, "Not a form", "The page takes its own form alone. Nothing was sent.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxTry)
	if r.ParseForm() != nil {
		return refuse(http.StatusRequestEntityTooLarge, "Too long", "The form is too long, or ended early. Nothing was sent.")
	}
	if !hmac.Equal([]byte(session.CSRF(r.Context())), []byte(r.PostForm.Get("csrf"))) {
		return refuse(http.StatusForbidden, "Forbidden", errForeignForm.Message)
	}
	return r.PostForm, true
}

// readTry makes a call of the form's fields.
func readTry(form url.Values, a *apim.API, o *apim.Operation) (*TryCall, error) {
	call := &TryCall{API: a.ID, Operation: o.ID, Method: o.Method, Key: form.Get("key"), Body: strings.ReplaceAll(form.Get("body"), "\r\n", "\n")}
	if o.Method == "*" {
		call.Method = strings.ToUpper(strings.TrimSpace(form.Get("method")))
	}
	if !token(call.Method) {
		return nil, &sfn.Error{Code: "BadQuery", Message: "the method must be a word such as GET"}
	}
	path, _, _ := strings.Cut(pathOfOperation(a, o), "?")
	path, err := fillPath(path, func(name string) string { return form.Get("param." + name) })
	if err != nil {
		return nil, err
	}
	query := strings.TrimPrefix(strings.TrimSpace(form.Get("query")), "?")
	if a.VersionScheme == "Query" && !hasParam(query, a.VersionName) {
		query = strings.TrimPrefix(query+"&"+url.QueryEscape(a.VersionName)+"="+url.QueryEscape(a.Version), "&")
	}
	if call.Target = path; query != "" {
		call.Target += "?" + escapeQuery(query)
	}
	if call.Headers, err = readFields(form.Get("headers")); err != nil {
		return nil, err
	}
	if a.VersionScheme == "Header" && !slices.ContainsFunc(call.Headers, func(f gatetrace.Field) bool { return strings.EqualFold(f.Name, a.VersionName) }) {
		call.Headers = append(call.Headers, gatetrace.Field{Name: a.VersionName, Value: a.Version})
	}
	return call, nil
}
