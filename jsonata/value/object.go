package value

import (
	"slices"
	"strconv"
)

// Object is an object whose members stand in JavaScript's order. The zero Object
// is empty.
type Object struct {
	members []Member
	index   map[string]int // made when there are more than a few
	indexed bool           // some name is an array index
	dirty   bool           // such a name came since the members were put in order
}

// Member is one member of an object.
type Member struct {
	Name  string
	Value Value
}

const fewMembers = 8

// NewObject makes an empty object with room for n members.
func NewObject(n int) *Object { return &Object{members: make([]Member, 0, n)} }

// Len counts the members.
func (o *Object) Len() int { return len(o.members) }

// Members gives the members in order. The slice must not be changed, and is valid
// until the next Set or Delete.
func (o *Object) Members() []Member {
	if o.dirty {
		o.order()
	}
	return o.members
}

// Get gives a member, undefined where there is none.
func (o *Object) Get(name string) Value {
	if i := o.find(name); i >= 0 {
		return o.members[i].Value
	}
	return Undefined
}

// Has reports whether there is such a member.
func (o *Object) Has(name string) bool { return o.find(name) >= 0 }

// Set gives a member its value, at its old place or at the end.
func (o *Object) Set(name string, v Value) {
	if i := o.find(name); i >= 0 {
		o.members[i].Value = v
		return
	}
	if _, ok := arrayIndex(name); ok {
		o.indexed, o.dirty = true, true
	} else if o.indexed {
		o.dirty = true
	}
	o.members = append(o.members, Member{name, v})
	if o.index != nil {
		o.index[name] = len(o.members) - 1
	} else if len(o.members) > fewMembers {
		o.reindex()
	}
}

// Delete removes a member where there is one.
func (o *Object) Delete(name string) {
	if i := o.find(name); i >= 0 {
		o.members = slices.Delete(o.members, i, i+1)
		o.reindex()
	}
}

func (o *Object) find(name string) int {
	if o.index != nil {
		if i, ok := o.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].Name == name {
			return i
		}
	}
	return -1
}

func (o *Object) reindex() {
	o.index = nil
	if len(o.members) <= fewMembers {
		return
	}
	o.index = make(map[string]int, 2*len(o.members))
	for i := range o.members {
		o.index[o.members[i].Name] = i
	}
}

// order puts names that are array indexes first, by number, as JavaScript does.
func (o *Object) order() {
	slices.SortStableFunc(o.members, func(a, b Member) int {
		i, iok := arrayIndex(a.Name)
		j, jok := arrayIndex(b.Name)
		switch {
		case iok && jok:
			return int(i - j)
		case iok:
			return -1
		case jok:
			return 1
		}
		return 0
	})
	o.dirty = false
	o.reindex()
}

// arrayIndex reads a name that JavaScript takes for an array index: the shortest
// spelling of a whole number below 2³²−1.
func arrayIndex(name string) (int64, bool) {
	if name == "" || len(name) > 10 || name[0] < '0' || name[0] > '9' || name[0] == '0' && len(name) > 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return int64(n), err == nil && n < 1<<32-1
}
