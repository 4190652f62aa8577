package jsonval

// Indent gives the value in lines: two spaces a level, one space after a colon,
// empty objects and arrays on one line. Members keep their order, numbers and
// strings their text, so that what is indented already is given back as it is.
func (v Value) Indent() []byte {
	out := make([]byte, 0, 2*len(v.raw))
	depth := 0
	line := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, ' ', ' ')
		}
	}
	for i := skipSpace(v.raw, 0); i < len(v.raw); i = skipSpace(v.raw, i) {
		switch c := v.raw[i]; c {
		case '"':
			end := skipString(v.raw, i)
			out = append(out, v.raw[i:end]...)
			i = end
			continue
		case '{', '[':
			out = append(out, c)
			if next := skipSpace(v.raw, i+1); v.raw[next] == c+2 { // } and ] stand two behind
				out = append(out, c+2)
				i = next + 1
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			out = append(out, c)
		case ',':
			out = append(out, c)
			line()
		case ':':
			out = append(out, ':', ' ')
		default:
			out = append(out, c)
		}
		i++
	}
	return out
}
