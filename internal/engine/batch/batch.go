// Package batch makes the inputs of a Map Run's children: of the items of its state's
// input or of a dataset, one for each or one for as many as a batch takes.
//
// It is not what counts the children (maprun) nor what starts them: the engine, which
// alone uses it, opens the dataset and reads as children are wanted.
//
// Invariant: the same items give the same inputs, so that reading may begin anew.
package batch

import (
	"io"
	"strconv"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/dataset"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Reader gives the items of a dataset one after another; io.EOF at the end.
type Reader interface {
	Next() (dataset.Item, error)
	Close()
}

// Items are a Map Run's items, of its state's input or of a dataset.
type Items struct {
	list   []jsonval.Member // of the state's input
	reader Reader
	at     int64 // items that were given
	most   int64 // 0: all
}

// ItemsOf are the items of a state's input: an array's, or an object's members.
func ItemsOf(v jsonval.Value) *Items {
	items := &Items{}
	v.EachItem(func(v jsonval.Value) bool {
		items.list = append(items.list, jsonval.Member{Value: v})
		return true
	})
	if v.Kind() == jsonval.ObjectKind {
		items.list = v.Members()
	}
	return items
}

// ReadItems are the first items of a dataset, most of them at most; 0 is all.
func ReadItems(r Reader, most int64) *Items { return &Items{reader: r, most: most} }

// Close ends the reading of the dataset.
func (i *Items) Close() {
	if i.reader != nil {
		i.reader.Close()
	}
}

// Next gives the next item, and its key where it is an object's member; io.EOF at
// the end.
func (i *Items) Next() (item jsonval.Member, err error) {
	if i.most > 0 && i.at >= i.most {
		return item, io.EOF
	}
	switch {
	case i.reader != nil:
		var it dataset.Item
		if it, err = i.reader.Next(); err == io.EOF {
			return item, err
		} else if err != nil {
			return item, ReaderFailed(err)
		}
		item = jsonval.Member{Name: it.Key, Value: it.Value}
	case len(i.list) == 0:
		return item, io.EOF
	default:
		item, i.list = i.list[0], i.list[1:]
	}
	i.at++
	return item, nil
}

// ReaderFailed is what a dataset says as the state's error.
func ReaderFailed(err error) error {
	return &asl.EvalError{Name: asl.ErrItemReaderFailed, Cause: err.Error()}
}

// QueryOf says what a reader reads.
func QueryOf(r *asl.ItemReader, args jsonval.Value, pointer string) dataset.Query {
	text := func(name string) string {
		s, _ := args.Get(name).Str()
		return s
	}
	return dataset.Query{
		Resource: r.Resource, Bucket: text("Bucket"), Key: text("Key"), Prefix: text("Prefix"),
		InputType: r.InputType, Transformation: r.Transformation, ManifestType: r.ManifestType,
		Delimiter: r.CSVDelimiter, HeaderLocation: r.CSVHeaderLocation, Headers: r.CSVHeaders, ItemsPointer: pointer,
	}
}

// Batches makes the inputs of children out of items: one of each, or of as many as
// a batch takes.
type Batches struct {
	items    *Items
	selector *interp.Selector
	batcher  *interp.Batcher // nil: one child for each item
	index    int64           // of the next item in the dataset
	ended    bool
}

// New makes the children's inputs of items; before is how many of the dataset's
// stand before them, load reads the payloads of the run's parent.
func New(spec *interp.MapRunSpec, p *asl.Program, load func(uint64) (jsonval.Value, error), items *Items, before int64) (b *Batches, err error) {
	b = &Batches{items: items, index: before}
	if b.selector, err = spec.Selector(p, load); err != nil || !spec.Batched() {
		return b, err
	}
	b.batcher, err = spec.Batcher(sfn.MaxData, load)
	return b, err
}

// input is what the next item is to its child.
func (b *Batches) input() (v jsonval.Value, err error) {
	item, err := b.items.Next()
	if err != nil {
		return v, err
	}
	v, fault := b.selector.Input(b.index, item.Name, item.Value)
	if fault != nil {
		return v, fault
	}
	b.index++
	return v, nil
}

// Next gives the next child's input and how many items it is of; io.EOF at the end.
func (b *Batches) Next() (n int64, input jsonval.Value, err error) {
	n = 1
	if b.batcher == nil {
		input, err = b.input()
	} else if input, err = b.batch(); err == nil {
		n = int64(input.Get("Items").Len())
	}
	if err == nil && len(input.Raw()) > sfn.MaxData {
		err = tooLong(len(input.Raw()))
	}
	return n, input, err
}

func (b *Batches) batch() (jsonval.Value, error) {
	for !b.ended {
		v, err := b.input()
		if err == io.EOF {
			b.ended = true
			break
		}
		if err != nil {
			return v, err
		}
		if full, ok := b.batcher.Add(v); ok {
			return full, nil
		}
	}
	if rest, ok := b.batcher.Rest(); ok {
		return rest, nil
	}
	return jsonval.Value{}, io.EOF
}

func tooLong(n int) error {
	return &asl.EvalError{Name: asl.ErrDataLimitExceeded, Cause: "The input of a child execution has " + strconv.Itoa(n) +
		" bytes, more than the maximum of " + strconv.Itoa(sfn.MaxData) + "."}
}
