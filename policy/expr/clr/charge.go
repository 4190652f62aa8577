package clr

// longArgument is from how many bytes on a text or bytes are charged for being read.
// What is shorter costs no more than the call itself.
const longArgument = 16 << 10

// Charged gives a member that charges for the long texts and bytes it is given, as
// receiver too: most members read them through, and a loop over such calls would
// otherwise cost a step each however much they read. Members that make something
// charge for that themselves.
func Charged(run Native) Native {
	return func(m *Machine, t []*Type, a []Value) Value {
		for _, v := range a {
			switch v := v.(type) {
			case string:
				m.read(len(v))
			case []byte:
				m.read(len(v))
			}
		}
		return run(m, t, a)
	}
}

func (m *Machine) read(n int) {
	if n >= longArgument {
		m.Work(n >> 10)
	}
}
