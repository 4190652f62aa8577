package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"stile/internal/gatetrace"
)

// latestTrace is how the control API names the newest trace.
const latestTrace = "latest"

func tracePath(id, rest string) string { return "/gateway/traces/" + url.PathEscape(id) + rest }

func (c *command) trace() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trace [ID]",
		Short: "Show what each policy did to a request",
		Long: "trace shows one traced request, the newest without ID: every policy that ran with its decision and place, and what it\n" +
			"changed, before → after. `stile dev` traces every request; `stile serve` those with a debug token.",
		Example: "  stile trace\n  stile trace diff ID-BEFORE ID-AFTER",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("stile trace takes one ID")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			id := latestTrace
			if len(args) == 1 {
				id = args[0]
			}
			var t gatetrace.Trace
			return c.show(cmd, tracePath(id, ""), &t, func() { c.printTrace(&t) })
		},
	}
	cmd.AddCommand(c.traceList(), c.traceDiff(), c.traceToken())
	return c.client(cmd)
}

func (c *command) traceList() *cobra.Command {
	var api, operation string
	var status, most int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List traced requests, newest first",
		Example: "  stile trace list --api orders --status 429",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"max": {strconv.Itoa(most)}}
			for name, value := range map[string]string{"api": api, "operation": operation} {
				if value != "" {
					q.Set(name, value)
				}
			}
			if status > 0 {
				q.Set("status", strconv.Itoa(status))
			}
			var page struct{ Traces []gatetrace.Summary }
			return c.show(cmd, "/gateway/traces?"+q.Encode(), &page, func() {
				rows := [][]string{{"TRACE", "STARTED", "STATUS", "REQUEST", "OPERATION", "POLICIES", "TOOK", "REASON"}}
				for _, t := range page.Traces {
					rows = append(rows, []string{t.ID, t.Start.UTC().Format(clock), strconv.Itoa(t.Status), shown(t.Method + " " + t.Path),
						target(t.API, t.Operation), strconv.Itoa(t.Policies), lasted(t.Duration), t.Reason})
				}
				c.table(rows)
			})
		},
	}
	cmd.Flags().StringVar(&api, "api", "", "requests of this API alone")
	cmd.Flags().StringVar(&operation, "operation", "", "requests of this operation alone")
	cmd.Flags().IntVar(&status, "status", 0, "requests that were answered with this status alone")
	cmd.Flags().IntVar(&most, "max", 50, "how many")
	return c.client(cmd)
}

func (c *command) traceToken() *cobra.Command {
	var api, expires string
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Mint a debug token, whose requests are traced",
		Long: "token prints a token for the header Apim-Debug-Authorization of requests to one API. The answers carry the trace's id in\n" +
			"Apim-Trace-Id. It takes the permission apim:Trace on the API, and ends with the server at the latest.",
		Example: "  curl -i -H \"Apim-Debug-Authorization: $(stile trace token --api orders)\" …",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if api == "" {
				return usage("stile trace token needs --api NAME")
			}
			var minted debugToken
			if err := c.call(cmd.Context(), "POST", "/gateway/debug-tokens", map[string]string{"api": api, "expires": expires}, &minted); err != nil {
				return err
			}
			if c.output == "json" {
				return c.printJSON(minted)
			}
			fmt.Fprintln(c.Out, minted.Token)
			return nil
		},
	}
	cmd.Flags().StringVar(&api, "api", "", "the API's name")
	cmd.Flags().StringVar(&expires, "expires", "1h", "how long it lasts, at most 1h")
	return c.client(cmd)
}

// debugToken is the answer of /-/v1/gateway/debug-tokens.
type debugToken struct {
	Token   string `json:"token"`
	API     string `json:"api"`
	Expires string `json:"expires"`
}

func target(api, operation string) string {
	if operation == "" {
		return api
	}
	return api + "/" + operation
}

// lasted writes a duration in milliseconds.
func lasted(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 2, 64) + " ms"
}

// printTrace shows the request, a line for each policy with what it changed below it,
// and the answer.
func (c *command) printTrace(t *gatetrace.Trace) {
	color := green
	if t.Status >= 400 || t.Status == 0 {
		color = red
	}
	fmt.Fprintf(c.Out, "%s  %s  %s  %s\n", c.paint(c.Out, color, strconv.Itoa(t.Status)), shown(t.Method+" "+t.Path), target(t.API, t.Operation), lasted(t.Duration))
	about := "trace " + t.ID + "  " + t.Start.UTC().Format(clock)
	for _, fact := range [][2]string{{"product", t.Product}, {"subscription", t.Subscription}, {"state", strings.Trim(t.Execution+"/"+t.State, "/")}, {"configuration", t.Revision}} {
		if fact[1] != "" {
			about += "  " + fact[0] + " " + fact[1]
		}
	}
	fmt.Fprintln(c.Out, c.paint(c.Out, dim, about))
	if t.Error != nil {
		fmt.Fprintln(c.Out, c.paint(c.Out, red, oneLine(t.Error.Reason+": "+t.Error.Message)))
	}
	if t.Denied != "" {
		fmt.Fprintln(c.Out, c.paint(c.Out, red, oneLine(t.Denied)))
	}
	rows := [][]string{{"SECTION", "POLICY", "SCOPE", "DECISION", "AT", "TOOK", "NOTE"}}
	for i := range t.Steps {
		rows = append(rows, stepRow(&t.Steps[i]))
	}
	for i, line := range columnsOf(rows) {
		if i == 0 {
			fmt.Fprintln(c.Out, line)
			continue
		}
		s := &t.Steps[i-1]
		if s.Outcome == "denied" || s.Outcome == "failed" {
			line = c.paint(c.Out, red, line)
		}
		fmt.Fprintln(c.Out, line)
		for _, ch := range s.Changes {
			fmt.Fprintln(c.Out, "    "+c.changed(ch))
		}
		for _, v := range s.Values {
			fmt.Fprintf(c.Out, "    %s = %s %s\n", brief(v.Expression, 60), v.Type, brief(v.Value, 60))
		}
		for _, text := range s.Lines {
			fmt.Fprintln(c.Out, "    trace: "+brief(text, 160))
		}
	}
	for _, call := range t.Calls {
		text := fmt.Sprintf("backend %s %s  %d  %s", call.Method, call.URL, call.Status, lasted(call.Duration))
		fmt.Fprintln(c.Out, oneLine(text+"  "+call.Error))
	}
	if t.Omitted > 0 {
		fmt.Fprintln(c.Err, plural(t.Omitted, "text"), "found no room in this trace")
	}
}

func stepRow(s *gatetrace.Step) []string {
	at, decision := "-", s.Outcome
	if s.File != "" {
		at = s.File + ":" + strconv.Itoa(s.Line)
	}
	if s.Status != 0 {
		decision += " " + strconv.Itoa(s.Status)
	}
	var notes []string
	if s.Detail != "" {
		notes = append(notes, oneLine(s.Detail))
	}
	for _, n := range s.Counters {
		notes = append(notes, n.Name+" "+strconv.FormatInt(n.Value, 10))
	}
	name := s.Policy
	if s.PolicyID != "" {
		name += " #" + s.PolicyID
	}
	return []string{s.Section, strings.Repeat("  ", min(s.Depth, 8)) + name, s.Scope, decision, at, lasted(s.Duration), strings.Join(notes, ", ")}
}

// changed is a change as a line: what: before → after.
func (c *command) changed(ch gatetrace.Change) string {
	what := strings.TrimSpace(strings.ReplaceAll(ch.What, ".", " ") + " " + ch.Name)
	if ch.Type != "" {
		what += " (" + ch.Type + ")"
	}
	side := func(text *string) string {
		if text == nil {
			return "(none)"
		}
		return strconv.Quote(brief(*text, 200))
	}
	return oneLine(what) + ": " + c.paint(c.Out, red, side(ch.Before)) + " → " + c.paint(c.Out, green, side(ch.After))
}

// brief cuts a text to some characters.
func brief(text string, most int) string {
	text = oneLine(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

func (c *command) traceDiff() *cobra.Command {
	var code bool
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Show where two traces differ, by policy",
		Long: "diff compares what came, what each policy decided and changed, and what was answered: before and after a policy edit, say.\n" +
			"Times and ids are left out.",
		Example: "  stile trace diff ID-BEFORE ID-AFTER --exit-code",
		Args:    exactly("A", "B"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var raw json.RawMessage
			if err := c.call(cmd.Context(), "GET", tracePath(args[0], "/diff?with="+url.QueryEscape(args[1])), nil, &raw); err != nil {
				return err
			}
			var d gatetrace.Difference
			if err := json.Unmarshal(raw, &d); err != nil {
				return unreadable(err)
			}
			if c.output == "json" {
				if err := c.printJSON(raw); err != nil {
					return err
				}
			} else {
				c.printTraceDiff(&d)
			}
			if code && !d.Same() {
				return &failure{code: exitDiffers}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&code, "exit-code", false, "exit with 2 where they differ")
	return c.client(cmd)
}

func (c *command) printTraceDiff(d *gatetrace.Difference) {
	head := func(sign, color string, s gatetrace.Summary) {
		fmt.Fprintln(c.Out, c.paint(c.Out, color, fmt.Sprintf("%s %s  %s %s  %d", sign, s.ID, s.Method, shown(s.Path), s.Status)))
	}
	head("---", red, d.A)
	head("+++", green, d.B)
	if d.Same() {
		fmt.Fprintln(c.Out, "no difference")
		return
	}
	c.printChanges("request", d.Request)
	c.printPolicies(d.Policies)
	c.printChanges("answer", d.Answer)
}

func (c *command) printPolicies(list []gatetrace.PolicyDifference) {
	for _, p := range list {
		sign := map[string]string{"added": "+", "removed": "-", "changed": "~"}[p.Kind]
		name := p.Policy
		if p.ID != "" {
			name += " #" + p.ID
		}
		at := p.New
		switch {
		case at == "":
			at = p.Old
		case p.Old != "" && p.Old != p.New:
			at = p.Old + " → " + p.New
		}
		fmt.Fprintln(c.Out, c.paint(c.Out, bold, fmt.Sprintf("%s %s", sign, name))+fmt.Sprintf("  %s, %s  %s", p.Section, p.Scope, at))
		for _, ch := range p.What {
			fmt.Fprintln(c.Out, "    "+c.changed(ch))
		}
	}
}

func (c *command) printChanges(title string, list []gatetrace.Change) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(c.Out, c.paint(c.Out, bold, title))
	for _, ch := range list {
		fmt.Fprintln(c.Out, "    "+c.changed(ch))
	}
}
