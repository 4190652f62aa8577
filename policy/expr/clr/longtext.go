package clr

// longText remembers what was found about the string that was looked into last, so
// that a loop over the characters of a long string does not scan it each time.
type longText struct {
	s     string
	ascii bool
	units []uint16
}

// shortText is the length in bytes below which scanning is cheaper than remembering.
const shortText = 64

func (m *Machine) look(s string) *longText {
	if m.seen.s != s {
		m.Work(len(s) / 64)
		m.seen = longText{s: s, ascii: Ascii(s)}
		if !m.seen.ascii {
			m.Grow(2 * len(s))
			m.seen.units = Units(s)
		}
	}
	return &m.seen
}

// Length is String.Length.
func (m *Machine) Length(s string) int {
	if len(s) < shortText {
		return Length(s)
	}
	if t := m.look(s); !t.ascii {
		return len(t.units)
	}
	return len(s)
}

// Unit gives the code unit at i, which must be in range.
func (m *Machine) Unit(s string, i int) Char {
	if len(s) < shortText {
		return UnitAt(s, i)
	}
	if t := m.look(s); !t.ascii {
		return Char(t.units[i])
	}
	return Char(s[i])
}

// Cut gives the code units from one index up to another.
func (m *Machine) Cut(s string, from, to int) string {
	if len(s) < shortText {
		return Slice(s, from, to)
	}
	if t := m.look(s); !t.ascii {
		return FromUnits(t.units[from:to])
	}
	return s[from:to]
}
