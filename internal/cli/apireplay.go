package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"stile/internal/gatetrace"
)

// replayed is the result of a replay.
type replayed struct {
	Call *sentCall `json:"call"`
	// Differences are of status, headers, body and decisions.
	Differences []gatetrace.Change `json:"differences"`
	// Policies is how the two traces differ; absent where one of them is not there.
	Policies []gatetrace.PolicyDifference `json:"policies,omitempty"`
}

func (c *command) apiReplay() *cobra.Command {
	var f callFlags
	var diff, code bool
	cmd := &cobra.Command{
		Use:   "replay FILE|TRACE-ID",
		Short: "Repeat a call and compare the answers",
		Long: "replay sends a call again that `stile api call --save` or a trace kept, and says where status, header fields, body and the\n" +
			"decisions of policies differ. Credentials are kept in neither: give them with --key and -H.",
		Example: "  stile api replay placed.json --diff --exit-code",
		Args:    exactly("FILE|TRACE-ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			call, err := c.savedCall(ctx, args[0])
			if err != nil {
				return err
			}
			r, err := c.repeat(ctx, call, &f)
			if err != nil {
				return err
			}
			if c.output == "json" {
				err = c.printJSON(r)
			} else {
				c.printReplay(r, diff)
			}
			if err == nil && code && len(r.Differences) > 0 {
				err = &failure{code: exitDiffers}
			}
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&diff, "diff", false, "show what differs in full, by policy too, and not the answer")
	cmd.Flags().BoolVar(&code, "exit-code", false, "exit with 2 where they differ")
	return c.client(cmd)
}

// savedCall reads a call from a file, else from a trace.
func (c *command) savedCall(ctx context.Context, name string) (*sentCall, error) {
	text, err := os.ReadFile(name)
	if err == nil {
		call := &sentCall{}
		if err := json.Unmarshal(text, call); err != nil || call.Method == "" || call.URL == "" {
			return nil, &failure{exitFailed, name + " is no call that `stile api call --save` wrote"}
		}
		return call, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var t gatetrace.Trace
	if err := c.call(ctx, "GET", tracePath(name, ""), nil, &t); err != nil {
		return nil, err
	}
	return c.callOf(&t)
}

// transport are header fields that belong to one connection or one request.
var transport = []string{"host", "content-length", "connection", "traceparent", "accept-encoding", "user-agent", "x-forwarded-for"}

// callOf makes a call of a trace, as far as it kept one.
func (c *command) callOf(t *gatetrace.Trace) (*sentCall, error) {
	u, err := url.Parse(t.Request.URL)
	if err != nil {
		return nil, &failure{exitFailed, "the trace's URL cannot be read"}
	}
	call := &sentCall{Method: t.Request.Method, URL: u.RequestURI(), Key: t.Subscription, Trace: tracedOf(t),
		Answer: callAnswer{Status: t.Response.Status, Headers: t.Response.Headers}}
	if b := t.Request.Body; b != nil && (b.Cut || b.Partial || b.Hidden) {
		return nil, &failure{exitFailed, "the trace has not the whole body of its request: repeat the call from a file of `stile api call --save`"}
	} else if b != nil {
		call.Body = b.Text
	}
	for _, h := range t.Request.Headers {
		switch {
		case slices.Contains(transport, strings.ToLower(h.Name)):
		case strings.Contains(h.Value, "***"):
			if call.Key == "" || !strings.HasSuffix(strings.ToLower(h.Name), "-key") {
				fmt.Fprintln(c.Err, h.Name, "was a credential and is not in the trace: give it with -H")
			}
		default:
			call.Headers = append(call.Headers, h)
		}
	}
	if b := t.Response.Body; b != nil {
		call.Answer.Body = b.Text
		if b.Cut || b.Partial || b.Hidden {
			fmt.Fprintln(c.Err, "the trace has not the whole body of its answer: bodies are not compared")
			call.partial = true
		}
	}
	return call, nil
}

// repeat sends a call again and compares.
func (c *command) repeat(ctx context.Context, old *sentCall, f *callFlags) (*replayed, error) {
	now := &sentCall{Method: old.Method, URL: old.URL, Headers: slices.Clone(old.Headers), Body: old.Body, Binary: old.Binary, Key: cmp.Or(f.key, old.Key)}
	id, err := c.sendCall(ctx, now, f, "Ocp-Apim-Subscription-Key", old.Trace != nil)
	if err != nil {
		return nil, err
	}
	r := &replayed{Call: now, Differences: compareAnswers(&old.Answer, &now.Answer, !old.partial)}
	if id == "" {
		return r, nil
	}
	if now.Trace, err = c.decisions(ctx, id); err != nil {
		return nil, err
	}
	r.Differences = append(r.Differences, compareDecisions(old.Trace.Policies, now.Trace.Policies)...)
	var d gatetrace.Difference
	switch err := c.call(ctx, "GET", tracePath(old.Trace.ID, "/diff?with="+url.QueryEscape(id)), nil, &d); {
	case err == nil:
		r.Policies = d.Policies
	default:
		var gone *refusal
		if !errors.As(err, &gone) || gone.status != 404 { // the old trace was forgotten, or is another server's
			return nil, err
		}
	}
	return r, nil
}

func compareAnswers(a, b *callAnswer, bodies bool) []gatetrace.Change {
	out := []gatetrace.Change{}
	add := func(what, name string, before, after *string) {
		if before == nil && after == nil || before != nil && after != nil && *before == *after {
			return
		}
		out = append(out, gatetrace.Change{What: what, Name: name, Before: before, After: after})
	}
	add("status", "", new(strconv.Itoa(a.Status)), new(strconv.Itoa(b.Status)))
	seen := map[string]bool{}
	for _, list := range [][]gatetrace.Field{a.Headers, b.Headers} {
		for _, f := range list {
			if key := strings.ToLower(f.Name); !seen[key] && !gatetrace.Volatile(key) && key != "content-length" {
				seen[key] = true
				add("header", f.Name, fieldOf(a.Headers, key), fieldOf(b.Headers, key))
			}
		}
	}
	if bodies {
		add("body", "", new(a.Body+string(a.Binary)), new(b.Body+string(b.Binary)))
	}
	return out
}

func fieldOf(list []gatetrace.Field, name string) *string {
	var values []string
	for _, f := range list {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	if values == nil {
		return nil
	}
	return new(strings.Join(values, ", "))
}

// compareDecisions says where two runs decided otherwise, in the order of the
// policies.
func compareDecisions(a, b []callDecision) (out []gatetrace.Change) {
	text := func(list []callDecision, i int) *string {
		if i >= len(list) {
			return nil
		}
		d := list[i]
		s := d.Section + " " + d.Policy + " (" + d.Scope + ") " + d.Decision
		if d.Status != 0 {
			s += " " + strconv.Itoa(d.Status)
		}
		return &s
	}
	for i := range max(len(a), len(b)) {
		x, y := text(a, i), text(b, i)
		if x == nil || y == nil || *x != *y {
			out = append(out, gatetrace.Change{What: "decision", Name: strconv.Itoa(i + 1), Before: x, After: y})
		}
	}
	return out
}

func (c *command) printReplay(r *replayed, diff bool) {
	if !diff {
		c.printAnswer(&r.Call.Answer)
	}
	switch {
	case len(r.Differences) == 0:
		fmt.Fprintln(c.Out, c.paint(c.Out, green, "the same answer")+sameDecisions(r))
	case diff:
		c.printChanges("differs", r.Differences)
		c.printPolicies(r.Policies)
	default:
		var what []string
		for _, d := range r.Differences {
			what = append(what, strings.TrimSpace(d.What+" "+d.Name))
		}
		fmt.Fprintln(c.Out, c.paint(c.Out, red, "differs: ")+shown(strings.Join(what, ", "))+" (--diff shows how)")
	}
	if r.Call.Trace != nil {
		fmt.Fprintln(c.Err, "trace "+r.Call.Trace.ID+": stile trace "+r.Call.Trace.ID)
	}
}

func sameDecisions(r *replayed) string {
	if r.Call.Trace == nil {
		return ""
	}
	return ", and the same decisions"
}
