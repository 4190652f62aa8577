package verify

import (
	"slices"
	"strings"

	"stile/internal/openapi"
	"stile/internal/openapi/schema"
)

// unreadable is a value that cannot be read as the parameter's type asks: why, or
// that there are several where one may stand.
type unreadable struct {
	reason   string
	multiple bool
}

// value makes a JSON value of a parameter's texts, as its style writes them.
func value(p *openapi.Parameter, texts []string) (v *schema.Value, failed *unreadable) {
	if p.JSON {
		if len(texts) > 1 {
			return nil, &unreadable{multiple: true}
		}
		v, err := schema.Parse([]byte(texts[0]))
		if err != nil {
			return nil, &unreadable{reason: err.Error()}
		}
		return v, nil
	}
	s, kinds := shape(p.Schema)
	switch {
	case kinds&schema.Array != 0:
		return array(p, s, texts), nil
	case len(texts) > 1:
		return nil, &unreadable{multiple: true}
	case kinds&schema.Object != 0 && kinds&schema.String == 0:
		return object(p, s, texts[0])
	}
	return scalar(s, unprefixed(p, texts[0])), nil
}

// shape gives the schema that says which kinds there may be, looking into what a
// schema is composed of; nil and 0 where nothing says so.
func shape(s *schema.Schema) (*schema.Schema, schema.Kind) {
	for range 8 {
		if s = s.Resolved(); s == nil {
			return nil, 0
		}
		if kinds, _ := s.Types(); kinds != 0 {
			return s, kinds
		}
		switch list := slices.Concat(s.AllOf(), s.Choices()); {
		case len(list) > 0:
			s = list[0]
		case s.Items() != nil:
			return s, schema.Array
		case len(s.Properties()) > 0:
			return s, schema.Object
		default:
			return s, 0
		}
	}
	return s, 0
}

// unprefixed drops what label and matrix put before a value.
func unprefixed(p *openapi.Parameter, text string) string {
	switch p.Style {
	case "label":
		return strings.TrimPrefix(text, ".")
	case "matrix":
		if rest, ok := strings.CutPrefix(text, ";"+p.Name+"="); ok {
			return rest
		}
	}
	return text
}

// separators are what parts of an array are apart by.
var separators = map[string]string{"spaceDelimited": " ", "pipeDelimited": "|", "tabDelimited": "\t"}

func array(p *openapi.Parameter, s *schema.Schema, texts []string) *schema.Value {
	v := &schema.Value{Kind: schema.Array}
	for _, text := range texts {
		for _, part := range parts(p, text) {
			v.Items = append(v.Items, scalar(s.Items(), part))
		}
	}
	return v
}

func parts(p *openapi.Parameter, text string) []string {
	separator := ","
	switch {
	case p.Style == "form" && p.Explode:
		return []string{text}
	case separators[p.Style] != "" && p.Explode:
		return []string{text}
	case separators[p.Style] != "":
		separator = separators[p.Style]
	case p.Style == "label":
		if text = strings.TrimPrefix(text, "."); p.Explode {
			separator = "."
		}
	case p.Style == "matrix" && p.Explode:
		out := strings.Split(strings.TrimPrefix(text, ";"), ";")
		for i := range out {
			out[i] = strings.TrimPrefix(out[i], p.Name+"=")
		}
		return out
	case p.Style == "matrix":
		text = strings.TrimPrefix(text, ";"+p.Name+"=")
	}
	if text == "" {
		return nil
	}
	out := strings.Split(text, separator)
	if p.In == openapi.InHeader {
		for i := range out {
			out[i] = strings.TrimSpace(out[i])
		}
	}
	return out
}

// object reads name,value pairs, or name=value with explode.
func object(p *openapi.Parameter, s *schema.Schema, text string) (*schema.Value, *unreadable) {
	v := &schema.Value{Kind: schema.Object}
	list := parts(&openapi.Parameter{In: p.In, Name: p.Name, Style: strings.Replace(p.Style, "form", "simple", 1), Explode: p.Explode && p.Style != "form"}, text)
	if p.Explode && p.Style != "form" {
		for _, pair := range list {
			name, part, _ := strings.Cut(pair, "=")
			v.Names, v.Items = append(v.Names, name), append(v.Items, scalar(s.Property(name), part))
		}
		return v, nil
	}
	if len(list)%2 != 0 {
		return nil, &unreadable{reason: "An object is written as names and values, separated by commas."}
	}
	for i := 0; i+1 < len(list); i += 2 {
		v.Names, v.Items = append(v.Names, list[i]), append(v.Items, scalar(s.Property(list[i]), list[i+1]))
	}
	return v, nil
}

// deep gathers name[member]=value of deepObject; ok is false where there is none.
func deep(p *openapi.Parameter, query []Pair) (v *schema.Value, ok bool) {
	v = &schema.Value{Kind: schema.Object}
	s, _ := shape(p.Schema)
	for _, q := range query {
		if member, is := deepMember(p.Name, q.Name); is {
			v.Names, v.Items = append(v.Names, member), append(v.Items, scalar(s.Property(member), q.Value))
		}
	}
	return v, len(v.Names) > 0
}

func deepMember(name, key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, name+"[")
	if !ok || !strings.HasSuffix(rest, "]") {
		return "", false
	}
	return rest[:len(rest)-1], true
}

// scalar reads a text as its schema's type where it can be read so, else as a string:
// the schema then says what was expected.
func scalar(s *schema.Schema, text string) *schema.Value {
	_, kinds := shape(s)
	if kinds&schema.Number != 0 {
		if v, err := schema.Parse([]byte(text)); err == nil && v.Kind == schema.Number && v.Text == text {
			return v
		}
	}
	if kinds&schema.Boolean != 0 && (text == "true" || text == "false") {
		return &schema.Value{Kind: schema.Boolean, Text: text}
	}
	if kinds&schema.Null != 0 && kinds&schema.String == 0 && text == "" {
		return &schema.Value{Kind: schema.Null, Text: "null"}
	}
	return schema.TextValue(text)
}
