package value

// Tuple is one item of a tuple stream: a context value with the variables that
// @, # and % bound on the way to it. Only the evaluator sees tuples.
type Tuple struct {
	At   Value
	Vars []Binding
}

// Binding is a variable of a tuple.
type Binding struct {
	Name  string
	Value Value
}

// Set binds a name, in place of its old value where it has one.
func (t *Tuple) Set(name string, v Value) {
	for i := range t.Vars {
		if t.Vars[i].Name == name {
			t.Vars[i].Value = v
			return
		}
	}
	t.Vars = append(t.Vars, Binding{name, v})
}

// Copy gives a tuple that can be bound further without changing t.
func (t *Tuple) Copy() *Tuple {
	return &Tuple{t.At, append(make([]Binding, 0, len(t.Vars)+2), t.Vars...)}
}

// OfTuple makes the item of a tuple stream.
func OfTuple(t *Tuple) Value { return Value{kind: ObjectKind, ref: t} }

// Tuple gives the tuple of a stream's item; another value is a tuple without
// variables.
func (v Value) Tuple() *Tuple {
	if t, ok := v.ref.(*Tuple); ok {
		return t
	}
	return &Tuple{At: v}
}

// IsTuple reports the item of a tuple stream.
func (v Value) IsTuple() bool {
	_, ok := v.ref.(*Tuple)
	return ok
}

// object gives the tuple as the object that jsonata-js makes of it.
func (t *Tuple) object() *Object {
	o := NewObject(len(t.Vars) + 1)
	o.Set("@", t.At)
	for _, b := range t.Vars {
		o.Set(b.Name, b.Value)
	}
	return o
}
