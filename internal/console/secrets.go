package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"stile/internal/secret"
	"stile/jsonval"
)

// Secrets tells how the project's secrets stand, and never a value.
type Secrets interface {
	// List gives every reference of the project, sorted, with who uses it.
	List() []SecretUse
	// Refresh asks the sources of all references now and waits for their answers.
	Refresh(ctx context.Context) error
}

// SecretUse is one reference: how it stands and what of the project needs it, such
// as "named value stripe-key".
type SecretUse struct {
	secret.State
	UsedBy []string
}

func (c *console) secretsAPI(mux *http.ServeMux) {
	mux.HandleFunc("GET /-/v1/secrets", c.configuring(func(w http.ResponseWriter, _ *http.Request) { c.answerSecrets(w) }))
	mux.HandleFunc("POST /-/v1/secrets/refresh", c.configuring(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := body(w, r); !ok {
			return
		}
		if err := c.Secrets.Refresh(r.Context()); err != nil {
			c.fail(w, r, err)
			return
		}
		c.answerSecrets(w)
	}))
}

// configure is the permission that it takes to see how secrets stand, on the
// resource secretResource.
const (
	configure      = "stile:Configure"
	secretResource = "secrets"
)

// configuring refuses where the server tells of no secrets, or who asks may not
// configure.
func (c *console) configuring(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.Secrets == nil {
			failure(w, http.StatusNotFound, "NotFound", "this server tells nothing of secrets")
			return
		}
		if err := c.permit(r.Context(), configure, secretResource); err != nil {
			c.fail(w, r, err)
			return
		}
		next(w, r)
	}
}

func (c *console) answerSecrets(w http.ResponseWriter) {
	var list jsonval.Array
	for _, s := range c.Secrets.List() {
		var users jsonval.Array
		for _, u := range s.UsedBy {
			users.Add(jsonval.OfString(u))
		}
		var o jsonval.Object
		o.AddString("ref", s.Ref).AddString("status", string(s.Condition))
		o.Add("fetched", instantOrNull(s.Fetched)).Add("age", ageOf(s.State)).Add("failingSince", instantOrNull(s.Since))
		o.AddString("error", s.Reason).Add("next", instantOrNull(s.Next)).Add("usedBy", users.Value())
		list.Add(o.Value())
	}
	answer(w, http.StatusOK, wrap("secrets", list))
}

// ageOf is the age of the value that serves in whole seconds, null where none does.
func ageOf(s secret.State) jsonval.Value {
	if s.Fetched.IsZero() {
		return jsonval.NullValue
	}
	return jsonval.OfInt(int64(s.Age / time.Second))
}

// secretsView is the page of the secrets.
type secretsView struct {
	Info    Info
	Secrets []secretRow
}

type secretRow struct {
	Ref, Status, Class, Age, Error, UsedBy string
	Fetched, Next                          instantView
}

func (c *console) secretsPages(mux *http.ServeMux) { mux.HandleFunc("GET /secrets", c.secretsPage) }

func (c *console) secretsPage(w http.ResponseWriter, r *http.Request) {
	if c.Secrets == nil {
		c.render(w, http.StatusNotFound, "failure.html", failurePage{Info: c.Info(), Title: "Not found",
			Message: "This server tells nothing of secrets."})
		return
	}
	if err := c.permit(r.Context(), configure, secretResource); err != nil {
		c.failPage(w, r, err)
		return
	}
	v := secretsView{Info: c.Info()}
	for _, s := range c.Secrets.List() {
		row := secretRow{Ref: s.Ref, Status: string(s.Condition), Class: secretClass(s.Condition), Error: s.Reason,
			UsedBy: strings.Join(s.UsedBy, ", "), Fetched: viewOfTime(s.Fetched), Next: viewOfTime(s.Next)}
		if !s.Fetched.IsZero() {
			row.Age = s.Age.Truncate(time.Second).String()
		}
		v.Secrets = append(v.Secrets, row)
	}
	c.render(w, http.StatusOK, "secrets.html", v)
}

// secretClass is the class of a chip, as the picture of an execution has it.
func secretClass(c secret.Condition) string {
	switch c {
	case secret.Fresh:
		return "succeeded"
	case secret.Stale:
		return "retrying"
	case secret.Unread:
		return "waiting"
	}
	return "failed"
}
