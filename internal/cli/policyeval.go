package cli

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"stile/diag"
	"stile/policy/expr"
	"stile/policy/expr/clr"
	"stile/policy/expr/show"
	"stile/policy/sample"
)

func (c *command) policyEval() *cobra.Command {
	var path string
	var typed bool
	cmd := &cobra.Command{
		Use:   "eval EXPRESSION",
		Short: "Evaluate a policy expression",
		Long: "eval compiles a policy expression, @(…) or @{…}, and prints its value as a policy would write it. It needs\n" +
			"no server. --context names a document, JSON or YAML, of the request, response, variables and so on that the\n" +
			"expression sees; without one there is an empty GET. \"-\" reads the expression from stdin.",
		Example: "  stile policy eval '@(DateTime.UtcNow.AddHours(1).ToString(\"o\"))'\n" +
			"  stile policy eval '@((int)context.Variables[\"n\"] + 1)' --context context.json --type",
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("policy eval takes one expression, in quotes: stile policy eval '@(1 + 1)'")
			}
			text := args[0]
			if text == "-" {
				data, err := io.ReadAll(io.LimitReader(c.In, 1<<20))
				if err != nil {
					return err
				}
				text = string(data)
			}
			return c.evaluate(strings.TrimSpace(text), path, typed)
		},
	}
	cmd.Flags().StringVar(&path, "context", "", "document of what the expression sees, JSON or YAML")
	cmd.Flags().BoolVar(&typed, "type", false, "print the value's C# type before it")
	c.format(cmd, "text", "json")
	return cmd
}

func (c *command) evaluate(text, path string, typed bool) error {
	block := strings.HasPrefix(text, "@{") && strings.HasSuffix(text, "}")
	if !block && !(strings.HasPrefix(text, "@(") && strings.HasSuffix(text, ")")) {
		return usage("a policy expression stands in @(…) or @{…}")
	}
	env, err := evalEnv(path)
	if err != nil {
		return err
	}
	program, faults := expr.Compile(diag.NewSource("expression", text), 2, text[2:len(text)-1], block)
	if program == nil {
		return faults
	}
	if len(faults) > 0 {
		c.diagnostics(c.Err, faults)
	}
	v, err := program.Run(env)
	if err != nil {
		return err
	}
	return c.printValue(env, v, typed)
}

func (c *command) printValue(env *expr.Env, v expr.Value, typed bool) error {
	text, kind := expr.ToText(v), show.Type(v)
	if c.output == "json" {
		plain, fault := show.Plain(clr.NewMachine(env), v)
		if fault != "" {
			return errors.New("the value is a sequence that cannot be walked: " + fault)
		}
		out, err := json.MarshalIndent(struct {
			Type  string `json:"type"`
			Value any    `json:"value"`
			Text  string `json:"text"`
		}{kind, plain, text}, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.Out, string(out))
		return err
	}
	if typed {
		text = kind + " " + text
	}
	_, err := fmt.Fprintln(c.Out, shownLines(text))
	return err
}

// shownLines keeps line breaks and shows no other control character.
func shownLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = shown(strings.TrimSuffix(lines[i], "\r"))
	}
	return strings.Join(lines, "\n")
}

// evalEnv reads the context document; without one the clock is the machine's and
// GUIDs are random.
func evalEnv(path string) (*expr.Env, error) {
	document := []byte("{}")
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if document = data; filepath.Ext(path) != ".json" {
			if document, err = yaml.YAMLToJSON(data); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	s, err := sample.Read(document)
	if err != nil {
		if path != "" {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return nil, err
	}
	env := s.Env()
	if !s.Timed {
		env.Now = time.Now
	}
	env.NewGUID = func() string {
		hi, lo := random()&^0xf000|0x4000, random()&^(3<<62)|2<<62
		return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, lo>>48, lo&(1<<48-1))
	}
	env.Rand = random
	return env, nil
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}
