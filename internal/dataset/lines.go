package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"stile/jsonval"
)

// lines reads JSON Lines; empty lines are none.
type lines struct {
	body *bufio.Reader
	n    int
}

func (l *lines) next() (Item, error) {
	for {
		line, err := readLine(l.body)
		if err != nil {
			return Item{}, err
		}
		l.n++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		v, err := jsonval.Parse(line)
		if err != nil {
			return Item{}, fault("Line " + strconv.Itoa(l.n) + " is not JSON: " + err.Error())
		}
		return Item{Value: v}, nil
	}
}

// readLine gives the next line, its own copy; io.EOF behind the last one.
func readLine(b *bufio.Reader) (line []byte, err error) {
	for {
		part, err := b.ReadSlice('\n')
		if line = append(line, part...); len(line) > MaxItem {
			return nil, tooLong()
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(line) > 0, err == nil:
			return line, nil
		case err == io.EOF:
			return nil, io.EOF
		}
		return nil, broken(err)
	}
}

func tooLong() error {
	return fault("An item is longer than " + strconv.Itoa(MaxItem) + " bytes.")
}

func broken(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return fault("The object cannot be read: " + Plain(err).Error())
}

// table reads CSV: each row is an object of texts by the headers. A short row has
// empty texts, what a long one has more is dropped.
type table struct {
	rows    *csv.Reader
	bound   *bounded
	headers []string
}

// The delimiters' words.
var delimiters = map[string]rune{"": ',', "COMMA": ',', "PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}

// maxHeaders is how long a CSV file's headers may be together, in bytes.
const maxHeaders = 10 << 10

func newTable(body *bufio.Reader, q Query) (*table, error) {
	t := &table{bound: &bounded{r: body}, headers: q.Headers}
	t.rows = csv.NewReader(t.bound)
	t.rows.Comma, t.rows.FieldsPerRecord, t.rows.LazyQuotes, t.rows.ReuseRecord = delimiters[q.Delimiter], -1, true, true
	if q.HeaderLocation != "GIVEN" {
		row, err := t.row()
		if err == io.EOF {
			return nil, fault("The CSV file is empty: its first row should hold the headers.")
		}
		if err != nil {
			return nil, err
		}
		t.headers = append([]string(nil), row...)
	}
	seen, size := map[string]bool{}, 0
	for _, h := range t.headers {
		if seen[h] {
			return nil, fault("CSV headers cannot contain duplicates.")
		}
		seen[h], size = true, size+len(h)
	}
	if size > maxHeaders {
		return nil, fault("CSV headers cannot be longer than " + strconv.Itoa(maxHeaders) + " bytes.")
	}
	return t, nil
}

func (t *table) row() ([]string, error) {
	t.bound.left = MaxItem
	row, err := t.rows.Read()
	switch {
	case err == nil || err == io.EOF:
		return row, err
	case t.bound.over:
		return nil, tooLong()
	}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return nil, fault("The CSV file cannot be read: " + parse.Error())
	}
	return nil, broken(err)
}

func (t *table) next() (Item, error) {
	row, err := t.row()
	if err != nil {
		return Item{}, err
	}
	var o jsonval.Object
	for i, h := range t.headers {
		text := ""
		if i < len(row) {
			text = strings.ToValidUTF8(row[i], "\ufffd")
		}
		o.AddString(strings.ToValidUTF8(h, "\ufffd"), text)
	}
	return Item{Value: o.Value()}, nil
}

// bounded stops a reader that asks for more than one row may have. What the CSV
// reader holds ahead counts as well, which is little.
type bounded struct {
	r    io.Reader
	left int
	over bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.over = true
		return 0, tooLong()
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}
