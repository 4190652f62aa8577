package interp

import (
	"fmt"
	"math"
)

// pageSize is how many variables a frame's own record holds, and each of its pages.
const pageSize = 64

const pageFormat = 1

// varPage is the record of 64 of a frame's variables, behind those that stand in the
// frame's own record. An event rewrites its frame's record; were all variables in
// it, an execution with n variables would write n² of them.
type varPage struct {
	// key is the record's: page keys count down from the top, frame keys up.
	key           uint32
	dirty, stored bool
}

// pageChanged marks the page of variable i, and makes it where i is its first.
func (x *Execution) pageChanged(f *frame, i int) {
	n := i/pageSize - 1
	if n < 0 {
		return
	}
	if n == len(f.pages) {
		x.nextPage++
		f.pages = append(f.pages, varPage{key: math.MaxUint32 - x.nextPage})
	}
	f.pages[n].dirty = true
}

// dropPages takes the records of f's pages out.
func (x *Execution) dropPages(f *frame) {
	for _, p := range f.pages {
		if p.stored {
			x.gone = append(x.gone, p.key)
		}
	}
	f.pages = nil
}

// writePages adds the records of f's pages that changed, or of all.
func (f *frame) writePages(list []FrameChange, all bool) []FrameChange {
	for n := range f.pages {
		p := &f.pages[n]
		if !p.dirty && !all {
			continue
		}
		if !all {
			p.dirty, p.stored = false, true
		}
		vars := f.vars[(n+1)*pageSize : min(len(f.vars), (n+2)*pageSize)]
		w := writer{make([]byte, 0, 16*len(vars))}
		w.byte(pageFormat)
		w.vars(vars)
		list = append(list, FrameChange{Key: p.key, Data: w.b})
	}
	return list
}

func (w *writer) vars(list []variable) {
	w.uint(uint64(len(list)))
	for i := range list {
		w.str(list[i].name)
		w.payload(list[i].value)
	}
}

func (r *reader) vars() (list []variable) {
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		list = append(list, variable{r.str(), r.payload()})
	}
	return list
}

// pages writes the keys of a frame's pages, each as its distance to the one before:
// most are neighbours.
func (w *writer) pages(list []varPage) {
	w.uint(uint64(len(list)))
	before := int64(math.MaxUint32)
	for _, p := range list {
		w.uint(uint64(before - int64(p.key)))
		before = int64(p.key)
	}
}

func (r *reader) pages() (list []varPage) {
	key := int64(math.MaxUint32)
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		if key -= int64(min(r.uint(), math.MaxUint32)); key <= firstChildKey {
			r.fail("a page of variables without a key")
			return nil
		}
		list = append(list, varPage{key: uint32(key), stored: true})
	}
	return list
}

// readPages fills the variables of frames from the records of their pages, each of
// which must be there once, whole but for a frame's last one.
func (x *Execution) readPages(records map[uint32][]byte) error {
	for _, f := range x.live() {
		if len(f.pages) > 0 && len(f.vars) != pageSize {
			return fmt.Errorf("%w: frame %d has pages behind %d variables", errRecord, f.key, len(f.vars))
		}
		for n, p := range f.pages {
			r := reader{b: records[p.key]}
			delete(records, p.key)
			if r.byte() != pageFormat {
				r.fail("unknown format")
			}
			vars := r.vars()
			if len(vars) == 0 || len(vars) > pageSize || len(vars) < pageSize && n+1 < len(f.pages) {
				r.fail(fmt.Sprintf("a page of %d variables", len(vars)))
			}
			if err := r.end(); err != nil {
				return fmt.Errorf("page %d of frame %d: %w", n, f.key, err)
			}
			f.vars = append(f.vars, vars...)
		}
	}
	if len(records) > 0 {
		return fmt.Errorf("%w: %d pages of variables belong to no frame", errRecord, len(records))
	}
	return nil
}
