package asl

import (
	"fmt"
	"strings"

	"stile/diag"
	"stile/jsonval"
)

// Codes of faults in definitions. Those in capitals are AWS's (API reference,
// ValidateStateMachineDefinitionDiagnostic); STL-A… are ours.
const (
	CodeSchema         = "SCHEMA_VALIDATION_FAILED"
	CodeInvalidJSON    = "INVALID_JSON_DESCRIPTION"
	CodeMissingTarget  = "MISSING_TRANSITION_TARGET"
	CodeMissingEnd     = "MISSING_END_STATE"
	CodeDuplicateState = "DUPLICATE_STATE_NAME"
	CodeStateName      = "INVALID_STATE_NAME"
	CodeLabel          = "INVALID_LABEL_NAME"
	CodeDuplicateLabel = "DUPLICATE_LABEL_NAME"
	CodeVariableName   = "INVALID_VARIABLE_NAME"
	CodeReservedName   = "RESERVED_VARIABLE_NAME"
	CodeNoDollar       = "NO_DOLLAR"
	CodeStaticResult   = "PASS_RESULT_IS_STATIC"
	// CodeInvalidQuery: a JSONata expression that does not parse; CodeUnsupportedQuery:
	// one that reads what a state does not have.
	CodeInvalidQuery     = "INVALID_JSONATA_EXPRESSION"
	CodeUnsupportedQuery = "UNSUPPORTED_JSONATA_EXPRESSION"
	// CodeResource: a resource that Stile does not integrate (warning).
	CodeResource = "STL-A003"
	// CodeVariable: a variable that no state assigns (warning).
	CodeVariable = "STL-A004"
	// CodeUnreachable: states that only each other lead to (warning).
	CodeUnreachable = "STL-A005"
	// CodeErrorName: an error name that begins with "States." but is none of the
	// reserved ones (warning).
	CodeErrorName = "STL-A006"
	// CodeShadow: a variable assigned both inside and outside a body (warning).
	CodeShadow = "STL-A007"
)

// compiler turns nodes into a Program and collects faults.
type compiler struct {
	src  *diag.Source
	list diag.List
	prog *Program
	// places finds lines and columns.
	places *placer
	// scope is the body being compiled, current the state; reverted says that the
	// state's language is a fault by itself.
	scope    *scope
	current  *State
	reverted bool
	// single says that the text is one state; see ParseState.
	single bool
	// apart says that the next body belongs to child executions; labels are the Label
	// fields so far, each with its state.
	apart  bool
	labels map[string]string
	// reads and assigns are the uses of variables.
	reads   []read
	assigns []assignment
	// compared counts the names that hints were sought among; see didYouMean.
	compared int
}

// Parse reads a definition in JSON. It gives all faults, sorted by place; the
// Program is nil where one of them is an error.
func Parse(src *diag.Source) (*Program, diag.List) {
	return parse(src, false)
}

// parse is Parse, or of a text that is one state ParseState.
func parse(src *diag.Source, single bool) (*Program, diag.List) {
	c := &compiler{single: single, src: src, places: newPlacer(src), prog: &Program{QueryLanguage: JSONPath, States: map[string]*State{}}}
	root, err := parseNodes(src)
	if err != nil {
		c.syntax(err)
		return nil, c.list
	}
	if root.kind != jsonval.ObjectKind {
		c.report(root, CodeInvalidJSON, diag.Error, "", "The definition must be a valid JSON object",
			`write { "StartAt": …, "States": { … } }`)
		return nil, c.list
	}
	c.doubles(root, nil)
	if single {
		root = alone(root)
	}
	c.root(root)
	c.list = c.list.Sort()
	if c.list.HasErrors() {
		return nil, c.list
	}
	return c.prog, c.list
}

// syntax reports a text that is no JSON; its Path is the parser's position.
func (c *compiler) syntax(err error) {
	se, ok := err.(*jsonval.SyntaxError)
	if !ok {
		se = &jsonval.SyntaxError{Reason: err.Error()}
	}
	if strings.TrimSpace(c.src.Text()) == "" {
		se = &jsonval.SyntaxError{Reason: "The definition must be a valid JSON object, but is empty"}
	}
	line, column := c.places.at(se.Offset)
	c.put(se.Offset, diag.Diagnostic{
		Code: CodeInvalidJSON, Message: se.Reason,
		Path: fmt.Sprintf("[line: %d, column: %d]", line, column),
		Hint: "mend the JSON here; faults behind it are not looked for yet",
	})
}

// report adds a fault that marks node n.
func (c *compiler) report(n *node, code string, sev diag.Severity, path, message, hint string) {
	c.put(n.offset, diag.Diagnostic{
		Code: code, Severity: sev, Path: path, Message: message, Hint: hint, Width: c.width(n.offset, n.end)})
}

// width counts the columns of a node that stands on one line; others get one.
func (c *compiler) width(from, to int) int {
	text := c.src.Text()[from:to]
	if strings.ContainsRune(text, '\n') {
		return 1
	}
	return len([]rune(text))
}

// named adds a fault that marks a member's name.
func (c *compiler) named(m member, code string, sev diag.Severity, path, message, hint string) {
	c.put(m.offset, diag.Diagnostic{
		Code: code, Severity: sev, Path: path, Message: message, Hint: hint, Width: len([]rune(m.name)) + 2})
}

// fault adds an error with AWS's general code.
func (c *compiler) fault(offset int, path, message, hint string) {
	c.put(offset, diag.Diagnostic{
		Code: CodeSchema, Path: path, Message: message, Hint: hint})
}

// wrong is fault for a node.
func (c *compiler) wrong(n *node, path, message, hint string) {
	c.report(n, CodeSchema, diag.Error, path, message, hint)
}

// doubles reports members that stand twice in one object. trail is the way to n;
// it is only written out where something is found.
func (c *compiler) doubles(n *node, trail []string) {
	var seen map[string]int // the line of a name's first use
	if len(n.members) > 1 {
		seen = make(map[string]int, len(n.members))
	}
	for _, m := range n.members {
		if line, ok := seen[m.name]; ok {
			c.named(m, CodeInvalidJSON, diag.Error, "/"+strings.Join(trail, ""), "Duplicate field '"+m.name+"'",
				fmt.Sprintf("the first one is in line %d; remove or rename one", line))
			continue
		}
		if seen != nil {
			seen[m.name], _ = c.places.at(m.offset)
		}
		if m.value.nested() {
			name := m.name
			if len(trail) > 0 {
				name = "/" + name
			}
			c.doubles(m.value, append(trail, name))
		}
	}
	for i, m := range n.items {
		if m.nested() {
			c.doubles(m, append(trail, at("", i)))
		}
	}
}

// join and at extend a pointer as AWS writes it: /States/Pick/Choices[0]/Next.
func join(path, name string) string {
	if path == "/" {
		return "/" + name
	}
	return path + "/" + name
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// WireMessage joins the errors of a list as AWS puts them between the quotes of
// "Invalid State Machine Definition: '…'". Warnings are left out.
func WireMessage(list diag.List) string {
	var parts []string
	for _, d := range list {
		if d.Severity == diag.Warning {
			continue
		}
		path := d.Path
		if path == "" {
			path = "null" // as AWS prints an absent location
		}
		parts = append(parts, d.Code+": "+d.Message+" at "+path)
	}
	return strings.Join(parts, ", ")
}
