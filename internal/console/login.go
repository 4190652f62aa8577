package console

import (
	"bytes"
	"net/http"
)

// LoginView is the page at /login, and the page of a request that was refused for
// want of a login.
type LoginView struct {
	Info  Info
	Title string
	// Problem says why the page stands in place of another; empty for /login itself.
	Problem string
	// Who is logged in, as people name it, with their principal; empty: nobody.
	Who, Principal string
	// CSRF is the token of the form that logs out.
	CSRF string
	// Providers are the ways to log in.
	Providers []LoginChoice
	// Open says that everybody may do all: `dev` on this machine.
	Open bool
}

// LoginChoice is one provider and the link that begins its login.
type LoginChoice struct{ Name, Kind, Href string }

// WriteLogin answers with the page of logins.
func WriteLogin(w http.ResponseWriter, status int, v LoginView) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "login.html", v); err != nil {
		return err
	}
	secure(w.Header(), pagePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that went away
	return nil
}

// Refuse answers a request of the control API with an error in its shape.
func Refuse(w http.ResponseWriter, status int, code, message string) {
	failure(w, status, code, message)
}

// Answer answers a request of the control API with what encoding/json makes of v.
func Answer(w http.ResponseWriter, v any) { answerStruct(w, v) }
