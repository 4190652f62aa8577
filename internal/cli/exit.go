package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"stile/diag"
)

// The exit codes of every command.
const (
	exitOK          = 0
	exitFailed      = 1   // the thing failed: errors found, an execution that failed, a server that could not start
	exitDiffers     = 2   // `--exit-code`: differences were found; `test`: a file has a fault
	exitNotFound    = 3   // no such execution, state machine, role
	exitRefused     = 4   // not allowed
	exitUnreachable = 5   // no server answers
	exitConflict    = 6   // the name is taken, the state does not fit
	exitPartly      = 7   // some of many failed
	exitUsage       = 64  // wrong flags or arguments
	exitTimeout     = 124 // --timeout is over
	exitInterrupted = 130 // Ctrl-C
)

// failure is an error with its exit code; an empty text prints nothing.
type failure struct {
	code int
	text string
}

func (f *failure) Error() string { return f.text }

func usage(format string, args ...any) error {
	return &failure{exitUsage, fmt.Sprintf(format, args...)}
}

// oneLine keeps an error on its line whatever a server or a file put into it.
func oneLine(s string) string { return shown(strings.Join(strings.Fields(s), " ")) }

// exactly wants n arguments, named for the message.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		if len(names) == 0 {
			return usage("%s takes no arguments", cmd.CommandPath())
		}
		return usage("%s takes %s", cmd.CommandPath(), strings.Join(names, " "))
	}
}

// noSuchCommand refuses an argument that no subcommand took.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(append(names, sub.Name()), sub.Aliases...)
	}
	text := fmt.Sprintf("unknown command %q of %s", args[0], cmd.CommandPath())
	if near, ok := diag.Nearest(args[0], names); ok {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	return usage("%s", text)
}

// choice is a flag that takes one of a few words.
type choice struct {
	to    *string
	words []string
}

func (f *choice) String() string {
	if f.to == nil {
		return ""
	}
	return *f.to
}

func (f *choice) Type() string { return "word" }

func (f *choice) Set(s string) error {
	for _, w := range f.words {
		if s == w {
			*f.to = s
			return nil
		}
	}
	return fmt.Errorf("want %s", list(f.words))
}

func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func (c *command) exitCodes() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: "0    success\n1    the thing failed: errors found, an execution that failed, a server that could not start\n" +
			"2    `exec diff`, `trace diff` or `api replay` with --exit-code found differences; `test` found a bad file\n3    not found\n4    not allowed\n5    no server answers\n6    conflict: a name is taken, a state does not fit\n" +
			"7    partly done: of many executions some failed\n64   wrong flags or arguments\n124  timed out\n130  interrupted",
	}
}
