package policy

import (
	"fmt"
	"strings"
)

// This file reads attribute values and texts. Both may hold an expression in one
// of two spellings: raw, where C# stands as it is, or XML's own, where quotes and
// angle brackets are entity references. A value is XML's where it ends, decoded,
// exactly with its expression; otherwise it is raw.

// quoted takes an attribute value in quotes; sc.i is at the opening one.
func (sc *scanner) quoted(a *Attr) {
	quote := sc.s[sc.i : sc.i+1]
	a.open = quote
	sc.i++
	start := sc.i
	stop := strings.Index(sc.s[start:], quote)
	if at, ok := expressionStart(sc.s, start); ok && len(sc.list) < maxScanFaults {
		if stop < 0 || !sc.xmlExpression(&a.content, start, at, start+stop) {
			if end, ok := sc.rawExpression(&a.content, start, at); ok {
				stop = sc.closeQuote(&a.content, start, end, quote)
			} else {
				sc.openExpression(at)
			}
		}
	}
	if stop < 0 {
		sc.fault(start-1, 1, CodeMarkup, fmt.Sprintf("the value of attribute %s is not closed", a.Name), "add a quote")
		stop = len(sc.s) - start
	} else {
		a.close = quote
	}
	a.content.raw, a.content.at = sc.s[start:start+stop], start
	sc.i = start + stop + len(a.close)
}

// closeQuote finds the quote that ends a raw expression's attribute; stop counts
// from start, -1 where there is none.
func (sc *scanner) closeQuote(c *content, start, end int, quote string) int {
	after := end
	for after < len(sc.s) && blank(sc.s[after]) {
		after++
	}
	if strings.HasPrefix(sc.s[after:], quote) {
		return after - start
	}
	sc.trailing(after)
	*c = content{}
	if n := strings.Index(sc.s[after:], quote); n >= 0 {
		return after + n - start
	}
	return -1
}

func (sc *scanner) trailing(at int) {
	sc.fault(at, 1, CodeExpressionEnd, "text follows the expression",
		"an expression must be the whole value: put the text into it, as @(\"…\" + …)")
}

func (sc *scanner) openExpression(at int) {
	sc.fault(at, 2, CodeExpressionEnd, "the expression is not closed",
		"close each bracket and string of the expression; it ends with ')' or '}'")
}

// textNode takes characters up to the next markup, or one expression.
func (sc *scanner) textNode() {
	start := sc.i
	c := content{at: start}
	stop := -1
	if at, ok := expressionStart(sc.s, start); ok && len(sc.list) < maxScanFaults {
		stop = sc.textExpression(&c, start, at)
	}
	if stop < 0 {
		stop = start + 1
		for stop < len(sc.s) && !markup(sc.s[stop:]) {
			stop++
		}
	}
	c.raw = sc.s[start:stop]
	sc.add(Node{Kind: TextNode, content: c})
	sc.i = stop
}

// textExpression tries to take text that begins with an expression; -1 where it
// is none.
func (sc *scanner) textExpression(c *content, start, at int) (stop int) {
	stop = len(sc.s)
	if n := strings.IndexByte(sc.s[start:], '<'); n >= 0 {
		stop = start + n
	}
	if sc.xmlExpression(c, start, at, stop) {
		return stop
	}
	end, ok := sc.rawExpression(c, start, at)
	if !ok {
		sc.openExpression(at)
		return -1
	}
	for end < len(sc.s) && blank(sc.s[end]) {
		end++
	}
	if end < len(sc.s) && !markup(sc.s[end:]) {
		sc.trailing(end)
		*c = content{at: start}
		for end < len(sc.s) && !markup(sc.s[end:]) {
			end++
		}
	}
	return end
}

// expressionStart finds "@(" or "@{" behind blanks.
func expressionStart(s string, i int) (at int, ok bool) {
	for i < len(s) && blank(s[i]) {
		i++
	}
	return i, i+1 < len(s) && s[i] == '@' && (s[i+1] == '(' || s[i+1] == '{')
}

// xmlExpression reads s[start:stop] as an expression in XML's spelling.
func (sc *scanner) xmlExpression(c *content, start, at, stop int) bool {
	raw := sc.s[start:stop]
	if stop < at+2 || !escaped(raw) {
		return false
	}
	d := decode(raw, 0, nil)
	m := matcher{s: d.text}
	end, ok := m.matchExpression(at - start + 1)
	if !ok || strings.TrimSpace(d.text[end:]) != "" {
		return false
	}
	*c = content{at: start, expr: true, xml: true, block: sc.s[at+1] == '{', from: at - start + 2, to: d.source(end - 1)}
	return true
}

// rawExpression reads an expression at s[at:] as it is; end is behind its bracket.
func (sc *scanner) rawExpression(c *content, start, at int) (end int, ok bool) {
	m := matcher{s: sc.s[start:]}
	end, ok = m.matchExpression(at - start + 1)
	if !ok {
		return 0, false
	}
	*c = content{at: start, expr: true, block: sc.s[at+1] == '{', from: at - start + 2, to: end - 1, strings: m.strings}
	return start + end, true
}

// cdata marks a whole CDATA section, and the expression in it where it holds one.
func (sc *scanner) cdata(c *content) {
	if !strings.HasSuffix(c.raw, cdataEnd) || len(c.raw) < len(cdataStart)+len(cdataEnd) {
		return
	}
	c.plain = true
	inner := c.raw[:len(c.raw)-len(cdataEnd)]
	at, ok := expressionStart(inner, len(cdataStart))
	if !ok {
		return
	}
	m := matcher{s: inner}
	end, ok := m.matchExpression(at + 1)
	switch {
	case !ok:
		sc.openExpression(c.at + at)
	case strings.TrimSpace(inner[end:]) != "":
		sc.trailing(c.at + end)
	default:
		c.expr, c.block, c.from, c.to = true, inner[at+1] == '{', at+2, end-1
	}
}
