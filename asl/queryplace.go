package asl

import (
	"strings"

	"stile/jsonval"
)

// inText gives the place in the source of byte i of a string's decoded text.
func (c *compiler) inText(n *node, i int) int {
	src := c.src.Text()
	pos := n.offset + 1
	for done := 0; done < i && pos < n.end-1; {
		next := pos + 1
		if src[pos] == '\\' {
			if next++; src[pos+1] == 'u' {
				next += 4
				if strings.HasPrefix(src[next:], `\u`) && surrogate(src[pos+2:next]) {
					next += 6
				}
			}
			piece, err := jsonval.ParseString(`"` + src[pos:next] + `"`)
			if err != nil {
				break
			}
			s, _ := piece.Str()
			done += len(s)
		} else {
			done++
		}
		pos = next
	}
	return pos
}

// surrogate says that four hexadecimal digits are the first half of a pair.
func surrogate(hex string) bool {
	return len(hex) == 4 && (hex[0] == 'd' || hex[0] == 'D') && strings.IndexByte("89abAB", hex[1]) >= 0
}
