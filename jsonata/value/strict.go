package value

import (
	"math"

	"stile/jsonval"
)

// Strict reports that a JSON value has no name twice in one object and no number that
// is too large for a float64, which some readers refuse. It takes time in proportion
// to the text.
func Strict(v jsonval.Value) bool {
	text := v.Raw()
	if text[0]|0x20 != '{' {
		return finite(text)
	}
	d := index(text)
	for at := range d.spans {
		if !d.strict(at) {
			return false
		}
	}
	return true
}

// strict looks at one container, not at those inside it.
func (d *document) strict(at int) bool {
	object := d.text[d.spans[at].start] == '{'
	var names map[string]bool
	if object && !d.spans[at].distinct {
		names = map[string]bool{}
	}
	for c := d.walk(at); ; {
		var (
			name []byte
			p    place
			more bool
		)
		if object {
			name, p, more = c.member()
		} else {
			p, more = c.item()
		}
		if !more {
			return true
		}
		if names != nil {
			n := unquote(name)
			if names[n] {
				return false
			}
			names[n] = true
		}
		if p.container < 0 && !finite(d.text[p.start:p.end]) {
			return false
		}
	}
}

// finite says that a scalar is no number beyond a float64.
func finite(text []byte) bool {
	return text[0] != '-' && (text[0] < '0' || text[0] > '9') || !math.IsInf(parseNumber(text), 0)
}
