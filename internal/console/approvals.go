package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"stile/internal/callback"
	"stile/internal/identity/session"
	"stile/internal/sfn"
	"stile/jsonval"
)

// shownApprovals bounds one page: each entry reads its state's input.
const shownApprovals = 100

// approvals is the page's part of a console: how states are shown, and the key of
// its forms.
//
// A form carries the session's CSRF token, where somebody is logged in, and beside
// it its own: a MAC over who got the form, the callback with its attempt, the
// state, and what could be chosen. So a form answers for nobody else, and not by
// choices that its reader never saw; and the state of a task that is over is known
// without any look-up. The key lives as long as the process.
type approvals struct{ key [32]byte }

func (c *console) approvalPages(mux *http.ServeMux) {
	if c.Callbacks == nil {
		return
	}
	var a approvals
	_, _ = rand.Read(a.key[:]) // crypto/rand.Read does not fail
	mux.HandleFunc("GET /approvals", func(w http.ResponseWriter, r *http.Request) { c.approvalsPage(w, r, &a) })
	mux.HandleFunc("POST /approvals", func(w http.ResponseWriter, r *http.Request) { c.approve(w, r, &a) })
}

// form is the MAC of one entry's form.
func (a *approvals) form(who string, ref sfn.CallbackRef, state, choices string) string {
	m := hmac.New(sha256.New, a.key[:])
	for _, part := range []string{"approval", who, ref.ID(), state, choices} {
		m.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(m.Sum(nil))
}

// approvalsView is the page.
type approvalsView struct {
	Info Info
	// Done says in a word what became of the last answer; Of is its callback.
	Done, Of string
	Entries  []approvalView
	// More counts those that are not shown.
	More int
	CSRF string
}

// approvalView is one callback that the caller may answer.
type approvalView struct {
	ID, Title, Machine, Execution, State, Href string
	Attempt                                    uint32
	Since, Expires                             instantView
	Revoked, Expired                           bool
	// Boxed: the state offers no choices, any JSON will do. MayFail: the caller may
	// fail it as well.
	Boxed, MayFail bool
	Shown          []shownView
	Choices        []choiceView
	Form           string
}

type shownView struct{ Path, Value string }

type choiceView struct {
	Index int
	Label string
	Fails bool
}

func (c *console) approvalsPage(w http.ResponseWriter, r *http.Request, a *approvals) {
	ctx := r.Context()
	open, err := c.openFor(ctx, "")
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	v := approvalsView{Info: c.Info(), CSRF: session.CSRF(ctx), More: max(0, len(open)-shownApprovals)}
	q := r.URL.Query()
	if done := q.Get("done"); done == "completed" || done == "failed" {
		if ref, ok := sfn.ParseCallbackID(c.Region, c.Account, q.Get("of")); ok {
			v.Done, v.Of = done, ref.ID()
		}
	}
	inputs := map[string]map[uint64]sfn.TaskInput{}
	for _, o := range open[:min(len(open), shownApprovals)] {
		list, ok := inputs[o.Ref.ExecutionARN]
		if !ok {
			if list, err = c.Callbacks.Inputs(ctx, o.Ref.ExecutionARN); err != nil {
				c.failPage(w, r, err)
				return
			}
			inputs[o.Ref.ExecutionARN] = list
		}
		v.Entries = append(v.Entries, c.viewOfApproval(ctx, a, o, list[o.Ref.Command]))
	}
	c.render(w, http.StatusOK, "approvals.html", v)
}

func (c *console) approvalOf(o callback.Open) *callback.Approval {
	if c.Approval == nil {
		return nil
	}
	return c.Approval(o.StateMachine, o.State)
}

func (c *console) viewOfApproval(ctx context.Context, a *approvals, o callback.Open, in sfn.TaskInput) approvalView {
	shape := c.approvalOf(o)
	v := approvalView{ID: o.Ref.ID(), Title: o.State, Machine: o.StateMachine, Execution: o.Execution, State: o.State,
		Href: "/executions/" + url.PathEscape(o.Ref.ExecutionARN), Attempt: o.Ref.Attempt,
		Since: viewOfTime(o.Since), Expires: viewOfTime(o.Expires), Revoked: o.Revoked, Expired: o.Expired(time.Now()),
		Form: a.form(c.Permissions.Subject(ctx), o.Ref, o.State, shape.Digest()), Boxed: true,
		MayFail: c.may(ctx, failTask, sfn.StateResources(o.Ref.ExecutionARN, o.State)...)}
	if shape == nil {
		return v
	}
	if shape.Title != "" {
		v.Title = shape.Title
	}
	for i, choice := range shape.Choices {
		if !choice.Fail || v.MayFail {
			v.Choices = append(v.Choices, choiceView{i, choice.Label, choice.Fail})
		}
	}
	v.Boxed = len(shape.Choices) == 0
	if !c.may(ctx, readPayload, sfn.ExecutionResources(o.Ref.ExecutionARN)...) {
		return v
	}
	for _, s := range shape.Show {
		text := "–"
		if value, ok := s.Value(o, in); ok {
			text = plainValue(value)
		}
		v.Shown = append(v.Shown, shownView{s.Text, text})
	}
	return v
}

// plainValue is a string without its quotes, and other JSON as it is.
func plainValue(v jsonval.Value) string {
	if s, ok := v.Str(); ok {
		return s
	}
	return pretty(v)
}

// approve takes one form. Nothing is changed unless all of it is right.
func (c *console) approve(w http.ResponseWriter, r *http.Request, a *approvals) {
	ctx := r.Context()
	refuse := func(status int, title, message string) {
		c.render(w, status, "failure.html", failurePage{Info: c.Info(), Title: title, Message: message})
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		refuse(http.StatusUnsupportedMediaType, "Not a form", "The page takes its own form alone. Nothing was changed.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, apiBody)
	if r.ParseForm() != nil {
		refuse(http.StatusRequestEntityTooLarge, "Too long", "The form is too long, or ended early. Nothing was changed.")
		return
	}
	ref, ok := sfn.ParseCallbackID(c.Region, c.Account, r.PostForm.Get("callback"))
	state := r.PostForm.Get("state")
	if !ok || r.PostForm.Get("attempt") != strconv.FormatUint(uint64(ref.Attempt), 10) {
		refuse(http.StatusNotFound, "Not found", "There is no such callback.")
		return
	}
	machine := machineName(ref.ExecutionARN)
	o := callback.Open{Ref: ref, StateMachine: machine, State: state}
	shape := c.approvalOf(o)
	mac := a.form(c.Permissions.Subject(ctx), ref, state, shape.Digest())
	if csrf := session.CSRF(ctx); !hmac.Equal([]byte(mac), []byte(r.PostForm.Get("form"))) || !hmac.Equal([]byte(csrf), []byte(r.PostForm.Get("csrf"))) {
		refuse(http.StatusUnauthorized, "Not your form", "This form was made for somebody else, or before the server or the choices changed. "+
			"Nothing was changed: open the approvals again.")
		return
	}
	names := sfn.StateResources(ref.ExecutionARN, state)
	if !c.may(ctx, completeTask, names...) {
		c.hidden(ctx, completeTask, names...)
		refuse(http.StatusNotFound, "Not found", "There is no such callback.")
		return
	}
	said, problem := readAnswer(r.PostForm, shape)
	if said.Fail {
		if err := c.permit(ctx, failTask, names...); err != nil {
			c.failPage(w, r, err)
			return
		}
	}
	if problem != "" {
		refuse(http.StatusBadRequest, "Not an answer", problem+" Nothing was changed.")
		return
	}
	c.approved(w, r, ref, said)
}

// approved gives the answer to the task and goes back to the list.
func (c *console) approved(w http.ResponseWriter, r *http.Request, ref sfn.CallbackRef, said callback.Answer) {
	got, err := c.Callbacks.Complete(r.Context(), ref, said, c.sender(r, callback.ViaPage))
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	if got != sfn.Accepted && got != sfn.Repeated {
		c.render(w, http.StatusGone, "failure.html", failurePage{Info: c.Info(), Title: "Too late",
			Message: "The task was answered before, or no longer waits. Nothing was changed."})
		return
	}
	done := "completed"
	if said.Fail {
		done = "failed"
	}
	secure(w.Header(), pagePolicy)
	http.Redirect(w, r, "/approvals?"+url.Values{"done": {done}, "of": {ref.ID()}}.Encode(), http.StatusSeeOther)
}

// readAnswer reads a choice by its number, or where the state offers none the box
// of JSON, or the error and cause.
func readAnswer(form url.Values, shape *callback.Approval) (a callback.Answer, problem string) {
	if shape != nil && len(shape.Choices) > 0 {
		n, err := strconv.Atoi(form.Get("choice"))
		if err != nil || n < 0 || n >= len(shape.Choices) {
			return a, "Choose one of the answers."
		}
		return shape.Choices[n].Answer, ""
	}
	switch form.Get("choice") {
	case "fail":
		a = callback.Answer{Fail: true, Error: form.Get("error"), Cause: form.Get("cause")}
	case "complete":
		text := strings.TrimSpace(form.Get("output"))
		if text == "" {
			text = "{}"
		}
		v, err := jsonval.Parse([]byte(text))
		if err != nil {
			return a, "The output is not JSON: " + err.Error() + "."
		}
		a.Output = v
	default:
		return a, "Say whether the task completes or fails."
	}
	return a, a.Problem()
}
