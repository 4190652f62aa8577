package jsonval

// Clone gives v over a copy of its text, so that keeping v keeps no larger text
// alive that it was cut from.
func (v Value) Clone() Value {
	if len(v.raw) == 0 {
		return v
	}
	return Value{append(make([]byte, 0, len(v.raw)), v.raw...)}
}
