package console

import (
	"context"
	"crypto/hmac"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"stile/internal/gatetrace"
	"stile/internal/identity/session"
	"stile/internal/sfn"
)

// repeatForm is the form that repeats a traced request on the present configuration.
type repeatForm struct {
	// No says why there is none.
	No                 string
	Action, CSRF, Form string
	// Configuration is the present one; Same says that the trace ran on it.
	Configuration string
	Same          bool
	// Lacking are header fields that the trace does not hold; Key is the subscription
	// whose key is sent, NoKey one whose key the server does not have.
	Lacking    []string
	Key, NoKey string
}

// repeatFormOf makes the form of a trace; nil where the server calls no APIs.
func (c *console) repeatFormOf(ctx context.Context, t *gatetrace.Trace) *repeatForm {
	if c.APIs == nil || t.API == "" || t.Operation == "" {
		return nil
	}
	svc, revision := c.APIs.Service()
	if svc == nil {
		return nil
	}
	f := &repeatForm{Action: "/traces/" + url.PathEscape(t.ID) + "/repeat", Configuration: revision, Same: revision == t.Revision, CSRF: session.CSRF(ctx)}
	call, lacking, err := c.callOf(ctx, t)
	if f.Lacking = lacking; err != nil {
		var refusal *sfn.Error
		if f.No = err.Error(); errors.As(err, &refusal) {
			f.No = refusal.Message
		}
		return f
	}
	if !c.may(ctx, invokeAPI, traceResources(t.API, t.Operation)...) {
		f.No = "No role of yours allows " + invokeAPI + " on this operation."
		return f
	}
	switch {
	case call.Key == "":
	case slices.Contains(c.APIs.Keys(), call.Key):
		f.Key = call.Key
	default:
		f.NoKey = call.Key
	}
	f.Form = c.forms.token("repeat", c.Permissions.Subject(ctx), t.ID)
	return f
}

// hrefOfTried is the page of the operation that a trace is of, with the trace on it.
func (c *console) hrefOfTried(t *gatetrace.Trace) string {
	q := url.Values{"trace": {t.ID}}
	if svc, _ := c.APIs.Service(); svc != nil {
		if a := svc.API(t.API); a != nil && a.Revision != t.APIRevision {
			q.Set("revision", t.APIRevision)
		}
	}
	return "/apis/" + url.PathEscape(t.API) + "/" + url.PathEscape(t.Operation) + "?" + q.Encode()
}

// repeatPage sends a traced request again and shows where the two traces differ.
func (c *console) repeatPage(w http.ResponseWriter, r *http.Request, _ *configured) {
	form, ok := c.ownForm(w, r)
	if !ok {
		return
	}
	answer, err := c.repeat(r, form)
	switch {
	case err != nil:
		c.failPage(w, r, err)
	case answer.Trace == "":
		c.untraced(w, answer)
	default:
		secure(w.Header(), pagePolicy)
		http.Redirect(w, r, "/traces/diff?"+url.Values{"a": {r.PathValue("id")}, "b": {answer.Trace}}.Encode(), http.StatusSeeOther)
	}
}

func (c *console) repeat(r *http.Request, form url.Values) (TryAnswer, error) {
	ctx := r.Context()
	if c.GateTraces == nil {
		return TryAnswer{}, &sfn.Error{Code: "NotFound", Message: gatetrace.ErrNotFound.Error()}
	}
	t, err := c.gateTrace(ctx, r.PathValue("id"))
	if err != nil {
		return TryAnswer{}, err
	}
	if t.API == "" || t.Operation == "" {
		return TryAnswer{}, &sfn.Error{Code: "ConflictException", Message: "the request reached no operation, and is not repeated"}
	}
	if err := c.mayTry(ctx, t.API, t.Operation); err != nil {
		return TryAnswer{}, err
	}
	if !hmac.Equal([]byte(form.Get("form")), []byte(c.forms.token("repeat", c.Permissions.Subject(ctx), t.ID))) {
		return TryAnswer{}, errForeignForm
	}
	call, _, err := c.callOf(ctx, t)
	if err != nil {
		return TryAnswer{}, err
	}
	more, err := readFields(form.Get("headers"))
	if err != nil {
		return TryAnswer{}, err
	}
	for _, f := range more {
		call.Headers = slices.DeleteFunc(call.Headers, func(old gatetrace.Field) bool { return strings.EqualFold(old.Name, f.Name) })
	}
	call.Headers = append(call.Headers, more...)
	if !slices.Contains(c.APIs.Keys(), call.Key) {
		call.Key = ""
	}
	call.From = r.RemoteAddr
	return c.send(ctx, &call)
}
