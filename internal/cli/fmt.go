package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"stile/asl"
	"stile/diag"
	"stile/internal/files"
	"stile/jsonval"
)

// CodeNotPortable: a definition refers to a named value that Stile resolves and AWS
// would not.
const CodeNotPortable = "STL-X023"

func (c *command) fmt() *cobra.Command {
	var to string
	var write, check bool
	cmd := &cobra.Command{
		Use:   "fmt FILE…",
		Short: "Print definitions in one form, or as AWS takes them",
		Long: "fmt prints definitions in one form: two spaces a level, members in their order, numbers and\n" +
			"strings as they are written. --write writes the files instead, --check names those that differ\n" +
			"and exits with 1. --to aws prints what AWS takes, JSON also of a definition in YAML, and refuses\n" +
			"a definition in which Stile puts named values where AWS would send {{name}}.",
		Example: "  stile fmt workflows/order.asl.json\n  stile fmt --write workflows/*.asl.json\n  stile fmt --to aws workflows/order.asl.json",
		RunE: func(_ *cobra.Command, paths []string) error {
			switch {
			case len(paths) == 0:
				return usage("fmt takes the files of definitions")
			case write && check, to != "" && (write || check):
				return usage("--write, --check and --to exclude each other")
			}
			f := formatter{c, to == "aws", write, check}
			return f.all(paths)
		},
	}
	cmd.Flags().Var(&choice{to: &to, words: []string{"aws"}}, "to", "print for another system: aws")
	cmd.Flags().BoolVarP(&write, "write", "w", false, "write the files instead of printing them")
	cmd.Flags().BoolVar(&check, "check", false, "name the files that differ from their form, and exit with 1 where one does")
	return cmd
}

// formatter is one command line of fmt.
type formatter struct {
	*command
	aws, write, check bool
}

// all formats every file; a file with a fault does not keep the others back.
func (f formatter) all(paths []string) error {
	var faults diag.List
	differ := false
	for _, path := range paths {
		text, old, found, err := f.read(path)
		if err != nil {
			return err
		}
		faults = append(faults, found...)
		switch {
		case found.HasErrors():
		case !f.write && !f.check:
			fmt.Fprint(f.Out, text)
		case text == old:
		case f.check:
			fmt.Fprintln(f.Out, filepath.ToSlash(path))
			differ = true
		default:
			if err := replace(path, text); err != nil {
				return err
			}
		}
	}
	if faults.HasErrors() {
		return faults
	}
	if differ {
		return &failure{code: exitFailed}
	}
	return nil
}

// read gives a file's form, and its text as it stands.
func (f formatter) read(path string) (text, old string, faults diag.List, err error) {
	if f.aws {
		text, faults = forAWS(path)
		return text, "", faults, nil
	}
	if isYAML(path) {
		return "", "", nil, &failure{exitFailed, path + " is YAML, which fmt leaves as it is: --to aws prints it as JSON"}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", "", nil, fmt.Errorf("cannot read %s: %s", path, reasonOf(err))
	}
	text, faults = canonical(diag.NewSource(filepath.ToSlash(path), string(data)))
	return text, string(data), faults, nil
}

func reasonOf(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

func isYAML(path string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, strings.ToLower(filepath.Ext(path)))
}

// canonical gives the one form of a text in JSON.
func canonical(src *diag.Source) (string, diag.List) {
	v, err := jsonval.ParseString(src.Text())
	if err != nil {
		_, faults := asl.Parse(src)
		return "", faults
	}
	return string(v.Indent()) + "\n", nil
}

// forAWS gives what AWS takes of a definition, or why it would not be the same.
func forAWS(path string) (string, diag.List) {
	sm, faults, ok := files.WithOptions(path)
	faults = slices.DeleteFunc(faults, func(d diag.Diagnostic) bool { return d.Code == files.CodeName }) // AWS is told its name otherwise
	if !ok || faults.HasErrors() {
		return "", faults
	}
	src := sm.Source()
	if _, found := asl.Parse(src); found.HasErrors() {
		return "", append(faults, found...)
	}
	for _, at := range asl.NamedValuePlaces(src) {
		if !sm.Uses(at.Name) {
			continue
		}
		faults = append(faults, src.At(at.Offset, diag.Diagnostic{Code: CodeNotPortable, Severity: diag.Error,
			Message: "state " + at.State + " has {{" + at.Name + "}} in its parameters, where AWS would send the text as it stands",
			Hint: "give it by a connection, which AWS has too (connections/NAME.yaml, named by its ARN under Authentication of an http:invoke), and take " +
				at.Name + " off named-values in " + sm.Options}))
	}
	if faults.HasErrors() {
		return "", faults.Sort()
	}
	return canonical(src)
}

// replace writes a file anew and keeps its mode.
func replace(path, text string) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return fmt.Errorf("cannot write %s: %s", path, reasonOf(err))
	}
	return nil
}
