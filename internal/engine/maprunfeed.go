package engine

import (
	"context"
	"errors"
	"io"
	"strconv"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/dataset"
	"stile/internal/engine/maprun"
	"stile/internal/sfn"
	"stile/jsonval"
)

// feed reads a Map Run's dataset once, from the first child that is to start on, and
// hands its children over as permits come. It runs on a goroutine of its own and
// holds one item, or the items of one batch.
type feed struct {
	r   *openRun
	ctx context.Context
	// As the run stood when the feed began: the first child to start and the items
	// before it, the children below next that are absent.
	first, skip, next int64
	absent            map[int64]bool
	identity          string
	// pending says that what did not start is wanted, not what is to start: nothing is
	// handed over, and no permit is waited for.
	pending func(index int64, input jsonval.Value) error
}

// newFeed is called on the worker.
func (r *openRun) newFeed() *feed {
	c := &r.core
	f := &feed{r: r, ctx: r.ctx, next: c.Next, absent: map[int64]bool{}, identity: r.saved.identity}
	f.first, f.skip = c.First()
	c.Each(maprun.Absent, func(index int64) { f.absent[index] = true })
	return f
}

func (f *feed) run() {
	defer f.r.onWorker(func() { f.r.feeding = false })
	err := f.read()
	var fault *asl.EvalError
	var broken *unfitError
	switch {
	case err == nil:
		f.r.onWorker(f.r.exhausted)
	case f.ctx.Err() != nil:
	case errors.As(err, &fault):
		f.r.onWorker(func() { f.r.broke(fault.Name, fault.Cause) })
	case errors.As(err, &broken), errors.Is(err, errRecord):
		f.r.onWorker(func() { f.r.broke(asl.ErrRuntime, "What the Map Run was given cannot be read from the store.") })
	default: // the store could not be read, which says nothing of the dataset
		f.r.onWorker(func() { f.r.s.missed("a Map Run's items cannot be read", f.r.key.parent, err, f.r.moved) })
	}
}

func (r *openRun) onWorker(job func()) { r.s.do(job) }

// readerFailed is what a dataset says as the state's error.
func readerFailed(err error) error {
	return &asl.EvalError{Name: asl.ErrItemReaderFailed, Cause: err.Error()}
}

// read hands over every child from the first one on; nil when there are no more.
func (f *feed) read() error {
	items, err := f.open()
	if err != nil {
		return err
	}
	defer items.Close()
	for range f.skip {
		if _, err := items.Next(); err == io.EOF {
			return readerFailed(errChanged)
		} else if err != nil {
			return err
		}
	}
	b, err := f.batches(items)
	if err != nil {
		return err
	}
	for index := f.first; ; index++ {
		n, input, err := b.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if index < f.next && !f.absent[index] {
			continue
		}
		if err := f.hand(index, n, input); err != nil {
			return err
		}
	}
}

// errChanged is why a Map Run cannot go on with its dataset after a restart.
var errChanged = errors.New("The dataset changed while the Map Run was at work: its items can no longer be told apart.")

func (f *feed) hand(index, items int64, input jsonval.Value) error {
	if f.pending != nil {
		if f.ctx.Err() != nil {
			return f.ctx.Err()
		}
		return f.pending(index, input)
	}
	select {
	case <-f.r.permits:
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
	if !f.r.s.do(func() { f.r.launch(index, items, input) }) {
		return errClosed
	}
	return nil
}

// runItems are a Map Run's items, of its state's input or of a dataset.
type runItems struct {
	list   []jsonval.Member // of the state's input
	reader *dataset.Reader
	at     int64 // items that were given
	most   int64 // 0: all
}

func (i *runItems) Close() {
	if i.reader != nil {
		i.reader.Close()
	}
}

// Next gives the next item, and its key where it is an object's member; io.EOF at
// the end.
func (i *runItems) Next() (item jsonval.Member, err error) {
	if i.most > 0 && i.at >= i.most {
		return item, io.EOF
	}
	switch {
	case i.reader != nil:
		var it dataset.Item
		if it, err = i.reader.Next(); err == io.EOF {
			return item, err
		} else if err != nil {
			return item, readerFailed(err)
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

// open opens the run's items at their beginning.
func (f *feed) open() (*runItems, error) {
	spec := &f.r.fixed.spec
	d, err := f.r.s.h.distributed(&f.r.parent, spec.State)
	if err != nil {
		return nil, err
	}
	if d.Reader == nil {
		v, err := f.r.payload(spec.Items)
		if err != nil {
			return nil, err
		}
		items := &runItems{}
		v.EachItem(func(v jsonval.Value) bool {
			items.list = append(items.list, jsonval.Member{Value: v})
			return true
		})
		if v.Kind() == jsonval.ObjectKind {
			items.list = v.Members()
		}
		return items, nil
	}
	args, err := f.r.payload(spec.Reader)
	if err != nil {
		return nil, err
	}
	if f.r.s.h.objects == nil {
		return nil, readerFailed(errors.New("this server has no buckets"))
	}
	reader, err := dataset.Open(f.ctx, f.r.s.h.objects, queryOf(d.Reader, args, spec.ItemsPointer))
	if err != nil {
		return nil, readerFailed(err)
	}
	switch identity := reader.Identity(); {
	case f.identity == "" && f.pending == nil:
		if !f.r.s.do(func() { f.r.identified(identity) }) {
			reader.Close()
			return nil, errClosed
		}
	case f.identity != identity && f.identity != "":
		reader.Close()
		return nil, readerFailed(errChanged)
	}
	return &runItems{reader: reader, most: spec.MaxItems}, nil
}

// queryOf says what a reader reads.
func queryOf(r *asl.ItemReader, args jsonval.Value, pointer string) dataset.Query {
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

// payload reads a payload of the run's parent.
func (r *openRun) payload(p interp.Payload) (jsonval.Value, error) {
	if p.Blob == 0 || p.Value.Exists() {
		return p.Value, nil
	}
	return r.s.h.blob(r.key.parent, p.Blob)
}

// batches makes the inputs of children out of items: one of each, or of as many as
// a batch takes.
type batches struct {
	items    *runItems
	selector *interp.Selector
	batcher  *interp.Batcher // nil: one child for each item
	index    int64           // of the next item in the dataset
	ended    bool
}

func (f *feed) batches(items *runItems) (b *batches, err error) {
	r := f.r
	p, err := r.s.h.definitions.program(r.parent.machineARN, r.parent.revision)
	if err != nil {
		return nil, err
	}
	load := func(n uint64) (jsonval.Value, error) { return r.s.h.blob(r.key.parent, n) }
	b = &batches{items: items, index: f.skip}
	if b.selector, err = r.fixed.spec.Selector(p.asl, load); err != nil || !r.fixed.spec.Batched() {
		return b, err
	}
	b.batcher, err = r.fixed.spec.Batcher(sfn.MaxData, load)
	return b, err
}

// input is what the next item is to its child.
func (b *batches) input() (v jsonval.Value, err error) {
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

// next gives the next child's input and how many items it is of; io.EOF at the end.
func (b *batches) next() (n int64, input jsonval.Value, err error) {
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

func (b *batches) batch() (jsonval.Value, error) {
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
