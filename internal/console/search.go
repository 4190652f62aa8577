package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Deleter deletes executions that have ended, for good.
type Deleter interface {
	DeleteExecution(ctx context.Context, arn string) error
}

func (c *console) deleteExecution(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	if err := c.Host.DeleteExecution(r.Context(), x.ARN); err != nil {
		c.fail(w, r, err)
		return
	}
	var o jsonval.Object
	answer(w, http.StatusOK, o.AddString("deleted", x.ARN).Value())
}

// search reads from, to and field of a list's query.
func search(in *sfn.ListExecutions, q url.Values) error {
	for _, bound := range []struct {
		name string
		to   *time.Time
	}{{"from", &in.From}, {"to", &in.To}} {
		text := q.Get(bound.name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return &sfn.Error{Code: "BadQuery", Message: bound.name + " must be a time such as 2026-03-04T12:00:00Z"}
		}
		*bound.to = at
	}
	for _, text := range q["field"] {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return &sfn.Error{Code: "BadQuery", Message: "field must be NAME=VALUE"}
		}
		if _, twice := in.Fields[name]; twice {
			return &sfn.Error{Code: "BadQuery", Message: "field " + name + " stands twice"}
		}
		if in.Fields == nil {
			in.Fields = map[string]string{}
		}
		in.Fields[name] = fieldValue(value)
	}
	return nil
}

// fieldValue is a value as JSON: a number, true, false, null and a quoted string as they
// are written, all else is a string.
func fieldValue(text string) string {
	v, err := jsonval.Parse([]byte(text))
	if err != nil {
		return jsonval.OfString(text).Text()
	}
	if s, ok := v.Str(); ok {
		return jsonval.OfString(s).Text()
	}
	switch v.Kind() {
	case jsonval.ObjectKind, jsonval.ArrayKind:
		return jsonval.OfString(text).Text()
	}
	return v.Compact().Text()
}
