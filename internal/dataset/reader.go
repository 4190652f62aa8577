package dataset

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"stile/jsonval"
)

// Query says which items are to be read: an ItemReader with its evaluated arguments.
// The words are AWS's; an empty one stands for an absent field.
type Query struct {
	// Resource is the reader's ARN: s3:getObject of Key, s3:listObjectsV2 under Prefix.
	Resource            string
	Bucket, Key, Prefix string
	// InputType is JSON, JSONL, CSV, PARQUET, MANIFEST or "".
	InputType, Transformation, ManifestType string
	// Delimiter is COMMA, PIPE, SEMICOLON, SPACE, TAB or ""; HeaderLocation FIRST_ROW
	// or GIVEN with Headers.
	Delimiter, HeaderLocation string
	Headers                   []string
	ItemsPointer              string
}

// Item is one item; Key is its name where it is a member of an object.
type Item struct {
	Key   string
	Value jsonval.Value
}

// items gives one item after another, io.EOF at the end.
type items interface {
	next() (Item, error)
}

// Reader reads a dataset from its beginning. It is not safe for concurrent use.
type Reader struct {
	ctx      context.Context
	items    items
	closers  []io.Closer
	identity string
}

// Open opens a dataset. The whole of its identity is known then, so that it can be
// kept before any item is used.
func Open(ctx context.Context, store Store, q Query) (*Reader, error) {
	if q.InputType == "PARQUET" {
		return nil, fault("InputType PARQUET is not read by this server: export the data as CSV or JSON Lines.")
	}
	r := &Reader{ctx: ctx}
	o := &opener{Store: store, r: r, q: q}
	err := o.open()
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Identity changes whenever an object of the dataset does.
func (r *Reader) Identity() string { return r.identity }

// Next gives the next item; io.EOF behind the last one.
func (r *Reader) Next() (Item, error) {
	if err := r.ctx.Err(); err != nil {
		return Item{}, err
	}
	return r.items.next()
}

// Close lets go of the objects.
func (r *Reader) Close() {
	for _, c := range r.closers {
		c.Close()
	}
	r.closers = nil
}

// opener opens one dataset.
type opener struct {
	Store
	r *Reader
	q Query
}

func (o *opener) open() error {
	if strings.HasSuffix(o.q.Resource, ":s3:listObjectsV2") {
		return o.listed()
	}
	body, info, err := o.object(o.q.Bucket, o.q.Key)
	if err != nil {
		return err
	}
	o.r.identity = digest([]Info{info})
	switch {
	case o.q.ManifestType == "ATHENA_DATA":
		return o.athena(body)
	case o.q.ManifestType == "S3_INVENTORY" || o.q.InputType == "MANIFEST":
		return o.inventory(body)
	}
	o.r.items, err = o.format(body)
	return err
}

// object opens an object for the reader, unpacked where it is packed.
func (o *opener) object(bucket, key string) (*bufio.Reader, Info, error) {
	file, info, err := o.Open(o.r.ctx, bucket, key)
	if err != nil {
		return nil, info, err
	}
	o.r.closers = append(o.r.closers, file)
	body, err := unpack(file)
	return body, info, err
}

// unpack reads through gzip where the bytes begin as gzip does, and drops the mark
// that some editors put before UTF-8.
func unpack(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := b.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fault("The object begins as gzip and is none: " + err.Error())
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = b.Discard(3) // it was seen: it is there
	}
	return b, nil
}

// format reads a body by the query's type.
func (o *opener) format(body *bufio.Reader) (items, error) {
	switch o.q.InputType {
	case "JSON":
		return newJSON(body, o.q.ItemsPointer)
	case "JSONL":
		return &lines{body: body}, nil
	case "CSV":
		return newTable(body, o.q)
	}
	return nil, fault("InputType '" + o.q.InputType + "' is not one that is read.")
}

// digest tells objects apart by what their store says of them.
func digest(list []Info) string {
	h := sha256.New()
	for _, i := range list {
		addInfo(h, i)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func addInfo(w io.Writer, i Info) {
	fmt.Fprintf(w, "%q %d %d %s\n", i.Key, i.Size, i.Modified.UnixNano(), i.ETag)
}

// listed reads the objects under a prefix: each is an item, or with LOAD_AND_FLATTEN
// each one's items are.
func (o *opener) listed() error {
	h := sha256.New()
	err := o.List(o.r.ctx, o.q.Bucket, o.q.Prefix, func(i Info) error {
		addInfo(h, i)
		return nil
	})
	if err != nil {
		return err
	}
	o.r.identity = hex.EncodeToString(h.Sum(nil))
	listing := o.stream(func(f func(Info) error) error { return o.List(o.r.ctx, o.q.Bucket, o.q.Prefix, f) })
	if o.q.Transformation != "LOAD_AND_FLATTEN" {
		o.r.items = objects{listing}
		return nil
	}
	o.join(func() (items, io.Closer, error) {
		i, err := listing.next()
		if err != nil {
			return nil, nil, err
		}
		return o.part(o.q.Bucket, i.Key)
	})
	return nil
}

// part opens one object of several.
func (o *opener) part(bucket, key string) (items, io.Closer, error) {
	file, _, err := o.Open(o.r.ctx, bucket, key)
	if err != nil {
		return nil, nil, err
	}
	body, err := unpack(file)
	if err == nil {
		var list items
		if list, err = o.format(body); err == nil {
			return list, file, nil
		}
	}
	file.Close()
	return nil, nil, err
}

// infos is a listing that is taken one object at a time.
type infos struct {
	c    chan Info
	err  error // read once c is closed
	stop context.CancelFunc
}

// stream runs a listing on a goroutine of its own, which ends with the reader.
func (o *opener) stream(list func(f func(Info) error) error) *infos {
	ctx, stop := context.WithCancel(o.r.ctx)
	s := &infos{c: make(chan Info), stop: stop}
	go func() {
		defer close(s.c)
		s.err = list(func(i Info) error {
			select {
			case s.c <- i:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	o.r.closers = append(o.r.closers, s)
	return s
}

func (s *infos) next() (Info, error) {
	i, ok := <-s.c
	switch {
	case ok:
		return i, nil
	case s.err != nil:
		return i, s.err
	}
	return i, io.EOF
}

// Close ends the listing and waits for its goroutine.
func (s *infos) Close() error {
	s.stop()
	for range s.c {
	}
	return nil
}

// objects makes an item of each object, as S3's listing shows it.
type objects struct{ list *infos }

func (o objects) next() (Item, error) {
	i, err := o.list.next()
	if err != nil {
		return Item{}, err
	}
	var v jsonval.Object
	v.AddString("Etag", `"`+i.ETag+`"`).AddString("Key", i.Key).AddInt("LastModified", i.Modified.Unix())
	return Item{Value: v.AddInt("Size", i.Size).AddString("StorageClass", "STANDARD").Value()}, nil
}

// join makes the dataset of the items of several objects.
func (o *opener) join(object func() (items, io.Closer, error)) {
	f := &flat{object: object}
	o.r.items, o.r.closers = f, append(o.r.closers, f)
}

// flat gives the items of one object after the other's.
type flat struct {
	object func() (items, io.Closer, error)
	now    items
	open   io.Closer
}

// Close lets go of the object that is open.
func (f *flat) Close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.now, f.open = nil, nil
	return err
}

func (f *flat) next() (Item, error) {
	for {
		if f.now == nil {
			var err error
			if f.now, f.open, err = f.object(); err != nil {
				return Item{}, err
			}
		}
		i, err := f.now.next()
		if !errors.Is(err, io.EOF) {
			return i, err
		}
		f.Close()
	}
}
