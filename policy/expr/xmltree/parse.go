package xmltree

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth and MaxNodes bound every parse.
const (
	MaxDepth = 512
	MaxNodes = 1 << 20
)

// ErrTooLarge is the error of a document with more than MaxNodes nodes, or nested
// deeper than MaxDepth.
var ErrTooLarge = errors.New("the XML document has too many nodes or is nested too deep")

// SyntaxError is why a text is no XML document; Line and Column start at 1 and are
// 0 where .NET gives no place.
type SyntaxError struct {
	Message      string
	Line, Column int
}

// Error gives the message as .NET's XmlException does.
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s Line %d, position %d.", e.Message, e.Line, e.Column)
}

// Options say how a text is read.
type Options struct {
	// KeepSpace keeps text between elements that is white space alone.
	KeepSpace bool
	// Budget is charged for what is made; nil charges nothing.
	Budget Budget
}

// Parse reads a document. The error is a *SyntaxError or ErrTooLarge.
func Parse(text string, o Options) (doc *Node, err error) {
	if o.Budget == nil {
		o.Budget = Free{}
	}
	p := &parser{s: text, budget: o.Budget, keep: o.KeepSpace, doc: &Node{Kind: Document}}
	p.scopes = append(p.scopes, scope{"xml", SpaceXML}, scope{"xmlns", SpaceXMLNS}, scope{"", ""})
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *stop:
			doc, err = nil, r.err
		default:
			panic(r)
		}
	}()
	p.document()
	return p.doc, nil
}

// stop carries an error out of the parser.
type stop struct{ err error }

type scope struct{ prefix, space string }

// open is an element whose end has not come.
type open struct {
	node   *Node
	name   string
	at     int
	scopes int
	keep   bool
}

type parser struct {
	s      string
	i      int
	keep   bool
	budget Budget
	doc    *Node
	stack  []open
	scopes []scope
	nodes  int
}

// fail ends the parse at a byte offset.
func (p *parser) fail(at int, format string, args ...any) {
	line, col := p.place(at)
	panic(&stop{&SyntaxError{fmt.Sprintf(format, args...), line, col}})
}

// place counts in UTF-16 units, as .NET does.
func (p *parser) place(at int) (line, col int) {
	at = min(at, len(p.s))
	head := p.s[:at]
	line = 1 + strings.Count(head, "\n")
	for _, r := range head[strings.LastIndexByte(head, '\n')+1:] {
		col += max(1, utf16.RuneLen(r))
	}
	return line, col + 1
}

func (p *parser) made(bytes int) {
	if p.nodes++; p.nodes > MaxNodes {
		panic(&stop{ErrTooLarge})
	}
	p.budget.Work(1)
	p.budget.Grow(nodeBytes + bytes)
}

func (p *parser) top() *Node {
	if n := len(p.stack); n > 0 {
		return p.stack[n-1].node
	}
	return p.doc
}

func (p *parser) rest() string { return p.s[p.i:] }

func (p *parser) space() int {
	from := p.i
	for p.i < len(p.s) && isSpace(p.s[p.i]) {
		p.i++
	}
	return p.i - from
}

// shown spells a character for a message.
func shown(r rune) string {
	return fmt.Sprintf("'%c', hexadecimal value 0x%02X,", max(r, '.'*boolRune(r == 0)), r)
}

func boolRune(b bool) rune {
	if b {
		return 1
	}
	return 0
}

func (p *parser) runeAt(at int) rune {
	r, _ := utf8.DecodeRuneInString(p.s[at:])
	return r
}

// document reads the whole text.
func (p *parser) document() {
	p.s = strings.TrimPrefix(p.s, "\ufeff")
	if strings.HasPrefix(p.s, "<?xml") && len(p.s) > 5 && isSpace(p.s[5]) {
		p.declaration()
	}
	for p.i < len(p.s) {
		if p.s[p.i] == '<' {
			p.markup()
			continue
		}
		p.text()
	}
	if n := len(p.stack); n > 0 {
		names := make([]string, 0, n)
		for k := n - 1; k >= 0; k-- {
			names = append(names, p.stack[k].name)
		}
		p.fail(len(p.s), "Unexpected end of file has occurred. The following elements are not closed: %s.", strings.Join(names, ", "))
	}
	if p.doc.Root() == nil {
		panic(&stop{&SyntaxError{Message: "Root element is missing."}})
	}
}

// markup reads what begins with <.
func (p *parser) markup() {
	at := p.i
	switch rest := p.rest(); {
	case strings.HasPrefix(rest, "</"):
		p.endTag()
	case strings.HasPrefix(rest, "<!--"):
		p.i += 4
		p.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		if len(p.stack) == 0 {
			p.fail(at+2, "Data at the root level is invalid.")
		}
		p.i += 9
		p.cdata()
	case strings.HasPrefix(rest, "<!DOCTYPE"):
		p.fail(at+2, "For security reasons DTD is prohibited in this XML document. "+
			"To enable DTD processing set the DtdProcessing property on XmlReaderSettings to Parse and pass the settings into XmlReader.Create method.")
	case strings.HasPrefix(rest, "<!"):
		p.fail(at+2, "Syntax for an XML declaration is invalid.")
	case strings.HasPrefix(rest, "<?"):
		p.instruction()
	default:
		p.startTag()
	}
}

// until gives the text up to end and goes past it.
func (p *parser) until(end, what string) string {
	n := strings.Index(p.rest(), end)
	if n < 0 {
		p.fail(len(p.s), "Unexpected end of file while parsing %s has occurred.", what)
	}
	from := p.i
	p.i += n + len(end)
	p.checkChars(from, from+n)
	return lines(p.s[from : from+n])
}

// lines makes line ends of \r\n and \r, as every XML reader must.
func lines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

func (p *parser) checkChars(from, to int) {
	for i := from; i < to; {
		c := p.s[i]
		if c >= 0x20 && c < 0x80 {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(p.s[i:])
		if !IsChar(r) || r == utf8.RuneError && n == 1 {
			p.fail(i, "%s is an invalid character.", shown(r))
		}
		i += n
	}
}

func (p *parser) comment() {
	from := p.i
	s := p.until("-->", "Comment")
	if n := strings.Index(s, "--"); n >= 0 || strings.HasSuffix(s, "-") {
		if n < 0 {
			n = len(s) - 1
		}
		p.fail(from+n, "An XML comment cannot contain '--', and '-' cannot be the last character.")
	}
	p.made(len(s))
	p.top().Append(&Node{Kind: Comment, Value: s})
}

func (p *parser) cdata() {
	s := p.until("]]>", "CDATA")
	p.made(len(s))
	p.top().Append(&Node{Kind: CDATA, Value: s})
}

func (p *parser) instruction() {
	at := p.i
	p.i += 2
	name := p.name()
	if strings.EqualFold(name, "xml") {
		p.fail(at+2, "Unexpected XML declaration. The XML declaration must be the first node in the document, and no white space characters are allowed to appear before it.")
	}
	if p.space() == 0 && !strings.HasPrefix(p.rest(), "?>") {
		p.fail(p.i, "%s cannot be included in a name.", "The "+shown(p.runeAt(p.i))[:len(shown(p.runeAt(p.i)))-1]+" character")
	}
	data := p.until("?>", "PI")
	p.made(len(data))
	p.top().Append(&Node{Kind: Instruction, Name: Name{Local: name}, Value: data})
}

// declaration reads <?xml … ?>.
func (p *parser) declaration() {
	d := &Declaration{}
	p.i = 5
	order := []string{"version", "encoding", "standalone"}
	for {
		n := p.space()
		if strings.HasPrefix(p.rest(), "?>") {
			break
		}
		at := p.i
		if n == 0 || len(order) == 0 || p.i >= len(p.s) {
			p.fail(at, "Syntax for an XML declaration is invalid.")
		}
		name := p.name()
		for len(order) > 0 && order[0] != name {
			order = order[1:]
		}
		if len(order) == 0 || d.Version == "" && name != "version" {
			p.fail(at, "Syntax for an XML declaration is invalid.")
		}
		order = order[1:]
		p.equals()
		at = p.i
		value := p.quoted()
		switch {
		case name == "version":
			if value != "1.0" {
				p.fail(at+1, "Version number '%s' is invalid.", value)
			}
			d.Version = value
		case name == "encoding":
			d.Encoding = value
		case value != "yes" && value != "no":
			p.fail(at, "Syntax for an XML declaration is invalid.")
		default:
			d.Standalone = value
		}
	}
	if d.Version == "" {
		p.fail(p.i, "Syntax for an XML declaration is invalid.")
	}
	p.i += 2
	p.doc.Declared = d
}
