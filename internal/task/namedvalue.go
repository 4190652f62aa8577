package task

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"stile/asl"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// ErrNotListed is what Config.NamedValue gives for a name that the state machine's
// options do not list: {{name}} is then sent as it stands.
var ErrNotListed = errors.New("the name is not listed under named-values")

// Masker takes secret values out of what is journalled and shown.
type Masker interface {
	MaskJSON(v jsonval.Value) jsonval.Value
	MaskString(text string) string
}

// finished is a result without the secrets that the process has resolved: what the
// callee said may repeat what it was sent.
func (r *Runner) finished(call sfn.TaskCall, res sfn.TaskResult) sfn.TaskResult {
	if r.cfg.NamedValueRefused != nil && len(call.NamedValues) > 0 && strings.HasSuffix(res.Error, ".401") {
		r.cfg.NamedValueRefused(call)
	}
	if m := r.cfg.Mask; m != nil {
		res.Error, res.Cause = m.MaskString(res.Error), m.MaskString(res.Cause)
		res.Output, res.Call = m.MaskJSON(res.Output), m.MaskJSON(res.Call)
	}
	if call.TaskToken != "" { // a receiver may send back its callback's URL, which opens the task
		m := secret.NewMasker(nil)
		m.Keep("token", secret.NewValue(call.TaskToken))
		res.Error, res.Cause = m.MaskString(res.Error), m.MaskString(res.Cause)
		res.Output, res.Call = m.MaskJSON(res.Output), m.MaskJSON(res.Call)
	}
	return res
}

// parameters are the call's with its named values in place, for the one request
// that is sent now: the call itself keeps the text of the definition.
func (r *Runner) parameters(call sfn.TaskCall) (jsonval.Value, sfn.TaskResult) {
	p := call.Parameters
	if r.cfg.NamedValue == nil {
		return p, sfn.TaskResult{}
	}
	texts := map[string]string{} // resolved, by name; a name that is not listed is not in it
	for _, ref := range call.NamedValues {
		if _, known := texts[ref.Name]; known {
			continue
		}
		text, _, err := r.cfg.NamedValue(call, ref.Name)
		var denied *exchange.PermissionDenied
		switch {
		case errors.Is(err, ErrNotListed):
		case errors.As(err, &denied):
			res := fault("States.Permissions", denied.Error())
			res.Call = refused(call, denied)
			return p, res
		case err != nil:
			res := fault("States.TaskFailed", "The named value '"+ref.Name+"' cannot be used: "+err.Error()+". Nothing was sent.")
			res.NoSecret = lacksSecret(err)
			return p, res
		default:
			texts[ref.Name] = text
		}
	}
	for i, ref := range call.NamedValues {
		if slices.ContainsFunc(call.NamedValues[:i], func(o sfn.NamedValueRef) bool { return o.Pointer == ref.Pointer }) {
			continue // one pass puts in all of a string's
		}
		p = put(p, tokens(ref.Pointer), texts)
	}
	for _, field := range []string{"Headers", "QueryParameters"} {
		if name, bad := unsendable(field, call, texts); bad {
			return p, fault("States.TaskFailed", "The named value '"+name+"' has a line end or another control character: it cannot stand in "+
				field+". Nothing was sent.")
		}
	}
	return p, sfn.TaskResult{}
}

// lacksSecret says that a secret without a value is what is wrong: only a person
// can help.
func lacksSecret(err error) bool {
	var missing *secret.Missing
	return errors.As(err, &missing)
}

// refused is the side journal's record of a call that was never made.
func refused(call sfn.TaskCall, denied *exchange.PermissionDenied) jsonval.Value {
	method, _ := call.Parameters.Get("Method").Str()
	endpoint, _ := call.Parameters.Get("ApiEndpoint").Str()
	ex := &exchange.Exchange{}
	ex.Request.Method = method
	if u, err := exchange.ParseURL(endpoint); err == nil {
		ex.Request.OriginalURL = u
	}
	ex.Backend.BaseURL = endpoint
	return record(call, ex, denied)
}

// put resolves the string at a pointer; what is not a string there is left, since
// then it is not what the definition wrote.
func put(v jsonval.Value, path []string, texts map[string]string) jsonval.Value {
	if len(path) == 0 {
		if text, ok := v.Str(); ok {
			return jsonval.OfString(resolved(text, texts))
		}
		return v
	}
	switch v.Kind() {
	case jsonval.ObjectKind:
		if m := v.Get(path[0]); m.Exists() {
			return v.Set(path[0], put(m, path[1:], texts))
		}
	case jsonval.ArrayKind:
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 {
			if out, ok := v.SetIndex(i, put(v.Index(i), path[1:], texts)); ok {
				return out
			}
		}
	}
	return v
}

// resolved puts the texts in; they are not searched again.
func resolved(text string, texts map[string]string) string {
	var b strings.Builder
	from := 0
	asl.EachNamedValue(text, func(at int, name string) bool {
		if value, ok := texts[name]; ok {
			b.WriteString(text[from:at])
			b.WriteString(value)
			from = at + len("{{}}") + len(name)
		}
		return true
	})
	return b.String() + text[from:]
}

// tokens splits a JSON pointer.
func tokens(pointer string) []string {
	parts := strings.Split(pointer, "/")[1:]
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts
}

// unsendable names a value with a control character that stands in a header or a
// query parameter.
func unsendable(field string, call sfn.TaskCall, texts map[string]string) (name string, bad bool) {
	for _, ref := range call.NamedValues {
		if strings.HasPrefix(ref.Pointer, "/"+field+"/") && strings.ContainsFunc(texts[ref.Name], func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return ref.Name, true
		}
	}
	return "", false
}
