package jsonata

import "stile/jsonata/value"

// transform gives a copy of v in which what the pattern finds is updated.
func (e *evaluation) transform(t *transform, v value.Value) (value.Value, error) {
	if v.IsUndefined() {
		return v, nil
	}
	clone := e.lookup("clone", t.env)
	if !clone.IsFunction() {
		return value.Undefined, &Error{Code: "T2013", Position: t.node.Position}
	}
	result, err := e.apply(clone, []value.Value{v}, value.Null, site{})
	if err != nil {
		return value.Undefined, err
	}
	found, err := e.eval(t.node.Pattern, result, t.env)
	if err != nil || found.IsUndefined() {
		return result, err
	}
	matches := []value.Value{found}
	if found.IsArray() {
		matches = found.Items()
	}
	for _, match := range matches {
		e.Spend(1)
		if err := e.update(t, match); err != nil {
			return value.Undefined, err
		}
		if err := e.remove(t, match); err != nil {
			return value.Undefined, err
		}
	}
	return result, nil
}

func (e *evaluation) update(t *transform, match value.Value) error {
	change, err := e.eval(t.node.Update, match, t.env)
	if err != nil || change.IsUndefined() {
		return err
	}
	if !change.IsObject() {
		return &Error{Code: "T2011", Position: t.node.Update.Base().Position, Value: change}
	}
	members := change.Object().Members()
	if !match.IsObject() {
		if len(members) > 0 && !match.IsArray() && !match.IsFunction() {
			return cannotSet(members[0].Name, match)
		}
		return nil
	}
	object := match.Object()
	for _, m := range members {
		e.Produce(itemBytes)
		object.Set(m.Name, m.Value)
	}
	return nil
}

// cannotSet is JavaScript's error for a member that is set on what has none.
func cannotSet(name string, match value.Value) error {
	if match.Kind() == value.NullKind || match.IsUndefined() {
		return &Error{Text: "Cannot set properties of " + match.Kind().String() + " (setting '" + name + "')"}
	}
	text, err := value.Stringify(match, false)
	if err != nil {
		return err
	}
	return &Error{Text: "Cannot create property '" + name + "' on " + match.Kind().String() + " '" + text + "'"}
}

func (e *evaluation) remove(t *transform, match value.Value) error {
	if t.node.Delete == nil {
		return nil
	}
	names, err := e.eval(t.node.Delete, match, t.env)
	if err != nil || names.IsUndefined() {
		return err
	}
	list := []value.Value{names}
	if names.IsArray() {
		list = names.Items()
	}
	for _, name := range list {
		if !name.IsString() {
			return &Error{Code: "T2012", Position: t.node.Delete.Base().Position, Value: names}
		}
	}
	if match.IsObject() {
		for _, name := range list {
			match.Object().Delete(name.Str())
		}
	}
	return nil
}
