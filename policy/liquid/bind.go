package liquid

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
	"time"

	"stile/jsonval"
	"stile/policy/expr/clr"
)

// Binding says how a body becomes values.
type Binding struct {
	// Dates makes times of texts that are spelled like dates (parse-date).
	Dates bool
	// NilAsNull makes null of an element with xsi:nil="true", else it is empty text.
	NilAsNull bool
}

// maxValues bounds what one body may be taken apart into; maxElements how deep
// elements may stand in each other.
const (
	maxValues   = 1_000_000
	maxElements = 512
)

// Body gives the value of `body`: of JSON or XML, by the content type; nil for any
// other. The error is of a body that is not what its content type says, or beyond
// the budget.
func (b Binding) Body(contentType string, data []byte) (any, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, nil
	case kind == "application/json", kind == "text/json", strings.HasSuffix(kind, "+json"):
		return b.JSON(data)
	case kind == "application/xml", kind == "text/xml", strings.HasSuffix(kind, "+xml"):
		return b.XML(data)
	}
	return nil, nil
}

// JSON gives the value of a JSON text: integers are long, other numbers double.
func (b Binding) JSON(data []byte) (any, error) {
	v, err := jsonval.Parse(bytes.TrimPrefix(data, []byte("\ufeff")))
	if err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	w := &binder{Binding: b}
	if out := w.json(v); w.err == nil {
		return out, nil
	}
	return nil, w.err
}

type binder struct {
	Binding
	count int
	err   error
}

// more counts a value; false beyond the bound.
func (w *binder) more() bool {
	if w.count++; w.count > maxValues && w.err == nil {
		w.err = fmt.Errorf("%w: the body has more than %d values", ErrBudget, maxValues)
	}
	return w.err == nil
}

func (w *binder) json(v jsonval.Value) any {
	if !w.more() {
		return nil
	}
	switch {
	case v.IsNull():
		return nil
	case v.IsBool():
		return v.Bool()
	}
	if s, ok := v.Str(); ok {
		return w.text(s)
	}
	if f, ok := v.Float(); ok {
		if n, err := strconv.ParseInt(v.Text(), 10, 64); err == nil {
			return n
		}
		return f
	}
	if v.Kind() == jsonval.ArrayKind {
		out := make(List, 0, min(v.Len(), maxValues))
		v.EachItem(func(it jsonval.Value) bool { out = append(out, w.json(it)); return w.err == nil })
		return out
	}
	h := &Hash{}
	v.EachMember(func(name string, m jsonval.Value) bool { h.Set(name, w.json(m)); return w.err == nil })
	return h
}

// text gives a text, or the time that it spells.
func (w *binder) text(s string) any {
	if !w.Dates || len(s) < 16 || s[0] != '/' && s[4] != '-' {
		return s
	}
	if d, ok := clr.ParseISODate(s); ok {
		return d
	}
	if t, err := time.Parse("2006-01-02T15:04Z07:00", s); err == nil {
		kind := uint8(clr.KindLocal)
		if strings.HasSuffix(s, "Z") {
			kind = clr.KindUTC
		}
		return clr.DateTime{Ticks: clr.TicksOf(t), Kind: kind}
	}
	if t, err := time.Parse("2006-01-02T15:04", s); err == nil {
		return clr.DateTime{Ticks: clr.TicksOf(t)}
	}
	if inner, ok := strings.CutPrefix(s, "/Date("); ok {
		if ms, err := strconv.ParseInt(strings.TrimSuffix(inner, ")/"), 10, 64); err == nil && strings.HasSuffix(s, ")/") {
			if ticks := clr.UnixTicks + ms*10_000; ms < 1<<48 && ms > -1<<48 && ticks >= 0 && ticks <= clr.MaxTicks {
				return clr.DateTime{Ticks: ticks, Kind: clr.KindUTC}
			}
		}
	}
	return s
}

// element is an XML element being read.
type element struct {
	name     string
	h        *Hash
	text     strings.Builder
	mixed    bool // it has children
	isNil    bool
	repeated map[string]bool
}

// XML gives the value of an XML text: a Hash with the root element by its local
// name. An element with text alone is its text; one with children or attributes is
// a Hash of its children by local name, attributes as @name, text as #text;
// children of one name are a List. Names are found without regard to case, an
// attribute's without @ too where no child has its name.
func (b Binding) XML(data []byte) (any, error) {
	w := &binder{Binding: b}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = utf8Only
	root := &element{h: NewFoldedHash()}
	stack := []*element{root}
	for w.err == nil {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the body is no XML: %w", err)
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			if len(stack) > maxElements {
				return nil, fmt.Errorf("%w: elements of the body nest too deep", ErrBudget)
			}
			top.mixed = true
			stack = append(stack, w.begin(t))
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			stack[len(stack)-1].add(top.name, w.end(top))
		case xml.CharData:
			if len(stack) > 1 {
				top.text.Write(t)
			}
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	return root.h, nil
}

// utf8Only takes bodies that say utf-8 or ASCII; a body reached here as text.
func utf8Only(charset string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "utf-8", "us-ascii", "ascii":
		return in, nil
	}
	return nil, fmt.Errorf("charset %q is not supported", charset)
}

const instance = "http://www.w3.org/2001/XMLSchema-instance"

func (w *binder) begin(t xml.StartElement) *element {
	w.more()
	e := &element{name: t.Name.Local, h: NewFoldedHash()}
	for _, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns":
		case a.Name.Space == instance && a.Name.Local == "nil":
			e.isNil = a.Value == "true" || a.Value == "1"
		default:
			w.more()
			e.h.Set("@"+a.Name.Local, w.text(a.Value))
		}
	}
	return e
}

func (w *binder) end(e *element) any {
	text := e.text.String()
	switch {
	case e.isNil && w.NilAsNull:
		return nil
	case e.isNil:
		return ""
	case !e.mixed && len(e.h.pairs) == 0:
		return w.text(text)
	}
	if strings.TrimSpace(text) != "" {
		e.h.Set("#text", w.text(text))
	}
	return e.h
}

// add puts a child in; a second one of its name makes a List of them.
func (e *element) add(name string, v any) {
	var old any
	i := e.h.exact(name)
	if i >= 0 {
		old = e.h.pairs[i].Value
	}
	switch {
	case i < 0:
		e.h.Set(name, v)
	case e.repeated[name]:
		e.h.Set(name, append(old.(List), v))
	default:
		if e.repeated == nil {
			e.repeated = map[string]bool{}
		}
		e.repeated[name] = true
		e.h.Set(name, List{old, v})
	}
}
