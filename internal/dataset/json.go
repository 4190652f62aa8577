package dataset

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"

	"stile/jsonval"
)

// document reads the items of one JSON document: of the array that it is or that a
// JSON Pointer names, or the members of an object that a pointer names. It holds one
// item; the text in front of the items is passed over, and what follows is not read.
type document struct {
	body   *bufio.Reader
	object bool
	begun  bool
	ended  bool
}

// maxBefore is how much of a document may stand before the items of a pointer.
const maxBefore = 16 << 20

func newJSON(body *bufio.Reader, pointer string) (*document, error) {
	d := &document{body: body}
	if pointer != "" {
		left := maxBefore
		for _, token := range strings.Split(pointer, "/")[1:] {
			token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
			if err := d.enter(token, &left); err != nil {
				return nil, err
			}
		}
	}
	c, err := d.peek()
	if err != nil {
		return nil, cut(err)
	}
	if d.object = c == '{'; c != '[' && (!d.object || pointer == "") {
		return nil, fault("Attempting to map over non-iterable node.")
	}
	_, _ = d.body.Discard(1) // it was seen: it is there
	return d, nil
}

// enter goes to the member or item that a pointer's token names.
func (d *document) enter(token string, left *int) error {
	none := fault("The ItemsPointer names nothing in the document: there is no '" + token + "'.")
	c, err := d.peek()
	switch {
	case err != nil:
		return cut(err)
	case c != '{' && c != '[':
		return none
	}
	in := &document{body: d.body, object: c == '{'}
	_, _ = d.body.Discard(1)
	for n := 0; ; n++ {
		name, err := in.head()
		if err == io.EOF {
			return none
		}
		if err != nil {
			return err
		}
		if !in.object {
			name = strconv.Itoa(n)
		}
		if name == token {
			return nil
		}
		size, err := d.skip(*left)
		if err != nil {
			return err
		}
		if *left -= size; *left <= 0 {
			return fault("What the ItemsPointer names stands behind the first " + strconv.Itoa(maxBefore) + " bytes.")
		}
	}
}

// head reads what stands before the next item or member: a comma, a name. io.EOF at
// the end of the container.
func (d *document) head() (name string, err error) {
	c, err := d.peek()
	if err != nil {
		return "", cut(err)
	}
	if c == ']' || c == '}' {
		if d.object != (c == '}') {
			return "", invalid("a bracket closes what it did not open")
		}
		_, _ = d.body.Discard(1)
		return "", io.EOF
	}
	if d.begun {
		if c != ',' {
			return "", invalid("there is no comma between two items")
		}
		_, _ = d.body.Discard(1)
	}
	d.begun = true
	if !d.object {
		return "", nil
	}
	if c, err = d.peek(); err != nil || c != '"' {
		return "", cut(firstOf(err, invalid("a member has no name")))
	}
	v, err := d.value()
	if err != nil {
		return "", err
	}
	name, _ = v.Str()
	if c, err = d.peek(); err != nil || c != ':' {
		return "", cut(firstOf(err, invalid("there is no colon behind a name")))
	}
	_, _ = d.body.Discard(1)
	return name, nil
}

func (d *document) next() (i Item, err error) {
	if d.ended {
		return i, io.EOF
	}
	if i.Key, err = d.head(); err != nil {
		d.ended = true
		return i, err
	}
	i.Value, err = d.value()
	return i, err
}

// peek gives the next byte that is no space, and leaves it.
func (d *document) peek() (byte, error) {
	for {
		c, err := d.body.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c, d.body.UnreadByte()
		}
	}
}

// value reads one value.
func (d *document) value() (jsonval.Value, error) {
	var text []byte
	_, err := d.scan(MaxItem, func(c byte) { text = append(text, c) })
	if errors.Is(err, errLong) {
		return jsonval.Value{}, tooLong()
	}
	if err != nil {
		return jsonval.Value{}, err
	}
	v, err := jsonval.Parse(text)
	if err != nil {
		return v, invalid(err.Error())
	}
	return v, nil
}

// skip passes over one value of at most so many bytes and gives its length; what is
// longer is passed over in part.
func (d *document) skip(most int) (int, error) {
	n, err := d.scan(most, func(byte) {})
	if errors.Is(err, errLong) {
		return n, nil
	}
	return n, err
}

var errLong = errors.New("dataset: longer than allowed")

// scan reads the bytes of one value. It finds where the value ends, not whether it
// is valid.
func (d *document) scan(most int, put func(byte)) (n int, err error) {
	if _, err := d.peek(); err != nil {
		return 0, cut(err)
	}
	depth, quoted, escaped := 0, false, false
	for {
		c, err := d.body.ReadByte()
		if err == io.EOF && depth == 0 && !quoted && n > 0 {
			return n, nil
		}
		if err != nil {
			return n, cut(err)
		}
		scalar := depth == 0 && !quoted
		if scalar && n > 0 && strings.IndexByte(",]} \n\t\r:", c) >= 0 {
			return n, d.body.UnreadByte()
		}
		if n++; n > most {
			return n, errLong
		}
		put(c)
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return n, nil
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return n, nil
			}
		}
	}
}

func invalid(why string) error { return fault("The object is not valid JSON: " + why) }

// cut makes the end of the object in the middle of a document its fault.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return invalid("it ends in the middle")
	}
	return broken(err)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
