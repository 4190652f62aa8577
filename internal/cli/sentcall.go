package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"stile/internal/config"
	"stile/internal/gatetrace"
)

// sentCall is a call through the gateway and its answer, as a file keeps it. It holds
// no credential: those are given again.
type sentCall struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"` // path and query
	Headers []gatetrace.Field `json:"headers"`
	Body    string            `json:"body,omitempty"`
	// Binary is a body that is no text.
	Binary []byte `json:"binary,omitempty"`
	// Key names the subscription that was called with.
	Key    string      `json:"key,omitempty"`
	Answer callAnswer  `json:"answer"`
	Trace  *callTraced `json:"trace,omitempty"`
	// partial says that the answer's body is not known whole.
	partial bool
}

// callAnswer is an answer of the gateway.
type callAnswer struct {
	Status  int               `json:"status"`
	Headers []gatetrace.Field `json:"headers"`
	Body    string            `json:"body,omitempty"`
	Binary  []byte            `json:"binary,omitempty"`
}

// callTraced is what the policies decided.
type callTraced struct {
	ID       string         `json:"id"`
	Policies []callDecision `json:"policies"`
}

// callDecision is what one policy decided.
type callDecision struct {
	Policy   string `json:"policy"`
	Section  string `json:"section"`
	Scope    string `json:"scope"`
	Decision string `json:"decision"`
	Status   int    `json:"status,omitempty"`
}

// answerRoom bounds the body of an answer that is kept.
const answerRoom = 32 << 20

func textOrBytes(b []byte) (string, []byte) {
	if utf8.Valid(b) {
		return string(b), nil
	}
	return "", b
}

// devKey gives the first dev-key of a subscription of a project's stile.yaml. A server
// knows keys by their digests alone.
func devKey(project, name string) (string, error) {
	file := strings.TrimRight(project, "/") + "/" + config.FileName
	cfg, list := config.Load(file)
	if cfg == nil {
		return "", list
	}
	for _, s := range cfg.Subscriptions {
		if s.ID == name && len(s.DevKeys) > 0 {
			return s.DevKeys[0], nil
		}
	}
	return "", &failure{exitNotFound, file + " has no dev-keys of a subscription " + name + "; send the key with -H 'Ocp-Apim-Subscription-Key: …'"}
}

func fieldsOf(h http.Header) (out []gatetrace.Field) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range h[name] {
			out = append(out, gatetrace.Field{Name: name, Value: v})
		}
	}
	return out
}

// decisions reads what the policies of a traced request decided.
func (c *command) decisions(ctx context.Context, id string) (*callTraced, error) {
	var t gatetrace.Trace
	if err := c.call(ctx, "GET", tracePath(id, ""), nil, &t); err != nil {
		return nil, err
	}
	return tracedOf(&t), nil
}

func tracedOf(t *gatetrace.Trace) *callTraced {
	out := &callTraced{ID: t.ID, Policies: []callDecision{}}
	for i := range t.Steps {
		s := &t.Steps[i]
		out.Policies = append(out.Policies, callDecision{s.Policy, s.Section, s.Scope, s.Outcome, s.Status})
	}
	return out
}

func writeCall(file string, call *sentCall) error {
	b, err := json.MarshalIndent(call, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o600)
}

// printAnswer prints an answer as curl -i does.
func (c *command) printAnswer(a *callAnswer) {
	color := green
	if a.Status >= 400 {
		color = red
	}
	fmt.Fprintln(c.Out, c.paint(c.Out, color, strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))))
	for _, h := range a.Headers {
		fmt.Fprintln(c.Out, c.paint(c.Out, dim, shown(h.Name)+": ")+shown(h.Value))
	}
	fmt.Fprintln(c.Out)
	switch {
	case a.Binary != nil:
		fmt.Fprintln(c.Out, "("+plural(len(a.Binary), "byte")+" that are no text; -o json and --save have them)")
	case a.Body != "":
		fmt.Fprintln(c.Out, strings.TrimSuffix(shown(a.Body), "\n"))
	}
}
