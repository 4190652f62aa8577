package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// difference is one of a diff as the control API gives it.
type difference struct {
	Kind, Thread, State, What, Pointer string
	Visit                              int
	Old, New                           json.RawMessage
	Cut                                bool
	Events                             [2]int64
}

type diffAnswer struct {
	A, B                    execution
	Definitions             string
	DataHidden, CallsHidden bool
	Differences             []difference
	More, Carried           int
}

func (c *command) execDiff() *cobra.Command {
	var code, exact bool
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Show the first point where two executions differ, and the others",
		Long: "diff compares thread by thread: the states that were entered, what went in and came out, how attempts ended, and what\n" +
			"the gateway said. Times are left out, and ids, ARNs of executions and tokens in what states give.",
		Example: "  stile exec diff order-17 order-17-fork",
		Args:    exactly("A", "B"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"with": {args[1]}}
			if exact {
				q.Set("exact", "true")
			}
			var raw json.RawMessage
			if err := c.call(cmd.Context(), "GET", executionPath(args[0], "/diff?"+q.Encode()), nil, &raw); err != nil {
				return err
			}
			var d diffAnswer
			if err := json.Unmarshal(raw, &d); err != nil {
				return unreadable(err)
			}
			if c.output == "json" {
				if err := c.printJSON(raw); err != nil {
					return err
				}
			} else {
				c.printDiff(d)
			}
			if code && len(d.Differences) > 0 {
				return &failure{code: exitDiffers}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&code, "exit-code", false, "exit with 2 where they differ")
	cmd.Flags().BoolVar(&exact, "exact", false, "take ids, ARNs, tokens and times in data as they are")
	return c.client(cmd)
}

func (c *command) printDiff(d diffAnswer) {
	head := func(sign, color string, e execution) {
		line := sign + " " + e.ID + "  " + e.StateMachine + "  " + e.Status
		if from := e.forkedFrom(); from != "" {
			line += "  forked from " + from
		}
		fmt.Fprintln(c.Out, c.paint(c.Out, color, line))
	}
	head("---", red, d.A)
	head("+++", green, d.B)
	if d.Definitions == "different" {
		fmt.Fprintln(c.Out, "They took different definitions.")
	}
	if d.DataHidden {
		fmt.Fprintln(c.Err, "data is not compared: states:ReadPayload is wanted on both")
	}
	if d.CallsHidden {
		fmt.Fprintln(c.Err, "calls are not compared: apim:Trace is wanted on both")
	}
	if len(d.Differences) == 0 {
		fmt.Fprintln(c.Out, "no difference")
		return
	}
	for i, x := range d.Differences {
		switch i {
		case 0:
			fmt.Fprintln(c.Out, "\nFirst difference")
		case 1:
			fmt.Fprintln(c.Out, "\nBehind it")
		}
		title := c.paint(c.Out, bold, x.title())
		if x.Events != [2]int64{} {
			title += c.paint(c.Out, dim, fmt.Sprintf("  (events %s and %s)", event(x.Events[0]), event(x.Events[1])))
		}
		fmt.Fprintln(c.Out, title)
		c.side("- ", red, x, x.Old)
		c.side("+ ", green, x, x.New)
	}
	if d.More > 0 {
		fmt.Fprintf(c.Out, "\nand %d more\n", d.More)
	}
	if d.Carried > 0 {
		fmt.Fprintf(c.Out, "\nleft out: %s that only passed on what is told above\n", plural(d.Carried, "value"))
	}
}

func event(id int64) string {
	if id == 0 {
		return "none"
	}
	return fmt.Sprint(id)
}

// title says where a difference is: "Each/item 3: Charge (time 2): input /amount".
func (x difference) title() string {
	var parts []string
	if x.Thread != "" {
		parts = append(parts, x.Thread)
	}
	if x.State != "" {
		s := x.State
		if x.Visit > 1 {
			s += fmt.Sprintf(" (time %d)", x.Visit)
		}
		parts = append(parts, s)
	}
	what := x.What
	switch {
	case x.Kind == "path" && x.What == "next" && x.State == "":
		what = "path from the beginning"
	case x.Kind == "path" && x.What == "next":
		what = "path behind it"
	case x.Kind == "path":
		what = "in one of them alone"
	case x.Kind == "gateway":
		what = "gateway, " + what
	}
	return strings.TrimSpace(strings.Join(append(parts, what), ": ") + " " + x.Pointer)
}

// side prints one side of a difference; nothing where it has none, as of an added member.
func (c *command) side(sign, color string, x difference, raw json.RawMessage) {
	if raw == nil {
		return
	}
	text := compact(raw)
	var way []string
	if x.Kind == "path" && json.Unmarshal(raw, &way) == nil {
		if text = strings.Join(way, " → "); text == "" {
			text = "(no more)"
		}
	} else if x.Kind == "data" {
		text = strings.TrimSpace(string(raw)) // so that "1" and 1 are told apart
	}
	fmt.Fprintln(c.Out, c.paint(c.Out, color, sign+text))
}
