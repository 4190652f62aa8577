package policies

import (
	"strings"

	"stile/internal/openapi"
	"stile/internal/openapi/verify"
	"stile/policy"
	"stile/policy/exchange"
)

// check validates a body by one <content>; stopped says that it is refused.
func (r *contentRule) check(f *findings, o *openapi.Operation, media []*openapi.Media, contentType string, b *verify.Body,
	ex *exchange.Exchange, env *policy.Env) (stopped bool, err error) {
	if r.mediaType != "" && r.mediaType != openapi.BareType(contentType) {
		return false, nil
	}
	action, err := actionOf(r.action, "", ex, env)
	if err != nil || action == verify.Ignore {
		return false, err
	}
	target, definition := r.stored, r.definition
	if target == nil {
		m := openapi.MediaOf(media, contentType)
		switch {
		case o == nil:
			f.list = append(f.list, verify.NoDescription(action))
			return action == verify.Prevent, nil
		case m == nil || m.Schema == nil:
			return false, nil // an unspecified type has an action of its own
		}
		target, definition = m.Schema, m.Schema.Definition()
	}
	data, reason, err := b.Text()
	if err != nil {
		return false, err
	}
	shown := openapi.BareType(contentType)
	found := []verify.Error{verify.Unreadable(f.side, shown, reason, action)}
	if reason == "" {
		found = verify.JSON(f.side, shown, definition, target, data, r.options, action)
	}
	f.list = append(f.list, found...)
	return len(found) > 0 && action == verify.Prevent, nil
}

// typeMap is a compiled <content-type-map>.
type typeMap struct {
	any, missing string
	types        []mappedType
}

type mappedType struct {
	from, to string
	when     policy.Value
}

func newTypeMap(c *policy.Compiler, e *policy.Element) (m typeMap) {
	if e == nil {
		return m
	}
	m.any, m.missing = c.Value(e, "any-content-type-value").Constant(), c.Value(e, "missing-content-type-value").Constant()
	for _, x := range e.Elements("type") {
		t := mappedType{openapi.BareType(c.Value(x, "from").Constant()), c.Value(x, "to").Constant(), c.Value(x, "when")}
		switch {
		case t.from != "" && t.when.Set():
			c.Fault(x, policy.CodeNoAttribute, "<type> needs either from or when", "write from=\"application/hal+json\", or when=\"@(…)\"")
		case t.from == "" && !t.when.Set():
			t.when = policy.Literal("true")
			c.Warn(x, policy.CodeNoAttribute, "<type> has neither from nor when, and so maps every content type", "write from=\"application/hal+json\", or when=\"@(…)\"")
		}
		m.types = append(m.types, t)
	}
	return m
}

// of maps a message's content type.
func (m *typeMap) of(contentType string, ex *exchange.Exchange, env *policy.Env) (string, error) {
	for i := range m.types {
		t := &m.types[i]
		if t.from != "" && t.from == openapi.BareType(contentType) {
			return t.to, nil
		}
		if t.when.Set() {
			ok, err := t.when.Bool(ex, env)
			if err != nil {
				return "", err
			}
			if ok {
				return t.to, nil
			}
		}
	}
	switch {
	case m.missing != "" && strings.TrimSpace(contentType) == "":
		return m.missing, nil
	case m.any != "":
		return m.any, nil
	}
	return contentType, nil
}
