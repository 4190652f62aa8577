package interp

import "stile/jsonval"

// Batched says that items are grouped: each child gets a batch of a Batcher.
func (s *MapRunSpec) Batched() bool { return s.MaxItemsPerBatch > 0 || s.MaxInputBytesPerBatch > 0 }

// Batcher groups inputs into the inputs of child executions, in order:
//
//	{"BatchInput": …, "Items": […]}
//
// It holds one batch at a time. Not safe for concurrent use.
type Batcher struct {
	input    jsonval.Value // BatchInput; absent without one
	maxItems int64         // 0: no bound
	maxBytes int           // of a whole batch
	empty    int           // the bytes of a batch without items

	items jsonval.Array
	n     int64
	size  int // the bytes of the batch so far
}

// Batcher gives the maker of a Map Run's batches; the error is that of load.
// maxInput bounds a batch's text in bytes where MaxInputBytesPerBatch gives no
// lower bound: the greatest input of an execution, 0 for AWS's 262144.
func (s *MapRunSpec) Batcher(maxInput int, load func(blob uint64) (jsonval.Value, error)) (*Batcher, error) {
	if maxInput <= 0 {
		maxInput = defaultMaxPayload
	}
	input, err := loadBlob(load).read(s.BatchInput)
	if err != nil {
		return nil, err
	}
	b := &Batcher{input: input, maxItems: s.MaxItemsPerBatch, maxBytes: maxInput}
	if n := s.MaxInputBytesPerBatch; n > 0 {
		b.maxBytes = int(min(n, int64(maxInput)))
	}
	b.empty = len(b.batch().Raw())
	return b, nil
}

// Add takes the next input. Where a batch is full by it, full is that batch, with
// v in it or without: what does not fit begins the next one. An input that is too
// large on its own is a batch of one, for the caller to refuse.
func (b *Batcher) Add(v jsonval.Value) (full jsonval.Value, ok bool) {
	more := len(v.Raw())
	if b.n > 0 {
		more++ // the comma
	}
	if b.n > 0 && b.size+more > b.maxBytes {
		full, ok = b.Rest()
		more--
	}
	if b.n == 0 {
		b.size = b.empty
	}
	b.items.Add(v)
	b.n++
	b.size += more
	if !ok && b.maxItems > 0 && b.n >= b.maxItems {
		return b.Rest()
	}
	return full, ok
}

// Rest gives the batch that is begun; false where there is none.
func (b *Batcher) Rest() (jsonval.Value, bool) {
	if b.n == 0 {
		return jsonval.Value{}, false
	}
	v := b.batch()
	b.items, b.n = jsonval.Array{}, 0
	return v, true
}

func (b *Batcher) batch() jsonval.Value {
	var o jsonval.Object
	if b.input.Exists() {
		o.Add("BatchInput", b.input)
	}
	return o.Add("Items", b.items.Value()).Value()
}
