package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/files"
	"stile/internal/policies"
	"stile/policy"
)

// shownPolicy is a layout of an operation's documents, in JSON.
type shownPolicy struct {
	API       string `json:"api,omitempty"`
	Operation string `json:"operation,omitempty"`
	Product   string `json:"product,omitempty"`
	*policy.Layout
}

// shownDocument is one document, in JSON.
type shownDocument struct {
	Scope string `json:"scope"`
	File  string `json:"file"`
	Text  string `json:"text"`
}

func (c *command) policyShow() *cobra.Command {
	var q shownPolicy
	var dir string
	var effective bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print a policy document, or the effective one of an operation",
		Long: "show prints a policy document of a project folder as it is written: the global one, or that of the API, the\n" +
			"operation or the product that is named. With --effective it prints what runs: the documents of all scopes in\n" +
			"one, each <base /> and each fragment in its place, and for each element where it is written. Named values\n" +
			"stay {{name}}. It needs no server.",
		Example: "  stile policy show --api orders --operation place-order --effective\n" +
			"  stile policy show --api orders --product starter --effective -o xml",
		Args: exactly(),
		RunE: func(_ *cobra.Command, _ []string) error {
			if q.Operation != "" && q.API == "" {
				return usage("--operation goes with --api")
			}
			svc, faults := serviceOf(dir)
			if svc == nil {
				return faults
			}
			chain, err := svc.Chain(q.API, q.Operation, q.Product)
			if err != nil {
				return &failure{exitNotFound, err.Error()}
			}
			if !effective {
				return c.showDocument(chain, &q)
			}
			return c.showEffective(svc, chain, &q)
		},
	}
	cmd.Flags().StringVar(&q.API, "api", "", "the API's id")
	cmd.Flags().StringVar(&q.Operation, "operation", "", "the operation's id, with --api")
	cmd.Flags().StringVar(&q.Product, "product", "", "the product's id; with --api, the product that a call is under")
	cmd.Flags().BoolVar(&effective, "effective", false, "print what runs: all scopes in one, with the place of each element")
	cmd.Flags().StringVar(&dir, "project", ".", "the project folder")
	c.format(cmd, "text", "json", "xml")
	return cmd
}

// serviceOf reads a folder; nil where it cannot be read at all.
func serviceOf(dir string) (*apim.Service, diag.List) {
	p, faults := files.Load(dir)
	if p == nil {
		return nil, faults
	}
	return p.APIM, nil
}

func (c *command) showDocument(chain []*policy.Source, q *shownPolicy) error {
	src := chain[len(chain)-1]
	if q.API != "" && q.Operation == "" && q.Product != "" {
		return usage("without --effective one of --api and --product is enough")
	}
	if src == nil {
		return &failure{exitNotFound, "there is no policy document of " + q.scope() + ": what stands above it is inherited"}
	}
	if c.output == "json" {
		return c.printJSON(shownDocument{src.Scope.String(), src.File, src.Text})
	}
	fmt.Fprintln(c.Err, src.File)
	text := src.Text
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err := io.WriteString(c.Out, text)
	return err
}

// scope names what was asked for.
func (q *shownPolicy) scope() string {
	switch {
	case q.Operation != "":
		return "operation " + q.API + "/" + q.Operation
	case q.API != "":
		return "API " + q.API
	case q.Product != "":
		return "product " + q.Product
	}
	return "the service"
}

func (c *command) showEffective(svc *apim.Service, chain []*policy.Source, q *shownPolicy) error {
	workspace := ""
	if a := svc.API(q.API); a != nil {
		workspace = a.Workspace
	} else if p := svc.Product(q.Product); p != nil {
		workspace = p.Workspace
	}
	layout, faults := policy.LayOut(policies.Table(), chain, svc.Fragment(workspace))
	if faults.HasErrors() {
		return faults
	}
	switch c.output {
	case "json":
		q.Layout = layout
		return c.printJSON(q)
	case "xml":
		_, err := io.WriteString(c.Out, layout.XML())
		return err
	}
	return c.printLayout(layout)
}

// printLayout prints an element a line: where it stands, its scope, its start tag.
func (c *command) printLayout(l *policy.Layout) error {
	for _, s := range l.Sections {
		fmt.Fprintln(c.Out, c.paint(c.Out, bold, s.Section))
		w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
		printLaid(w, s.Elements, "")
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func printLaid(w io.Writer, list []*policy.Laid, indent string) {
	for _, e := range list {
		place, from := "built in", e.Scope
		if e.File != "" {
			place = fmt.Sprintf("%s:%d", e.File, e.Line)
		}
		if e.Fragment != "" {
			from += ", fragment " + e.Fragment
		}
		fmt.Fprintf(w, "  %s\t%s\t%s%s\n", shown(place), shown(from), indent, shown(brief(e.Tag()+e.Text, 120)))
		printLaid(w, e.Elements, indent+"  ")
	}
}
