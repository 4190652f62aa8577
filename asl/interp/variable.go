package interp

import "stile/jsonval"

// set assigns a variable in f's scope.
func (x *Execution) set(f *frame, name string, p Payload) {
	size := len(p.Value.Raw())
	if i := f.find(name); i >= 0 {
		x.resize(size - len(f.vars[i].value.Value.Raw()))
		f.vars[i].value = p
		x.pageChanged(f, i)
		return
	}
	x.resize(size)
	if f.places != nil {
		f.places[name] = len(f.vars)
	}
	f.vars = append(f.vars, variable{name, p})
	x.pageChanged(f, len(f.vars)-1)
}

// fewVariables are searched one by one.
const fewVariables = 16

// find gives the place of a variable in f's own scope, -1 where it is not there.
func (f *frame) find(name string) int {
	if len(f.vars) <= fewVariables {
		for i := range f.vars {
			if f.vars[i].name == name {
				return i
			}
		}
		return -1
	}
	if f.places == nil {
		f.places = make(map[string]int, 2*len(f.vars))
		for i := range f.vars {
			f.places[f.vars[i].name] = i
		}
	}
	if i, ok := f.places[name]; ok {
		return i
	}
	return -1
}

// variable finds an assigned variable from the scope's frame outwards.
func (x *Execution) variable(name string) (jsonval.Value, bool) {
	for f := x.scopeFrame; f != nil; f = f.parent {
		if i := f.find(name); i >= 0 {
			return x.value(&f.vars[i].value), true
		}
	}
	return jsonval.Value{}, false
}

// forget ends f's scope.
func (x *Execution) forget(f *frame) {
	for i := range f.vars {
		x.resize(-len(f.vars[i].value.Value.Raw()))
	}
	x.dropPages(f)
	f.vars, f.places = nil, nil
}

// resize keeps the count of all variables' bytes, where there is one.
func (x *Execution) resize(by int) {
	if x.variables >= 0 {
		x.variables += by
	}
}

// variablesFit reports whether the execution's variables may grow by an Assign of n
// bytes. What the Assign replaces counts as well: AWS does not say which it counts,
// and no definition should live off the difference.
func (x *Execution) variablesFit(n int) bool {
	if x.variables < 0 {
		x.variables = 0
		for _, f := range x.live() {
			for i := range f.vars {
				if f.phase == phaseHeld {
					break
				}
				x.variables += len(x.value(&f.vars[i].value).Raw())
			}
		}
	}
	return x.variables+n <= maxVariables
}
