package engine

import (
	"context"
	"errors"
	"io"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/dataset"
	"stile/internal/engine/batch"
	"stile/internal/engine/codec"
	"stile/internal/engine/maprun"
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
	f := &feed{r: r, ctx: r.ctx, next: c.Next, absent: map[int64]bool{}, identity: r.saved.Identity}
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
	case errors.As(err, &broken), errors.Is(err, codec.ErrRecord):
		f.r.onWorker(func() { f.r.broke(asl.ErrRuntime, "What the Map Run was given cannot be read from the store.") })
	default: // the store could not be read, which says nothing of the dataset
		f.r.onWorker(func() { f.r.s.missed("a Map Run's items cannot be read", f.r.key.Parent, err, f.r.moved) })
	}
}

func (r *openRun) onWorker(job func()) { r.s.do(job) }

// read hands over every child from the first one on; nil when there are no more.
func (f *feed) read() error {
	items, err := f.open()
	if err != nil {
		return err
	}
	defer items.Close()
	for range f.skip {
		if _, err := items.Next(); err == io.EOF {
			return batch.ReaderFailed(errChanged)
		} else if err != nil {
			return err
		}
	}
	b, err := f.batches(items)
	if err != nil {
		return err
	}
	for index := f.first; ; index++ {
		n, input, err := b.Next()
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

// open opens the run's items at their beginning.
func (f *feed) open() (*batch.Items, error) {
	spec := &f.r.fixed.Spec
	d, err := f.r.s.h.distributed(&f.r.parent, spec.State)
	if err != nil {
		return nil, err
	}
	if d.Reader == nil {
		v, err := f.r.payload(spec.Items)
		if err != nil {
			return nil, err
		}
		return batch.ItemsOf(v), nil
	}
	args, err := f.r.payload(spec.Reader)
	if err != nil {
		return nil, err
	}
	if f.r.s.h.objects == nil {
		return nil, batch.ReaderFailed(errors.New("this server has no buckets"))
	}
	reader, err := dataset.Open(f.ctx, f.r.s.h.objects, batch.QueryOf(d.Reader, args, spec.ItemsPointer))
	if err != nil {
		return nil, batch.ReaderFailed(err)
	}
	switch identity := reader.Identity(); {
	case f.identity == "" && f.pending == nil:
		if !f.r.s.do(func() { f.r.identified(identity) }) {
			reader.Close()
			return nil, errClosed
		}
	case f.identity != identity && f.identity != "":
		reader.Close()
		return nil, batch.ReaderFailed(errChanged)
	}
	return batch.ReadItems(reader, spec.MaxItems), nil
}

// payload reads a payload of the run's parent.
func (r *openRun) payload(p interp.Payload) (jsonval.Value, error) {
	if p.Blob == 0 || p.Value.Exists() {
		return p.Value, nil
	}
	return r.s.h.blob(r.key.Parent, p.Blob)
}

// batches makes the inputs of the run's children.
func (f *feed) batches(items *batch.Items) (*batch.Batches, error) {
	r := f.r
	p, err := r.s.h.machines.Program(r.parent.MachineARN, r.parent.Revision)
	if err != nil {
		return nil, err
	}
	load := func(n uint64) (jsonval.Value, error) { return r.s.h.blob(r.key.Parent, n) }
	return batch.New(&r.fixed.Spec, p, load, items, f.skip)
}
