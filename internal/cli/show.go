package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"stile/policy/exchange"
)

// callRecord is one entry of the side journal: what the gate said to a state.
type callRecord struct {
	State   string `json:"state"`
	Attempt int    `json:"attempt"`
	Send    int    `json:"send"`
	Call    struct {
		Target struct {
			API, Operation, URL string
		} `json:"target"`
		Method     string                     `json:"method"`
		URL        string                     `json:"url"`
		Status     int                        `json:"status"`
		Verdict    *exchange.Verdict          `json:"verdict"`
		Permission *exchange.PermissionDenied `json:"permission"`
		Calls      []exchange.Call            `json:"calls"`
	} `json:"call"`
}

func (c *command) execShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an execution with what the gateway decided on its calls",
		Long:  "show takes an execution's id (its name) or its ARN.",
		Args:  exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.output == "json" {
				return c.showJSON(cmd, args[0])
			}
			var e execution
			return c.show(cmd, executionPath(args[0], ""), &e, func() { c.describe(cmd, e) })
		},
	}
	return c.client(cmd)
}

// showJSON prints the execution as the server gave it, with its calls as a last member.
func (c *command) showJSON(cmd *cobra.Command, id string) error {
	var e json.RawMessage
	if err := c.call(cmd.Context(), "GET", executionPath(id, ""), nil, &e); err != nil {
		return err
	}
	var page struct {
		Calls json.RawMessage `json:"calls"`
	}
	if err := c.call(cmd.Context(), "GET", executionPath(id, "/calls"), nil, &page); err != nil {
		return err
	}
	var callbacks json.RawMessage
	if err := c.call(cmd.Context(), "GET", executionPath(id, "/callbacks"), nil, &callbacks); err != nil {
		return err
	}
	open, ok := strings.CutSuffix(strings.TrimSpace(string(e)), "}")
	if !ok || page.Calls == nil {
		return c.printJSON(e)
	}
	return c.printJSON(json.RawMessage(open + `,"calls":` + string(page.Calls) + `,"callbacks":` + string(callbacks) + "}"))
}

// text is health in a line: needs-action (permission in Charge) since …, until ….
func (h *health) text() string {
	var why []string
	if h.Reason != "" {
		why = append(why, h.Reason)
	}
	if h.State != "" {
		why = append(why, "in "+h.State)
	}
	s := h.Status
	if len(why) > 0 {
		s += " (" + strings.Join(why, " ") + ")"
	}
	if h.Since != "" {
		s += " since " + utc(h.Since)
	}
	if h.Until != "" {
		s += ", until " + utc(h.Until)
	}
	return s
}

func (c *command) describe(cmd *cobra.Command, e execution) {
	row := func(name, value string) {
		if value != "" {
			// Lines of a value stay right of the names: none looks like another row.
			fmt.Fprintf(c.Out, "%-14s %s\n", name, strings.ReplaceAll(shown(value), "\n", "\n"+strings.Repeat(" ", 15)))
		}
	}
	row("Execution", e.ID)
	row("ARN", e.ARN)
	row("State machine", e.StateMachine)
	row("Status", e.Status)
	row("State", e.State)
	row("Waiting for", e.Waiting)
	if h := e.Health; h != nil {
		row("Health", h.text())
	}
	row("Quarantine", e.Quarantine)
	row("Start", utc(e.Start))
	row("Stop", utc(e.Stop))
	row("Trace", e.Trace)
	row("Forked from", e.forkedFrom())
	row("Input", compact(e.Input))
	row("Output", compact(e.Output))
	if e.Error != nil {
		row("Error", *e.Error)
	}
	if e.Cause != nil {
		row("Cause", *e.Cause)
	}
	var page struct {
		Calls []callRecord `json:"calls"`
	}
	// The execution stands above whether its calls can be had or not.
	if err := c.call(cmd.Context(), "GET", executionPath(e.ID, "/calls"), nil, &page); err != nil {
		fmt.Fprintln(c.Err, "its calls cannot be shown:", err)
	}
	for i, call := range page.Calls {
		if i == 0 {
			fmt.Fprintln(c.Out, "Calls")
		}
		fmt.Fprintln(c.Out, "  "+shown(call.text()))
	}
	c.printDeliveries(cmd, e.ID)
}

// text is a call in one line: state, target, status, and why it was denied or had
// no answer.
func (r callRecord) text() string {
	target := r.Call.Target.URL
	switch {
	case r.Call.Target.Operation != "":
		target = r.Call.Target.API + "/" + r.Call.Target.Operation
	case target == "": // no operation was found
		target = r.Call.URL
	}
	s := fmt.Sprintf("%s  %s", r.State, target)
	if r.Send > 1 {
		s += fmt.Sprintf("  (send %d)", r.Send)
	}
	if r.Call.Status != 0 {
		s += fmt.Sprintf("  %d", r.Call.Status)
	}
	switch v, p := r.Call.Verdict, r.Call.Permission; {
	case p != nil:
		s += "  denied: " + p.Error()
	case v != nil:
		s += "  denied by " + v.Policy
		if v.File != "" {
			s += fmt.Sprintf(" (%s:%d)", v.File, v.Line)
		}
		s += ": " + strings.TrimSpace(v.Reason+" "+v.Message)
	default:
		s += r.unanswered()
	}
	return s
}

// unanswered is why the last backend call had no answer; empty where it had one.
func (r callRecord) unanswered() string {
	n := len(r.Call.Calls)
	if n == 0 || r.Call.Calls[n-1].Error == "" {
		return ""
	}
	return "  no answer: " + r.Call.Calls[n-1].Error
}

// compact prints JSON on one line. The API may give a document as JSON text in a
// string, as AWS does.
func compact(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return strings.Join(strings.Fields(string(raw)), " ")
}
