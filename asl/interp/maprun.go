package interp

import (
	"stile/asl"
	"stile/jsonval"
)

// loadBlob reads a payload's text where the spec holds its number alone.
type loadBlob func(blob uint64) (jsonval.Value, error)

func (load loadBlob) read(p Payload) (jsonval.Value, error) {
	if p.Blob == 0 || p.Value.Exists() {
		return p.Value, nil
	}
	return load(p.Blob)
}

// ChildInput is the input of the child execution for one item of a Map Run: the
// item, or what ItemSelector makes of it. index counts from 0 over the whole
// dataset; key is the member's name where the items are those of an object, else
// "". An error fails the Map Run. It is pure: hosts call it for any item at any
// time. Who makes many inputs calls Selector once.
func (s *MapRunSpec) ChildInput(p *asl.Program, index int64, key string, item jsonval.Value, load func(blob uint64) (jsonval.Value, error)) (jsonval.Value, *asl.EvalError) {
	sel, err := s.Selector(p, load)
	if err != nil {
		return jsonval.Value{}, &asl.EvalError{Name: asl.ErrRuntime, Cause: err.Error()}
	}
	return sel.Input(index, key, item)
}

// Selector makes the inputs of a Map Run's children. It holds what ItemSelector
// reads beside the item, loaded once. Not safe for concurrent use.
type Selector struct {
	// Source is $$.Map.Item.Source of the next input, left out where it is empty: the
	// S3 URI of the object that has the item, or as it is made STATE_DATA where the
	// items stand in the state's input.
	Source string

	template *asl.Template
	scope    asl.Scope
	context  []jsonval.Member // of the context object, without Map
	seed     uint64
	index    int64
	key      string
	item     jsonval.Value
}

// Selector gives the maker of the children's inputs; the error is that of load.
func (s *MapRunSpec) Selector(p *asl.Program, load func(blob uint64) (jsonval.Value, error)) (*Selector, error) {
	sel := &Selector{template: p.States[s.State].Map.ItemSelector, seed: s.Seed}
	if sel.template == nil {
		return sel, nil
	}
	if s.Items.Blob != 0 || s.Items.Value.Exists() {
		sel.Source = "STATE_DATA"
	}
	input, err := loadBlob(load).read(s.Input)
	if err != nil {
		return nil, err
	}
	context, err := loadBlob(load).read(s.Context)
	if err != nil {
		return nil, err
	}
	for _, m := range context.Members() {
		if m.Name != "Map" {
			sel.context = append(sel.context, m)
		}
	}
	values := make([]jsonval.Value, len(s.Variables))
	for i, v := range s.Variables {
		if values[i], err = loadBlob(load).read(Payload{Blob: v.Blob, Value: v.Value}); err != nil {
			return nil, err
		}
	}
	sel.scope = asl.Scope{
		Input:   input,
		Context: sel.object,
		Variable: func(name string) (jsonval.Value, bool) {
			for i, v := range s.Variables {
				if v.Name == name {
					return values[i], true
				}
			}
			return jsonval.Value{}, false
		},
		Now: s.Time,
	}
	return sel, nil
}

// Input is the input for one item; see MapRunSpec.ChildInput.
func (s *Selector) Input(index int64, key string, item jsonval.Value) (jsonval.Value, *asl.EvalError) {
	if s.template == nil {
		return item, nil
	}
	s.index, s.key, s.item = index, key, item
	bits := random{s.seed ^ uint64(index+1)*0xd1342543de82ef95} // each item has numbers of its own
	s.scope.Rand = bits.next
	return s.template.Eval(&s.scope)
}

// object is the context object with the item in it.
func (s *Selector) object() jsonval.Value {
	var it, m, all jsonval.Object
	for _, c := range s.context {
		all.Add(c.Name, c.Value)
	}
	it.AddInt("Index", s.index)
	if s.key != "" {
		it.AddString("Key", s.key)
	}
	it.Add("Value", s.item)
	if s.Source != "" {
		it.AddString("Source", s.Source)
	}
	return all.Add("Map", m.Add("Item", it.Value()).Value()).Value()
}
