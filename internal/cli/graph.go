package cli

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"stile/asl"
	"stile/asl/graph"
	"stile/diag"
	"stile/internal/files"
)

func (c *command) graph() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "graph FILE",
		Short: "Draw a definition, as text, SVG or Mermaid",
		Long: "graph draws one definition, JSON or YAML (.asl.yaml), with what stands inside a Map or Parallel:\n" +
			"as lines of text, as a picture in SVG, or as a flowchart for Mermaid. In place of FILE it takes\n" +
			"the name of a state machine of the project in the current folder. A definition with an error is\n" +
			"not drawn: its faults are printed as `stile check` prints them, and the exit code is 1.",
		Example: "  stile graph workflows/order.asl.json\n  stile graph order -o svg >order.svg\n  stile graph workflows/order.asl.yaml -o mermaid",
		Args:    exactly("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			sm, faults, err := definitionOf(args[0])
			if err != nil {
				return err
			}
			if faults.HasErrors() {
				return faults
			}
			program, found := asl.Parse(sm.Source())
			if found.HasErrors() {
				return found
			}
			text := ""
			switch c.output {
			case "svg":
				text = graph.Of(program).SVG(graph.SVGOptions{Title: sm.Name, Standalone: true})
			case "mermaid":
				text = graph.Mermaid(program)
			default:
				text = graph.ASCII(program)
			}
			_, err = io.WriteString(c.Out, text)
			return err
		},
	}
	c.format(cmd, "ascii", "svg", "mermaid")
	return cmd
}

// definitionOf reads a definition by its file or, where there is no such file and the
// word can be a name, by the name of a state machine of this folder's project.
func definitionOf(word string) (files.StateMachine, diag.List, error) {
	if _, err := os.Stat(word); err != nil && filepath.Ext(word) == "" && !strings.ContainsAny(word, `/\`) {
		p, _ := files.Load(".")
		if p != nil {
			if i := slices.IndexFunc(p.StateMachines, func(m files.StateMachine) bool { return m.Name == word }); i >= 0 {
				return p.StateMachines[i], nil, nil
			}
		}
		return files.StateMachine{}, nil, &failure{exitFailed, "there is no file " + word + ", and no state machine of that name in this folder"}
	}
	sm, faults, _ := files.Definition(word)
	faults = slices.DeleteFunc(faults, func(d diag.Diagnostic) bool { return d.Code == files.CodeName })
	return sm, faults, nil
}
