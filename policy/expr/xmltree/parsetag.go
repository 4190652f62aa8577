package xmltree

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// name reads a name with its colons.
func (p *parser) name() string {
	from := p.i
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.rest())
		switch {
		case p.i == from && !IsNameStart(r) && r != ':':
			p.fail(p.i, "Name cannot begin with the %s character, hexadecimal value 0x%02X.", "'"+string(r)+"'", r)
		case !IsNameChar(r) && r != ':':
			return p.s[from:p.i]
		}
		p.i += n
	}
	if p.i == from {
		p.fail(p.i, "Unexpected end of file has occurred.")
	}
	return p.s[from:p.i]
}

// split parts a qualified name.
func (p *parser) split(name string, at int) (prefix, local string) {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		return "", prefix
	}
	if _, bad, fine := BadName(local); prefix == "" || !fine {
		where := at + len(prefix) + 1 + bad
		if prefix == "" {
			where = at
		}
		p.fail(where, "The ':' character, hexadecimal value 0x3A, cannot be included in a name.")
	}
	return prefix, local
}

func (p *parser) equals() {
	p.space()
	if p.i >= len(p.s) {
		p.fail(p.i, "Unexpected end of file has occurred.")
	}
	if p.s[p.i] != '=' {
		p.fail(p.i, "'%c' is an unexpected token. The expected token is '='.", p.runeAt(p.i))
	}
	p.i++
	p.space()
}

// quoted reads an attribute's value: references are resolved, white space is blanks.
func (p *parser) quoted() string {
	if p.i >= len(p.s) {
		p.fail(p.i, "Unexpected end of file has occurred.")
	}
	q := p.s[p.i]
	if q != '"' && q != '\'' {
		p.fail(p.i, "'%c' is an unexpected token. The expected token is '\"' or '''.", p.runeAt(p.i))
	}
	p.i++
	from := p.i
	n := strings.IndexByte(p.rest(), q)
	if n < 0 {
		p.fail(len(p.s), "There is an unclosed literal string.")
	}
	end := p.i + n
	raw := p.s[from:end]
	if lt := strings.IndexByte(raw, '<'); lt >= 0 {
		p.fail(from+lt, "'<', hexadecimal value 0x3C, is an invalid attribute character.")
	}
	p.checkChars(from, end)
	if strings.IndexByte(raw, '&') < 0 {
		p.i = end + 1
		return blanks(lines(raw))
	}
	var b strings.Builder
	for p.i < end {
		if p.s[p.i] == '&' {
			b.WriteString(p.reference())
			continue
		}
		k := strings.IndexByte(p.s[p.i:end], '&')
		if k < 0 {
			k = end - p.i
		}
		b.WriteString(blanks(lines(p.s[p.i : p.i+k])))
		p.i += k
	}
	p.i = end + 1
	return b.String()
}

func blanks(s string) string {
	if !strings.ContainsAny(s, "\t\n") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' {
			return ' '
		}
		return r
	}, s)
}

var entities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"}

// reference reads &…; and gives its character.
func (p *parser) reference() string {
	at := p.i + 1
	p.i++
	if strings.HasPrefix(p.rest(), "#") {
		return p.number(at)
	}
	from := p.i
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.rest())
		if p.i == from && !IsNameStart(r) || p.i > from && !IsNameChar(r) {
			break
		}
		p.i += n
	}
	name := p.s[from:p.i]
	switch {
	case name == "":
		p.fail(at, "An error occurred while parsing EntityName.")
	case p.i >= len(p.s):
		p.fail(p.i, "Unexpected end of file has occurred.")
	case p.s[p.i] != ';':
		p.fail(p.i, "'%c' is an unexpected token. The expected token is ';'.", p.runeAt(p.i))
	}
	p.i++
	s, ok := entities[name]
	if !ok {
		p.fail(at, "Reference to undeclared entity '%s'.", name)
	}
	return s
}

func (p *parser) number(at int) string {
	p.i++
	base, what := 10, "decimal"
	if strings.HasPrefix(p.rest(), "x") {
		base, what = 16, "hexadecimal"
		p.i++
	}
	n := strings.IndexByte(p.rest(), ';')
	if n <= 0 {
		p.fail(p.i, "Invalid syntax for a %s numeric entity reference.", what)
	}
	v, err := strconv.ParseUint(p.s[p.i:p.i+n], base, 32)
	if err != nil {
		p.fail(p.i, "Invalid syntax for a %s numeric entity reference.", what)
	}
	if v > utf8.MaxRune || !IsChar(rune(v)) {
		p.fail(at+1, "%s is an invalid character.", shown(rune(min(v, utf8.MaxRune+1))))
	}
	p.i += n + 1
	return string(rune(v))
}

// startTag reads an element's start, or the whole of one that is empty.
func (p *parser) startTag() {
	p.i++
	at := p.i
	if p.i >= len(p.s) {
		p.fail(p.i, "Unexpected end of file has occurred.")
	}
	name := p.name()
	if len(p.stack) == 0 && p.doc.Root() != nil {
		p.fail(at, "There are multiple root elements.")
	}
	if len(p.stack) >= MaxDepth {
		panic(&stop{ErrTooLarge})
	}
	n := &Node{Kind: Element}
	p.made(len(name))
	o := open{node: n, name: name, at: at, scopes: len(p.scopes), keep: p.keep}
	places, empty := p.attributes(n)
	n.Prefix, n.Name.Local = p.split(name, at)
	n.Name.Space = p.resolve(n.Prefix, at)
	p.bind(n, places)
	p.top().Append(n)
	if empty {
		p.scopes, p.keep = p.scopes[:o.scopes], o.keep
		return
	}
	n.Open = true
	p.stack = append(p.stack, o)
}

func (p *parser) resolve(prefix string, at int) string {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if p.scopes[i].prefix == prefix {
			return p.scopes[i].space
		}
	}
	p.fail(at, "'%s' is an undeclared prefix.", prefix)
	return ""
}

// attributes reads up to the tag's end; a name's prefix is resolved by bind.
func (p *parser) attributes(n *Node) (places []int, empty bool) {
	for {
		blank := p.space()
		switch {
		case p.i >= len(p.s):
			p.fail(p.i, "Unexpected end of file has occurred.")
		case p.s[p.i] == '>':
			p.i++
			return places, false
		case strings.HasPrefix(p.rest(), "/>"):
			p.i += 2
			return places, true
		case p.s[p.i] == '/':
			p.fail(p.i+1, "'%c' is an unexpected token. The expected token is '>'.", p.runeAt(min(p.i+1, len(p.s))))
		case blank == 0 && len(places) > 0:
			p.fail(p.i, "'%c' is an unexpected token. Expecting white space.", p.runeAt(p.i))
		}
		at := p.i
		name := p.name()
		a := &Attr{}
		a.Prefix, a.Name.Local = p.split(name, at)
		p.equals()
		a.Value = p.quoted()
		p.made(len(a.Value))
		if a.Prefix == "xmlns" || name == "xmlns" {
			p.declare(a, at)
		}
		if name == "xml:space" {
			p.keep = a.Value == "preserve"
		}
		n.AppendAttr(a)
		places = append(places, at)
	}
}

// maxScopes bounds the namespaces that are declared at a time: each name looks
// through them.
const maxScopes = 512

func (p *parser) declare(a *Attr, at int) {
	if len(p.scopes) >= maxScopes {
		panic(&stop{ErrTooLarge})
	}
	if a.Prefix == "" {
		p.scopes = append(p.scopes, scope{"", a.Value})
		return
	}
	if a.Value == "" || a.Name.Local == "xmlns" || (a.Name.Local == "xml") != (a.Value == SpaceXML) {
		p.fail(at+len("xmlns:")+len(a.Name.Local)+1, "Invalid namespace declaration.")
	}
	p.scopes = append(p.scopes, scope{a.Name.Local, a.Value})
}

// bind gives attributes their namespaces and finds those that stand twice.
func (p *parser) bind(n *Node, places []int) {
	var seen map[Name]bool
	if len(n.Attrs) > 8 {
		seen = make(map[Name]bool, len(n.Attrs))
	}
	for i, a := range n.Attrs {
		if a.Prefix != "" {
			a.Name.Space = p.resolve(a.Prefix, places[i])
		}
		twice := seen[a.Name]
		for k := 0; seen == nil && k < i; k++ {
			twice = twice || n.Attrs[k].Name == a.Name
		}
		if twice {
			p.fail(places[i], "'%s' is a duplicate attribute name.", a.Name.Local)
		}
		if seen != nil {
			seen[a.Name] = true
		}
	}
}

func (p *parser) endTag() {
	at := p.i + 2
	p.i += 2
	if len(p.stack) == 0 {
		p.fail(at, "Unexpected end tag.")
	}
	name := p.name()
	o := p.stack[len(p.stack)-1]
	if name != o.name {
		line, col := p.place(o.at)
		p.fail(at, "The '%s' start tag on line %d position %d does not match the end tag of '%s'.", o.name, line, col, name)
	}
	p.space()
	if !strings.HasPrefix(p.rest(), ">") {
		if p.i >= len(p.s) {
			p.fail(p.i, "Unexpected end of file has occurred.")
		}
		p.fail(p.i, "'%c' is an unexpected token. The expected token is '>'.", p.runeAt(p.i))
	}
	p.i++
	p.stack = p.stack[:len(p.stack)-1]
	p.scopes, p.keep = p.scopes[:o.scopes], o.keep
}

// text reads character data up to the next markup.
func (p *parser) text() {
	from := p.i
	if len(p.stack) == 0 {
		if p.space(); p.i < len(p.s) && p.s[p.i] != '<' {
			p.fail(p.i, "Data at the root level is invalid.")
		}
		return
	}
	literal := false
	var b strings.Builder
	for p.i < len(p.s) && p.s[p.i] != '<' {
		if p.s[p.i] == '&' {
			b.WriteString(p.reference())
			literal = true
			continue
		}
		k := strings.IndexAny(p.rest(), "<&")
		if k < 0 {
			k = len(p.s) - p.i
		}
		p.checkChars(p.i, p.i+k)
		if bad := strings.Index(p.s[p.i:p.i+k], "]]>"); bad >= 0 {
			p.fail(p.i+bad, "']]>' is not allowed in character data.")
		}
		b.WriteString(lines(p.s[p.i : p.i+k]))
		p.i += k
	}
	s := b.String()
	if !p.keep && !literal && Blank(p.s[from:p.i]) {
		return
	}
	p.made(len(s))
	p.top().Append(&Node{Kind: Text, Value: s})
}
