package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// forkRequest is the body of POST …/fork.
type forkRequest struct {
	Name       string          `json:"name,omitempty"`
	At         string          `json:"at,omitempty"`
	Input      json.RawMessage `json:"input,omitempty"`
	StateInput json.RawMessage `json:"stateInput,omitempty"`
	Set        map[string]any  `json:"set,omitempty"`
	Merge      map[string]any  `json:"merge,omitempty"`
}

func (c *command) execFork() *cobra.Command {
	var in forkRequest
	var input, stateInput string
	var set []string
	var wait bool
	cmd := &cobra.Command{
		Use:   "fork ID",
		Short: "Start an execution that repeats another one as far as a state, and goes on by itself from there",
		Long: "fork repeats what was recorded up to the first time that the execution entered the state of --at: nothing of that is\n" +
			"sent again. The state's own work is done anew, with other data where you give it. The execution itself stays as it is.",
		Example: "  stile exec fork order-17 --at Charge --set amount=1\n" +
			"  stile exec fork order-17 --at Ship --set address.city=Bonn --name order-17-bonn --wait",
		Args: exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if in.At == "" && (stateInput != "" || len(set) > 0) {
				return usage("--state-input and --set change the input of a state: name it with --at")
			}
			if in.Set, in.Merge, err = settings(set); err != nil {
				return err
			}
			if input != "" {
				if in.Input, err = c.document("--input", input); err != nil {
					return err
				}
			}
			if stateInput != "" {
				if in.StateInput, err = c.document("--state-input", stateInput); err != nil {
					return err
				}
			}
			return c.beginAt(cmd.Context(), executionPath(args[0], "/fork"), in, wait)
		},
	}
	cmd.Flags().StringVar(&in.At, "at", "", "the state from which the new execution goes on by itself (default the first)")
	cmd.Flags().StringVar(&input, "input", "", "another input of the execution: JSON, a file, or - for stdin")
	cmd.Flags().StringVar(&stateInput, "state-input", "", "another input of the state: JSON, a file, or - for stdin")
	cmd.Flags().StringArrayVar(&set, "set", nil, "NAME=VALUE: a member of the state's input; the value is JSON, else a string; a.b=VALUE sets a member below; may be repeated")
	cmd.Flags().StringVar(&in.Name, "name", "", "the new execution's name (default a new UUID)")
	cmd.Flags().BoolVar(&wait, "wait", false, "follow the new execution to its end")
	return c.client(cmd)
}

// settings reads NAME=VALUE: set has whole members, merge what lies below members.
func settings(texts []string) (set, merge map[string]any, err error) {
	for _, text := range texts {
		path, value, ok := strings.Cut(text, "=")
		names := strings.Split(path, ".")
		for _, n := range names {
			ok = ok && n != ""
		}
		if !ok {
			return nil, nil, usage("--set: write NAME=VALUE or NAME.MEMBER=VALUE, such as amount=1")
		}
		var v any = value
		if json.Valid([]byte(value)) {
			v = json.RawMessage(value)
		}
		into := &set
		if len(names) > 1 {
			into = &merge
		}
		if *into == nil {
			*into = map[string]any{}
		}
		at := *into
		for _, n := range names[:len(names)-1] {
			below, is := at[n].(map[string]any)
			if at[n] != nil && !is {
				return nil, nil, usage("--set: %s is set, and a member of it too", path)
			}
			if !is {
				below = map[string]any{}
				at[n] = below
			}
			at = below
		}
		last := names[len(names)-1]
		if _, twice := at[last]; twice {
			return nil, nil, usage("--set: %s is set twice", path)
		}
		at[last] = v
	}
	return set, merge, nil
}

// forkedFrom is "ID at STATE" of a fork, empty for others.
func (e execution) forkedFrom() string {
	if e.ForkedFrom == "" {
		return ""
	}
	s := e.ForkedFrom[strings.LastIndexByte(e.ForkedFrom, ':')+1:]
	if e.ForkedAt != "" {
		s = fmt.Sprintf("%s at %s", s, e.ForkedAt)
	}
	return s
}
