package cli

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"stile/diag"
	"stile/internal/app"
	"stile/internal/policytest"
)

// testFlags are the flags of test.
type testFlags struct {
	run      string
	coverage bool
	least    float64
}

func (c *command) test() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run a project's tests of policies",
		Long: "test runs the cases of DIR/tests/policies/*.test.yaml, of the current folder without DIR, without a server\n" +
			"and without a network: backends answer what the case lists, the clock and all randomness are fixed. It exits\n" +
			"with 1 where a case fails, or covers too little, and with 2 where a file has a fault, so that nothing was run.",
		Example: "  stile test\n  stile test examples/orders --run 'limit' --coverage\n  stile test -o junit > tests.xml",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 1 {
				return usage("test takes one folder")
			}
			if len(args) == 1 {
				dir = args[0]
			}
			f.coverage = f.coverage || cmd.Flags().Changed("coverage-min")
			if f.least < 0 || f.least > 100 {
				return usage("--coverage-min is a percentage: 0 to 100")
			}
			return c.runTests(cmd, dir, f)
		},
	}
	cmd.Flags().StringVar(&f.run, "run", "", "run the cases whose name matches this regular expression")
	cmd.Flags().BoolVar(&f.coverage, "coverage", false, "say which policies and branches no case ran, by document")
	cmd.Flags().Float64Var(&f.least, "coverage-min", 0, "fail where the cases run less than this percentage of all policies and branches")
	c.format(cmd, "text", "json", "junit")
	return cmd
}

func (c *command) runTests(cmd *cobra.Command, dir string, f testFlags) error {
	var match func(string) bool
	if f.run != "" {
		re, err := regexp.Compile(f.run)
		if err != nil {
			return usage("--run is no regular expression: %v", err)
		}
		match = re.MatchString
	}
	report, err := c.app.Test(cmd.Context(), dir, match)
	var faults diag.List
	switch {
	case errors.As(err, &faults):
		c.diagnostics(c.Err, faults)
		return &failure{code: exitDiffers}
	case errors.Is(err, app.ErrNoTests) && match != nil:
		return &failure{exitFailed, "no case of " + dir + "/" + policytest.Folder + " matches " + f.run}
	case errors.Is(err, app.ErrNoTests):
		return &failure{exitFailed, "there are no tests: write some into " + dir + "/" + policytest.Folder + "/NAME" + policytest.Suffix}
	case err != nil:
		return err
	}
	if !f.coverage {
		report.Coverage = nil
	}
	if err := c.printTests(report, f); err != nil {
		return err
	}
	switch {
	case report.Failed > 0:
		return &failure{code: exitFailed}
	case report.Percent < f.least:
		return &failure{exitFailed, fmt.Sprintf("the cases run %s of all policies and branches, less than %s", percent(report.Percent), percent(f.least))}
	}
	return nil
}

func (c *command) printTests(r *policytest.Report, f testFlags) error {
	switch c.output {
	case "json":
		return c.printJSON(r)
	case "junit":
		data, err := r.JUnit()
		if err == nil {
			_, err = c.Out.Write(data)
		}
		return err
	}
	for i := 0; i < len(r.Cases); {
		file, n, failed := r.Cases[i].File, 0, 0
		for ; i < len(r.Cases) && r.Cases[i].File == file; i++ {
			if n++; !r.Cases[i].Passed {
				failed++
				c.printFailed(&r.Cases[i])
			}
		}
		word := c.paint(c.Out, green, "ok  ")
		if failed > 0 {
			word = c.paint(c.Out, red, "FAIL")
		}
		fmt.Fprintf(c.Out, "%s  %s  %s\n", word, shown(file), ofCases(n, failed))
	}
	if f.coverage {
		c.printCoverage(r)
	}
	fmt.Fprintf(c.Err, "%d passed, %d failed\n", r.Passed, r.Failed)
	return nil
}

func ofCases(n, failed int) string {
	if failed == 0 {
		return plural(n, "case")
	}
	return strconv.Itoa(failed) + " of " + plural(n, "case") + " failed"
}

// printFailed shows what was expected, what came, and which policy decided.
func (c *command) printFailed(r *policytest.Result) {
	fmt.Fprintf(c.Out, "%s  %s  %s\n", c.paint(c.Out, red, "FAIL"), shown(r.File)+":"+strconv.Itoa(r.Line), shown(r.Name))
	for i := range r.Failures {
		f := &r.Failures[i]
		if f.Method != "" {
			head := fmt.Sprintf("%s %s", f.Method, f.URL)
			if r.Requests > 1 {
				head = fmt.Sprintf("request %d: %s", f.Request, head)
			}
			if f.Status != 0 {
				head += " → " + strconv.Itoa(f.Status)
			}
			fmt.Fprintf(c.Out, "    %s\n", shown(head))
		}
		for _, d := range f.Differences {
			c.printDifference(r.File, &d)
		}
		for _, m := range f.Calls {
			line := "    call  " + shown(m.Method+" "+m.URL)
			if m.Unlisted {
				line += c.paint(c.Out, red, "  not listed")
			}
			fmt.Fprintln(c.Out, line)
		}
		c.printRan(f.Trace)
	}
}

func (c *command) printDifference(file string, d *policytest.Difference) {
	at := ""
	if d.Line > 0 {
		at = c.paint(c.Out, dim, "  "+shown(file)+":"+strconv.Itoa(d.Line))
	}
	expected, got := policytest.Shown(d.Expected), policytest.Shown(d.Got)
	if d.Expected == nil || d.Got == nil || !strings.Contains(expected+got, "\n") && len(expected)+len(got) < 100 {
		fmt.Fprintf(c.Out, "    %s: expected %s, got %s%s\n", shown(d.What), c.paint(c.Out, green, shown(expected)), c.paint(c.Out, red, shownLines(got)), at)
		return
	}
	fmt.Fprintf(c.Out, "    %s:%s\n", shown(d.What), at)
	for _, line := range lineDiff(strings.Split(expected, "\n"), strings.Split(got, "\n")) {
		color := ""
		switch line[0] {
		case '-':
			color = green
		case '+':
			color = red
		}
		if text := shown(line); color != "" {
			fmt.Fprintf(c.Out, "      %s\n", c.paint(c.Out, color, text))
		} else {
			fmt.Fprintf(c.Out, "      %s\n", text)
		}
	}
}

// longDiff bounds the lines of a side that are compared one by one.
const longDiff = 500

// lineDiff pairs the lines that both sides have: "- " is expected alone, "+ " came
// alone.
func lineDiff(expected, got []string) (out []string) {
	if len(expected) > longDiff || len(got) > longDiff {
		expected, got = expected[:min(len(expected), longDiff)], got[:min(len(got), longDiff)]
	}
	length := make([][]int, len(expected)+1) // of the longest common rest
	for i := range length {
		length[i] = make([]int, len(got)+1)
	}
	for i := len(expected) - 1; i >= 0; i-- {
		for k := len(got) - 1; k >= 0; k-- {
			if expected[i] == got[k] {
				length[i][k] = length[i+1][k+1] + 1
			} else {
				length[i][k] = max(length[i+1][k], length[i][k+1])
			}
		}
	}
	for i, k := 0, 0; i < len(expected) || k < len(got); {
		switch {
		case i < len(expected) && k < len(got) && expected[i] == got[k]:
			out = append(out, "  "+expected[i])
			i, k = i+1, k+1
		case i < len(expected) && (k == len(got) || length[i+1][k] >= length[i][k+1]):
			out = append(out, "- "+expected[i])
			i++
		default:
			out = append(out, "+ "+got[k])
			k++
		}
	}
	return out
}

// printRan shows the policies that ran; the one that decided stands out.
func (c *command) printRan(list []policytest.Ran) {
	for i := range list {
		r := &list[i]
		mark := "     "
		if r.Decided {
			mark = "  →  "
		}
		at := ""
		if r.File != "" {
			at = r.File + ":" + strconv.Itoa(r.Line)
		}
		line := fmt.Sprintf("%s%-8s  %s%-*s  %-9s  %-8s  %s", mark, r.Section, strings.Repeat("  ", r.Depth), max(1, 22-2*r.Depth), r.Policy, r.Scope, r.Decision, at)
		if r.Detail != "" {
			line += "  " + r.Detail
		}
		if line = shown(line); r.Decided {
			line = c.paint(c.Out, bold, line)
		}
		io.WriteString(c.Out, line+"\n")
	}
}

func percent(p float64) string { return strconv.FormatFloat(p, 'f', 1, 64) + " %" }

func (c *command) printCoverage(r *policytest.Report) {
	for i := range r.Coverage {
		d := &r.Coverage[i]
		fmt.Fprintf(c.Out, "%7s  %d of %d  %s\n", percent(d.Percent), d.Ran, d.Total, shown(d.File))
		for _, n := range d.Never {
			fmt.Fprintf(c.Out, "         %s\n", c.paint(c.Out, dim, fmt.Sprintf("never: %s:%d  %s", shown(d.File), n.Line, shown(neverText(n)))))
		}
	}
	fmt.Fprintf(c.Out, "%7s  of all policies and branches\n", percent(r.Percent))
}

func neverText(n policytest.Never) string {
	switch {
	case n.Kind == "branch" && n.What == "again":
		return "<retry> trying again"
	case n.Kind == "branch":
		return "branch " + n.What
	case n.Kind == "section":
		return "section " + n.What
	}
	return "<" + n.What + ">"
}
