package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// namesCallback is what the verbs on one callback take.
const namesCallback = "A callback is named by its id, its URL, or EXECUTION/STATE where the state waits once."

func (c *command) callback() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "callback",
		Short: "Look at the callbacks that executions wait on, and answer them",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.callbackList(), c.callbackComplete(), c.callbackFail(), c.callbackRevoke(), c.callbackResend())
	return cmd
}

// openCallback is one that waits, as the control API gives it.
type openCallback struct {
	ID, URL, Execution, StateMachine, State, Since, Expires string
	Revoked                                                 bool
}

func (c *command) callbackList() *cobra.Command {
	var execution string
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the open callbacks that you may complete, with their URLs",
		Long: "list prints URLs that each complete a waiting state once: whoever has one may use it.\n" +
			"POST JSON on it to succeed, {\"error\",\"cause\"} on URL/fail to fail. -o url prints them alone.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/callbacks"
			if execution != "" {
				path += "?" + url.Values{"execution": {execution}}.Encode()
			}
			var page struct{ Callbacks []openCallback }
			return c.show(cmd, path, &page, func() { c.printCallbacks(page.Callbacks) })
		},
	}
	cmd.Flags().StringVar(&execution, "execution", "", "of this execution alone, by id or ARN")
	cmd.Flags().StringVar(&c.server, "server", "", "control address of the server (STILE_SERVER, else 127.0.0.1:7400)")
	c.format(cmd, "text", "json", "url")
	return cmd
}

func (c *command) printCallbacks(list []openCallback) {
	for _, b := range list {
		if c.output == "url" {
			if !b.Revoked {
				fmt.Fprintln(c.Out, b.URL)
			}
			continue
		}
		until := "until " + utc(b.Expires)
		if b.Revoked {
			until = "revoked"
		}
		fmt.Fprintf(c.Out, "%s  %s  %s  %s\n", b.StateMachine, b.Execution, b.State, until)
		if b.ID != "" {
			fmt.Fprintf(c.Out, "  %s\n", b.ID)
		}
		if !b.Revoked {
			fmt.Fprintf(c.Out, "  %s\n", b.URL)
		}
	}
	if len(list) == 0 {
		fmt.Fprintln(c.Err, "no state waits for a callback that you may complete")
	}
}

// onCallback sends one verb and prints what became of it.
func (c *command) onCallback(cmd *cobra.Command, verb string, in map[string]any) error {
	var raw json.RawMessage
	if err := c.call(cmd.Context(), "POST", "/callbacks/"+verb, in, &raw); err != nil {
		return err
	}
	var got struct {
		Callback, Status, Error, Cause string
		Send                           int
		NewURL                         bool
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return unreadable(err)
	}
	switch {
	case c.output == "json":
		if err := c.printJSON(raw); err != nil {
			return err
		}
	case verb == "resend" && got.Error == "":
		fmt.Fprintf(c.Out, "%s sent, send %d%s\n", got.Callback, got.Send, map[bool]string{true: ", with a new URL"}[got.NewURL])
	case got.Error == "":
		fmt.Fprintln(c.Out, got.Callback, got.Status)
	}
	if got.Error != "" {
		return &failure{exitFailed, strings.TrimSpace("the receiver did not take the request, the state waits on: " + got.Error + " " + got.Cause)}
	}
	return nil
}

func (c *command) callbackComplete() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "complete CALLBACK",
		Short:   "Complete a waiting state with an output",
		Long:    namesCallback,
		Example: "  stile callback complete order-17/Approve --output '{\"approved\":true}'",
		Args:    exactly("CALLBACK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := c.document("--output", output)
			if err != nil {
				return err
			}
			return c.onCallback(cmd, "complete", map[string]any{"callback": args[0], "output": json.RawMessage(text)})
		},
	}
	// --output is the task's here, as it is on AWS; the format keeps its short flag.
	cmd.Flags().StringVar(&output, "output", "{}", "the state's output: JSON, a file, or - for stdin")
	cmd.Flags().StringVar(&c.server, "server", "", "control address of the server (STILE_SERVER, else 127.0.0.1:7400)")
	c.output = "text"
	cmd.Flags().VarP(&choice{to: &c.output, words: []string{"text", "json"}}, "format", "o", "output format: "+list([]string{"text", "json"}))
	return cmd
}

func (c *command) callbackFail() *cobra.Command {
	var name, cause string
	cmd := &cobra.Command{
		Use:     "fail CALLBACK",
		Short:   "Fail a waiting state",
		Long:    namesCallback,
		Example: "  stile callback fail order-17/Approve --error Rejected --cause 'too dear'",
		Args:    exactly("CALLBACK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onCallback(cmd, "fail", map[string]any{"callback": args[0], "error": name, "cause": cause})
		},
	}
	cmd.Flags().StringVar(&name, "error", "", "the error's name, for Retry and Catch")
	cmd.Flags().StringVar(&cause, "cause", "", "why")
	return c.client(cmd)
}

func (c *command) callbackRevoke() *cobra.Command {
	return c.client(&cobra.Command{
		Use:   "revoke CALLBACK",
		Short: "Make a callback's URL worth nothing; the state waits on",
		Long: "revoke answers every later use of the URL with 410. The state waits on: complete or fail it, or\n" +
			"resend, which gives the receiver a new URL. " + namesCallback,
		Args: exactly("CALLBACK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onCallback(cmd, "revoke", map[string]any{"callback": args[0]})
		},
	})
}

func (c *command) callbackResend() *cobra.Command {
	return c.client(&cobra.Command{
		Use:   "resend CALLBACK",
		Short: "Send a waiting state's request once more, so that the receiver gets a URL that works",
		Long: "resend makes the Task's request again with the same Idempotency-Key. The URL is the same, or a\n" +
			"new one where it was revoked or has expired. " + namesCallback,
		Args: exactly("CALLBACK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onCallback(cmd, "resend", map[string]any{"callback": args[0]})
		},
	})
}

// deliveryLine is one line of an execution's callbacks.
type deliveryLine struct {
	Time, State, Kind, Answer, Via, Client, Subject, WebhookID string
	Status                                                     int
	Verdict                                                    struct{ Policy, At, Reason string }
}

// printDeliveries prints what waits and what happened on an execution's callbacks.
func (c *command) printDeliveries(cmd *cobra.Command, id string) {
	var page struct {
		Open       []openCallback
		Deliveries []deliveryLine
		NotKept    int
	}
	if err := c.call(cmd.Context(), "GET", executionPath(id, "/callbacks"), nil, &page); err != nil {
		fmt.Fprintln(c.Err, "its callbacks cannot be shown:", err)
		return
	}
	if len(page.Open)+len(page.Deliveries) > 0 {
		fmt.Fprintln(c.Out, "Callbacks")
	}
	if page.NotKept > 0 {
		fmt.Fprintf(c.Out, "  %d earlier deliveries are not kept\n", page.NotKept)
	}
	for _, d := range page.Deliveries {
		fmt.Fprintln(c.Out, "  "+d.text())
	}
	for _, o := range page.Open {
		state := "open until " + utc(o.Expires)
		if o.Revoked {
			state = "open, its URL revoked"
		}
		fmt.Fprintf(c.Out, "  %s  %s  %s\n", o.State, state, o.ID)
	}
}

func (d deliveryLine) text() string {
	s := strings.Join([]string{d.State, utc(d.Time), d.Kind, d.Answer}, "  ")
	if d.Status != 0 {
		s += fmt.Sprintf(" %d", d.Status)
	}
	if d.Verdict.Policy != "" {
		s += " by " + d.Verdict.Policy
		if d.Verdict.At != "" {
			s += " (" + d.Verdict.At + ")"
		}
	}
	if d.Verdict.Reason != "" {
		s += ": " + d.Verdict.Reason
	}
	s += "  via " + d.Via
	for _, who := range []string{d.Client, d.Subject, d.WebhookID} {
		if who != "" {
			s += "  " + who
		}
	}
	return s
}
