package eventsapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

const (
	contentType = "application/x-amz-json-1.1"
	// MaxBody bounds a request's body, in bytes: EventBridge's parameters at their
	// longest are less.
	MaxBody = 1 << 20
)

// server answers requests; it is immutable after New.
type server struct {
	cfg     Config
	actions map[string]action
}

// action runs one action; its answer is a JSON object.
type action func(s *server, ctx context.Context, in *input) (jsonval.Value, error)

// actionTable names every action of EventBridge that this server knows.
func actionTable() map[string]action {
	return map[string]action{
		"CreateConnection":      createConnection,
		"UpdateConnection":      updateConnection,
		"DeleteConnection":      deleteConnection,
		"DeauthorizeConnection": deauthorizeConnection,
		"DescribeConnection":    describeConnection,
		"ListConnections":       listConnections,
	}
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := s.cfg.NewID()
	w.Header().Set("x-amzn-RequestId", id)
	out, err := s.serve(r)
	if err == nil {
		write(w, http.StatusOK, out)
		return
	}
	var refusal *sfn.Error
	if !errors.As(err, &refusal) {
		refusal = &sfn.Error{Code: "InternalException", Message: "The request failed because of an internal error, request " + id}
		if r.Context().Err() == nil {
			s.cfg.Log.Error("eventbridge action failed", "target", r.Header.Get("X-Amz-Target"), "request", id, "error", err.Error())
		}
	}
	Refuse(w, refusal)
}

func (s *server) serve(r *http.Request) (jsonval.Value, error) {
	target := r.Header.Get("X-Amz-Target")
	name, ok := strings.CutPrefix(target, Prefix)
	run := s.actions[name]
	if !ok || run == nil || r.Method != http.MethodPost || r.URL.Path != "/" {
		return jsonval.Value{}, &sfn.Error{Code: "UnknownOperationException", Message: "This server has no action " + clip(target)}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	switch {
	case err != nil:
		return jsonval.Value{}, serialization("The request body ended early")
	case len(body) > MaxBody:
		return jsonval.Value{}, &sfn.Error{Code: "RequestEntityTooLargeException", Message: "The request body is longer than " + strconv.Itoa(MaxBody) + " bytes"}
	case len(body) == 0:
		body = []byte("{}")
	}
	v, err := jsonval.Parse(body)
	if err != nil {
		// The parser's words may quote what stands there, a secret say.
		return jsonval.Value{}, serialization("The request body is not JSON")
	}
	if v.Kind() != jsonval.ObjectKind {
		return jsonval.Value{}, serialization("The request body is not a JSON object")
	}
	return run(s, r.Context(), &input{value: v, faults: &faults{}})
}

func serialization(message string) *sfn.Error {
	return &sfn.Error{Code: "SerializationException", Message: message}
}

// clip bounds what a message quotes of a request.
func clip(s string) string {
	const most = 100
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Refuse answers a request with an error, also one that reaches no action.
func Refuse(w http.ResponseWriter, e *sfn.Error) {
	var o jsonval.Object
	o.AddString("__type", e.Code).AddString("message", e.Message)
	status := http.StatusBadRequest
	switch e.Code {
	case "InternalException":
		status = http.StatusInternalServerError
	case "RequestEntityTooLargeException":
		status = http.StatusRequestEntityTooLarge
	}
	write(w, status, o.Value())
}

func write(w http.ResponseWriter, code int, body jsonval.Value) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body.Raw())))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	// A client that went away is no fault of ours and there is nobody left to tell.
	_, _ = w.Write(body.Raw())
}

// timestamp is AWS's wire form of a time: seconds of the epoch; nothing for the zero
// time.
func timestamp(o *jsonval.Object, name string, t time.Time) {
	if !t.IsZero() {
		o.AddInt(name, t.Unix())
	}
}

func addText(o *jsonval.Object, name, s string) {
	if s != "" {
		o.AddString(name, s)
	}
}
