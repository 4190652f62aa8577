package interp

import (
	"stile/asl"
	"stile/jsonval"
)

// ChildInput is the input of the child execution for one item of a Map Run: the
// item, or what ItemSelector makes of it. index counts from 0 over the whole
// dataset; key is the member's name where the items are those of an object, else
// "". An error fails the Map Run. It is pure: hosts call it for any item at any
// time.
func (s *MapRunSpec) ChildInput(p *asl.Program, index int64, key string, item jsonval.Value, load func(blob uint64) (jsonval.Value, error)) (jsonval.Value, *asl.EvalError) {
	selector := p.States[s.State].Map.ItemSelector
	if selector == nil {
		return item, nil
	}
	read := func(pl Payload) jsonval.Value {
		if pl.Blob == 0 || pl.Value.Exists() {
			return pl.Value
		}
		v, err := load(pl.Blob)
		if err != nil {
			return jsonval.Value{}
		}
		return v
	}
	scope := asl.Scope{
		Input: read(s.Input),
		Context: func() jsonval.Value {
			var it, m, all jsonval.Object
			read(s.Context).EachMember(func(name string, v jsonval.Value) bool {
				all.Add(name, v)
				return true
			})
			it.AddInt("Index", index)
			if key != "" {
				it.AddString("Key", key)
			}
			it.Add("Value", item)
			return all.Add("Map", m.Add("Item", it.Value()).Value()).Value()
		},
		Variable: func(name string) (jsonval.Value, bool) {
			for _, v := range s.Variables {
				if v.Name == name {
					return read(Payload{Blob: v.Blob, Value: v.Value}), true
				}
			}
			return jsonval.Value{}, false
		},
	}
	return selector.Eval(&scope)
}
