package policytest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
	"stile/jsonval"
	"stile/policy/exchange"
)

// comparison gathers what differs between an answer and what a case expects.
type comparison struct {
	c     *Case
	e     *expect
	got   *answered
	found []Difference
}

// compare holds an answer against what is expected of it.
func compare(c *Case, e *expect, got *answered) []Difference {
	x := &comparison{c: c, e: e, got: got}
	x.reached()
	for _, m := range got.calls {
		if !m.listed {
			x.add("backend", c.Line, nil, text(m.method+" "+m.url+": the test lists no answer for this call"))
		}
	}
	if got.broken != nil {
		x.add("answer", e.line, nil, text("it broke off: "+got.broken.Error()))
	}
	x.denial()
	if e.status != nil && *e.status != got.ex.Response.StatusCode {
		x.add("status", e.lines["status"], text(strconv.Itoa(*e.status)), statusOf(got.ex))
	}
	if e.reason != nil {
		reason := got.ex.Response.Reason
		if reason == "" {
			reason = http.StatusText(got.ex.Response.StatusCode)
		}
		x.same("reason", e.lines["reason"], *e.reason, &reason)
	}
	x.fields("headers", e.headers, got.ex.Response.Header.Values)
	if e.body != nil {
		x.same("body", e.lines["body"], *e.body, text(string(got.body)))
	}
	if e.json != nil {
		x.json("json", e.json, got.body)
	}
	x.calls()
	x.trace()
	x.counters()
	x.lastError()
	return x.found
}

func text(s string) *string { return &s }

func statusOf(ex *exchange.Exchange) *string {
	if ex.Response.StatusCode == 0 {
		return nil
	}
	return text(strconv.Itoa(ex.Response.StatusCode))
}

func (x *comparison) add(what string, line int, expected, got *string) {
	x.found = append(x.found, Difference{What: what, Expected: cut(expected), Got: cut(got), Line: line})
}

// longest bounds a side that is shown, in bytes.
const longest = 16 << 10

func cut(side *string) *string {
	if side == nil || len(*side) <= longest {
		return side
	}
	return text(strings.ToValidUTF8((*side)[:longest], "") + "… (" + strconv.Itoa(len(*side)) + " bytes)")
}

func (x *comparison) same(what string, line int, expected string, got *string) {
	if got == nil || *got != expected {
		x.add(what, line, &expected, got)
	}
}

// reached holds the operation that the request came to against the case's.
func (x *comparison) reached() {
	want, got := x.c.api.text, ""
	if x.got.ex.API != nil {
		got = x.got.ex.API.ID
	}
	if x.c.operation.text != "" {
		want += "/" + x.c.operation.text
		if x.got.ex.Operation != nil {
			got += "/" + x.got.ex.Operation.ID
		}
	}
	if want != got {
		is := &got
		if got == "" {
			is = nil
		}
		x.add("operation", x.c.Line, &want, is)
	}
}

func (x *comparison) denial() {
	denied := x.got.denied
	switch want := x.e.denied; {
	case want != nil && *want && denied == nil:
		x.add("denied", x.e.lines["denied"], text("true"), text("the role allows it"))
	case denied != nil && (want == nil || !*want):
		x.add("denied", x.e.line, nil, text(denied.Error()))
	}
}

// fields compares header fields; values gives those that are there.
func (x *comparison) fields(what string, want []field, values func(name string) []string) {
	for _, f := range want {
		got := values(f.name)
		switch {
		case f.absent && got != nil:
			x.add(what+"."+f.name, f.line, nil, text(strings.Join(got, ", ")))
		case !f.absent && !slices.Equal(f.values, got):
			var is *string
			if got != nil {
				is = text(strings.Join(got, ", "))
			}
			x.add(what+"."+f.name, f.line, text(strings.Join(f.values, ", ")), is)
		}
	}
}

func sameFields(want []field, values func(name string) []string) bool {
	x := &comparison{}
	x.fields("", want, values)
	return len(x.found) == 0
}

// json compares the members that the test names.
func (x *comparison) json(what string, want *doctree.Node, body []byte) {
	got, faults := doctree.ParseJSON(diag.NewSource("body", string(body)))
	if faults.HasErrors() {
		x.add(what, want.Line, text(string(want.JSON())), text(string(body)))
		return
	}
	x.node(what, want, got)
}

func (x *comparison) node(what string, want, got *doctree.Node) {
	switch {
	case got == nil:
		x.add(what, want.Line, text(string(want.JSON())), nil)
	case want.Kind == doctree.Map && got.Kind == doctree.Map:
		for _, m := range want.Members {
			x.node(what+"."+m.Name, m.Value, got.Get(m.Name))
		}
	case want.Kind == doctree.List && got.Kind == doctree.List && len(want.Items) == len(got.Items):
		for i := range want.Items {
			x.node(what+"["+strconv.Itoa(i)+"]", want.Items[i], got.Items[i])
		}
	case want.Kind == doctree.List || want.Kind == doctree.Map || !jsonval.Equal(jsonval.MustParse(string(want.JSON())), jsonval.MustParse(string(got.JSON()))):
		x.add(what, want.Line, text(string(want.JSON())), text(string(got.JSON())))
	}
}

// calls compares the calls to backends.
func (x *comparison) calls() {
	made, line := x.got.calls, x.e.lines["backend-calls"]
	if n := x.e.number; n != nil && *n != len(made) {
		x.add("backend-calls", line, text(strconv.Itoa(*n)), text(strconv.Itoa(len(made))))
	}
	if !x.e.listed {
		return
	}
	for i, want := range x.e.calls {
		what := "backend-calls[" + strconv.Itoa(i) + "]"
		if i >= len(made) {
			x.add(what, want.line, text(strings.TrimSpace(want.method+" "+want.url)), nil)
			continue
		}
		got := &made[i]
		if want.method != "" && !strings.EqualFold(want.method, got.method) {
			x.add(what+".method", want.line, &want.method, &got.method)
		}
		if want.url != "" && !matchURL(want.url, got.url) {
			x.add(what+".url", want.line, &want.url, &got.url)
		}
		x.fields(what+".headers", want.headers, got.header.Values)
		if want.body != nil {
			x.same(what+".body", want.line, *want.body, text(string(got.body)))
		}
		if want.json != nil {
			x.json(what+".json", want.json, got.body)
		}
	}
	for i := len(x.e.calls); i < len(made); i++ {
		x.add("backend-calls["+strconv.Itoa(i)+"]", line, nil, text(made[i].method+" "+made[i].url))
	}
}

// counters compares numbers that policies told; of several with a name, the last.
func (x *comparison) counters() {
	for _, want := range x.e.counters {
		scope, name, scoped := strings.Cut(want.policy, "/")
		if !scoped {
			scope, name = "", want.policy
		}
		var got *string
		for i, d := range x.got.ex.Decisions {
			rec := x.got.ex.Recording
			if rec == nil || i >= len(rec.Steps) || scope != "" && d.Scope != scope || d.Policy != name && d.PolicyID != name {
				continue
			}
			for _, n := range rec.Steps[i].Counters {
				if n.Name == want.name {
					got = text(strconv.FormatInt(n.Value, 10))
				}
			}
		}
		x.same("counters."+want.policy+"."+want.name, want.line, strconv.FormatInt(want.value, 10), got)
	}
}

func (x *comparison) lastError() {
	for _, want := range x.e.last {
		var got *string
		if e := x.got.ex.LastError; e != nil {
			got = text(map[string]string{"source": e.Source, "reason": e.Reason, "message": e.Message, "scope": e.Scope,
				"section": e.Section, "path": e.Path, "id": e.PolicyID}[want.name])
		}
		if got == nil || !glob(want.text, *got) {
			x.add("last-error."+want.name, x.e.lines["last-error"], &want.text, got)
		}
	}
}
