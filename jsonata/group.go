package jsonata

import (
	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

// bucket is what a key of a grouping has gathered.
type bucket struct {
	key  string
	pair int // the pair that made the key
	one  value.Value
	many *value.List // instead of one, from the second item on
}

func (b *bucket) add(e *evaluation, item value.Value) {
	switch {
	case b.many != nil:
		e.push(b.many, item)
	case b.one.IsUndefined():
		b.one = item
	case !item.IsUndefined():
		b.many = &value.List{}
		e.push(b.many, b.one)
		e.push(b.many, item)
	}
}

func (b *bucket) value() value.Value {
	if b.many != nil {
		return value.OfList(b.many)
	}
	return b.one
}

// group is the object constructor: the items of its input are gathered by what the
// key expressions give, and each key's value is evaluated for what it gathered.
func (e *evaluation) group(pairs []syntax.Pair, position int, in value.Value, env *frame) (value.Value, error) {
	if !in.IsArray() && plainKeys(pairs) {
		return e.object(pairs, in, env)
	}
	buckets, stream, err := e.gather(pairs, position, in, env)
	if err != nil {
		return value.Undefined, err
	}
	result := value.NewObject(len(buckets))
	for i := range buckets {
		b := &buckets[i]
		context, scope := b.value(), env
		if stream {
			t := reduceTuples(context)
			context, scope = t.At, frameOf(env, t)
		}
		v, err := e.eval(pairs[b.pair].Value, context, scope)
		if err != nil {
			return value.Undefined, err
		}
		if !v.IsUndefined() {
			e.Produce(itemBytes + len(b.key))
			result.Set(b.key, v)
		}
	}
	return value.OfObject(result), nil
}

// plainKeys tells keys that are written out, differ, and keep their order in an
// object.
func plainKeys(pairs []syntax.Pair) bool {
	const few = 16
	if len(pairs) > few {
		return false
	}
	for i := range pairs {
		key, ok := pairs[i].Key.(*syntax.String)
		if !ok || !bare(key) || key.Value == "" || key.Value[0] >= '0' && key.Value[0] <= '9' {
			return false
		}
		for j := range i {
			if pairs[j].Key.(*syntax.String).Value == key.Value {
				return false
			}
		}
	}
	return true
}

// object is group for one item and plain keys.
func (e *evaluation) object(pairs []syntax.Pair, in value.Value, env *frame) (value.Value, error) {
	e.Spend(len(pairs))
	e.Produce(2 * itemBytes * len(pairs))
	result := value.NewObject(len(pairs))
	for i := range pairs {
		v, err := e.eval(pairs[i].Value, in, env)
		if err != nil {
			return value.Undefined, err
		}
		if !v.IsUndefined() {
			key := pairs[i].Key.(*syntax.String).Value
			e.Produce(itemBytes + len(key))
			result.Set(key, v)
		}
	}
	return value.OfObject(result), nil
}

func (e *evaluation) gather(pairs []syntax.Pair, position int, in value.Value, env *frame) (buckets []bucket, stream bool, err error) {
	items := []value.Value{in}
	if in.IsArray() {
		l := in.List()
		stream = l.Tuples
		if len(l.Items) > 0 {
			items = l.Items
		} else if items[0] = value.Undefined; stream {
			return nil, false, &Error{Text: "Cannot read properties of undefined (reading '@')"}
		}
	}
	index := keyIndex{}
	buckets = make([]bucket, 0, len(pairs))
	for _, item := range items {
		context, scope := item, env
		if stream {
			t := item.Tuple()
			context, scope = t.At, frameOf(env, t)
		}
		for p := range pairs {
			key, err := e.eval(pairs[p].Key, context, scope)
			if err != nil {
				return nil, false, err
			}
			if key.IsUndefined() {
				continue
			}
			if !key.IsString() {
				return nil, false, &Error{Code: "T1003", Position: position, Value: key}
			}
			at := index.find(buckets, key.Str())
			if at < 0 {
				e.Produce(2 * itemBytes)
				buckets = append(buckets, bucket{key: key.Str(), pair: p, one: item})
				index.added(buckets)
				continue
			}
			if buckets[at].pair != p {
				return nil, false, &Error{Code: "D1009", Position: position, Value: key}
			}
			buckets[at].add(e, item)
		}
	}
	return inOrder(buckets), stream, nil
}

// inOrder puts the buckets in the order of an object's members.
func inOrder(buckets []bucket) []bucket {
	o := value.NewObject(len(buckets))
	for i := range buckets {
		o.Set(buckets[i].key, value.OfNumber(float64(i)))
	}
	out := make([]bucket, 0, len(buckets))
	for _, m := range o.Members() {
		out = append(out, buckets[int(m.Value.Num())])
	}
	return out
}

// keyIndex finds a bucket by its key; few keys need no map.
type keyIndex struct{ at map[string]int }

func (x *keyIndex) find(buckets []bucket, key string) int {
	if x.at != nil {
		if i, ok := x.at[key]; ok {
			return i
		}
		return -1
	}
	for i := range buckets {
		if buckets[i].key == key {
			return i
		}
	}
	return -1
}

func (x *keyIndex) added(buckets []bucket) {
	const few = 8
	if x.at == nil && len(buckets) <= few {
		return
	}
	if x.at == nil {
		x.at = map[string]int{}
		for i := range buckets {
			x.at[buckets[i].key] = i
		}
		return
	}
	x.at[buckets[len(buckets)-1].key] = len(buckets) - 1
}

// reduceTuples makes one tuple of a key's tuples: each variable gets all values.
func reduceTuples(v value.Value) *value.Tuple {
	if !v.IsArray() {
		return v.Tuple()
	}
	items := v.Items()
	if len(items) == 1 {
		return items[0].Tuple()
	}
	var at joined
	names := map[string]int{}
	var vars []joined
	for _, item := range items {
		t := item.Tuple()
		at.add(t.At)
		for _, b := range t.Vars {
			i, ok := names[b.Name]
			if !ok {
				i = len(vars)
				names[b.Name] = i
				vars = append(vars, joined{name: b.Name})
			}
			vars[i].add(b.Value)
		}
	}
	out := &value.Tuple{At: at.value()}
	for i := range vars {
		out.Vars = append(out.Vars, value.Binding{Name: vars[i].name, Value: vars[i].value()})
	}
	return out
}

// joined appends values one by one, as value.Append does, in linear time.
type joined struct {
	name string
	one  value.Value
	many *value.List
}

func (j *joined) add(v value.Value) {
	switch {
	case j.many != nil:
		j.many.PushFlat(v)
	case j.one.IsUndefined():
		j.one = v
	case !v.IsUndefined():
		j.many = &value.List{}
		j.many.PushFlat(j.one)
		j.many.PushFlat(v)
	}
}

func (j *joined) value() value.Value {
	if j.many != nil {
		return value.OfList(j.many)
	}
	return j.one
}
