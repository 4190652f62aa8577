package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"stile/rx"
)

// text checks the keywords for strings.
func (r *validation) text(s *Schema, v *Value) bool {
	ok := true
	quoted := func() string { return "String '" + clipped(v.Text) + "' " }
	if s.minLength.set || s.maxLength.set {
		r.spend(1 + len(v.Text)/64)
		n := utf8.RuneCountInString(v.Text)
		if s.maxLength.set && n > s.maxLength.n {
			ok = r.fail(s, v, quoted()+"exceeds maximum length of "+strconv.Itoa(s.maxLength.n)+".")
		}
		if s.minLength.set && n < s.minLength.n {
			ok = r.fail(s, v, quoted()+"is less than minimum length of "+strconv.Itoa(s.minLength.n)+".")
		}
	}
	if s.pattern != nil && !r.matches(s.pattern, v.Text) {
		ok = r.fail(s, v, quoted()+"does not match regex pattern '"+clipped(s.pattern.text)+"'.")
	}
	if s.format != "" {
		r.spend(1 + len(v.Text)/16)
		if !formatted(s.format, v.Text) {
			ok = r.fail(s, v, quoted()+"does not validate against format '"+s.format+"'.")
		}
	}
	return ok
}

// matches searches for a pattern; its steps are steps of the validation.
func (r *validation) matches(p *pattern, text string) bool {
	r.spend(1 + len(text)/16)
	match, used, err := p.re.FindWithin([]rune(text), 0, r.left)
	if err == rx.ErrSteps {
		panic(ErrBudget)
	}
	r.spend(used)
	return match != nil
}

func (r *validation) array(s *Schema, v *Value, a *seen) bool {
	ok := true
	n := len(v.Items)
	if s.minItems.set && n < s.minItems.n {
		ok = r.fail(s, v, "Array item count "+strconv.Itoa(n)+" is less than minimum count of "+strconv.Itoa(s.minItems.n)+".")
	}
	if s.maxItems.set && n > s.maxItems.n {
		ok = r.fail(s, v, "Array item count "+strconv.Itoa(n)+" exceeds maximum count of "+strconv.Itoa(s.maxItems.n)+".")
	}
	if s.unique {
		ok = r.uniqueItems(s, v) && ok
	}
	for i, item := range v.Items {
		var sub *Schema
		switch {
		case i < len(s.prefix):
			sub = s.prefix[i]
		case s.items != nil:
			sub = s.items
		default:
			continue
		}
		if sub.never {
			ok = r.fail(s, item, "Index "+strconv.Itoa(i+1)+" has not been defined and the schema does not allow additional items.")
		} else {
			r.path = append(r.path, "["+strconv.Itoa(i)+"]")
			ok = r.value(sub, item, nil) && ok
			r.path = r.path[:len(r.path)-1]
		}
		if r.enough(ok) {
			return false
		}
	}
	if a != nil {
		a.items, a.rest = max(a.items, len(s.prefix)), a.rest || s.items != nil
	}
	if s.contains != nil {
		ok = r.containing(s, v, a) && ok
	}
	return ok
}

// enough says that going on would tell nothing more.
func (r *validation) enough(ok bool) bool {
	return !ok && (r.quiet > 0 || len(r.list) >= MaxViolations)
}

func (r *validation) uniqueItems(s *Schema, v *Value) bool {
	r.spend(v.size())
	known := make(map[string]bool, len(v.Items))
	for i, item := range v.Items {
		key := item.key()
		if known[key] {
			return r.fail(s, item, "Non-unique array item at index "+strconv.Itoa(i)+".")
		}
		known[key] = true
	}
	return true
}

func (r *validation) containing(s *Schema, v *Value, a *seen) bool {
	count := 0
	for i, item := range v.Items {
		if !r.holds(s.contains, item) {
			continue
		}
		count++
		if a != nil {
			if a.some == nil {
				a.some = map[int]bool{}
			}
			a.some[i] = true
		}
	}
	least := 1
	if s.minContains.set {
		least = s.minContains.n
	}
	switch {
	case count < least && least == 1:
		return r.fail(s, v, "No items match contains.")
	case count < least:
		return r.fail(s, v, "Contains match count "+strconv.Itoa(count)+" is less than minimum contains count of "+strconv.Itoa(least)+".")
	case s.maxContains.set && count > s.maxContains.n:
		return r.fail(s, v, "Contains match count "+strconv.Itoa(count)+" exceeds maximum contains count of "+strconv.Itoa(s.maxContains.n)+".")
	}
	return true
}

// holds checks a value without telling.
func (r *validation) holds(s *Schema, v *Value) bool {
	r.quiet++
	defer func() { r.quiet-- }()
	return r.value(s, v, nil)
}

func (r *validation) object(s *Schema, v *Value, a *seen) bool {
	ok := true
	n := len(v.Names)
	r.spend(n)
	if s.minProps.set && n < s.minProps.n {
		ok = r.fail(s, v, "Object property count "+strconv.Itoa(n)+" is less than minimum count of "+strconv.Itoa(s.minProps.n)+".")
	}
	if s.maxProps.set && n > s.maxProps.n {
		ok = r.fail(s, v, "Object property count "+strconv.Itoa(n)+" exceeds maximum count of "+strconv.Itoa(s.maxProps.n)+".")
	}
	if missing := r.missing(v, s.required); len(missing) > 0 {
		ok = r.fail(s, v, "Required properties are missing from object: "+strings.Join(missing, ", ")+".")
	}
	for i, name := range v.Names {
		ok = r.property(s, v.Items[i], name, a) && ok
		if r.enough(ok) {
			return false
		}
	}
	for _, d := range s.dependentRequired {
		if missing := r.missing(v, d.need); v.Get(d.name, r.o.FoldNames) != nil && len(missing) > 0 {
			ok = r.fail(s, v, "Dependencies for property '"+d.name+"' failed. Missing required keys: "+strings.Join(missing, ", ")+".")
		}
	}
	for _, d := range s.dependentSchemas {
		if v.Get(d.Name, r.o.FoldNames) != nil && !r.here(d.Schema, v, a) {
			ok = r.fail(s, v, "Dependencies for property '"+d.Name+"' failed.")
		}
	}
	return ok
}

// missing lists those of the names that an object lacks.
func (r *validation) missing(v *Value, names []string) (out []string) {
	if len(names) == 0 {
		return nil
	}
	if len(names)*len(v.Names) < 256 {
		for _, name := range names {
			if v.Get(name, r.o.FoldNames) == nil {
				out = append(out, name)
			}
		}
		return out
	}
	have := make(map[string]bool, len(v.Names))
	for _, name := range v.Names {
		have[r.fold(name)] = true
	}
	r.spend(len(names) + len(v.Names))
	for _, name := range names {
		if !have[r.fold(name)] {
			out = append(out, name)
		}
	}
	return out
}

func (r *validation) fold(name string) string {
	if r.o.FoldNames {
		return strings.ToLower(name)
	}
	return name
}

// property checks one member by properties, patternProperties, additionalProperties
// and propertyNames.
func (r *validation) property(s *Schema, v *Value, name string, a *seen) bool {
	r.path = append(r.path, "."+name)
	defer func() { r.path = r.path[:len(r.path)-1] }()
	ok, named := true, false
	if s.propertyNames != nil && !r.holds(s.propertyNames, TextValue(name)) {
		ok = r.fail(s, v, "Property name '"+clipped(name)+"' does not match the schema of property names.")
	}
	if sub := r.propertySchema(s, name); sub != nil {
		named = true
		ok = r.value(sub, v, nil) && ok
	}
	for _, p := range s.patternProperties {
		if r.matches(p.pattern, name) {
			named = true
			ok = r.value(p.schema, v, nil) && ok
		}
	}
	if named {
		a.name(name)
		return ok
	}
	if o := r.o.Additional; s.additional == nil || o != nil && (!*o || s.additional.never) {
		return ok
	}
	a.name(name)
	if s.additional.never {
		return r.refuseProperty(s, v, name)
	}
	return r.value(s.additional, v, nil) && ok
}

func (r *validation) refuseProperty(s *Schema, v *Value, name string) bool {
	return r.fail(s, v, "Property '"+clipped(name)+"' has not been defined and the schema does not allow additional properties.")
}

func (r *validation) propertySchema(s *Schema, name string) *Schema {
	if i, ok := s.byName[name]; ok {
		return s.properties[i].Schema
	}
	if r.o.FoldNames {
		r.spend(len(s.properties))
		for _, p := range s.properties {
			if strings.EqualFold(p.Name, name) {
				return p.Schema
			}
		}
	}
	return nil
}
