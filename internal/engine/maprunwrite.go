package engine

import (
	"bufio"
	"context"
	"io"
	"path"

	"stile/asl"
	"stile/internal/dataset"
	"stile/internal/engine/maprun"
	"stile/internal/sfn"
	"stile/jsonval"
)

// write exports the children's results: a file for those that succeeded, failed
// and never started, and a manifest behind them. What is written is determined by
// the children's records, so that doing it again after a crash gives the same.
func (r *openRun) write(ctx context.Context, c *maprun.Run, w *asl.ResultWriter) (jsonval.Value, error) {
	args, err := r.payload(r.fixed.Spec.Writer)
	if err != nil {
		return jsonval.Value{}, err
	}
	if r.s.h.objects == nil {
		return jsonval.Value{}, writerFailed("this server has no buckets")
	}
	bucket, _ := args.Get("Bucket").Str()
	prefix, _ := args.Get("Prefix").Str()
	a, _ := sfn.ParseARN(r.fixed.Spec.ARN)
	e := &export{r: r, ctx: ctx, bucket: bucket, folder: path.Join(prefix, a.Sub), config: w}
	var files, all jsonval.Object
	for _, kind := range []string{"FAILED", "PENDING", "SUCCEEDED"} {
		list, err := e.results(kind, c)
		if err != nil {
			return jsonval.Value{}, err
		}
		files.Add(kind, list)
	}
	key := e.folder + "/manifest.json"
	all.AddString("DestinationBucket", bucket).AddString("MapRunArn", r.fixed.Spec.ARN).Add("ResultFiles", files.Value())
	if err := e.put(key, func(w *bufio.Writer) error { _, err := w.Write(all.Value().Raw()); return err }); err != nil {
		return jsonval.Value{}, err
	}
	var details, out jsonval.Object
	details.AddString("Bucket", bucket).AddString("Key", key)
	return out.AddString("MapRunArn", r.fixed.Spec.ARN).Add("ResultWriterDetails", details.Value()).Value(), nil
}

func writerFailed(cause string) error {
	return &asl.EvalError{Name: asl.ErrResultWriterFailed, Cause: cause}
}

// export writes the files of one Map Run.
type export struct {
	r              *openRun
	ctx            context.Context
	bucket, folder string
	config         *asl.ResultWriter
	size           int64 // of the file that was put last
}

// results writes the file of one kind and gives its entry in the manifest: an
// empty list where there is nothing of the kind.
func (e *export) results(kind string, c *maprun.Run) (jsonval.Value, error) {
	var list jsonval.Array
	if !e.any(kind, c) {
		return list.Value(), nil
	}
	lines := kind == "SUCCEEDED" && e.config.OutputType == "JSONL"
	suffix := ".json"
	if lines {
		suffix = ".jsonl"
	}
	key := e.folder + "/" + kind + "_0" + suffix
	err := e.put(key, func(w *bufio.Writer) error {
		out := maprun.NewFile(w, lines)
		if err := e.each(kind, c, out.Add); err != nil {
			return err
		}
		return out.End()
	})
	if err != nil {
		return list.Value(), err
	}
	var entry jsonval.Object
	return list.Add(entry.AddString("Key", key).AddInt("Size", e.size).Value()).Value(), nil
}

func (e *export) any(kind string, c *maprun.Run) bool {
	switch kind {
	case "SUCCEEDED":
		return c.Ended[maprun.Succeeded].Children > 0
	case "FAILED":
		return c.Failures().Children > 0
	}
	return !c.Fed || c.Absent > 0
}

func (e *export) each(kind string, c *maprun.Run, add func(jsonval.Value) error) error {
	if kind == "PENDING" {
		return e.pending(add)
	}
	form := maprun.Whole
	if kind == "SUCCEEDED" && e.config.Transformation != "" {
		form = e.config.Transformation
	}
	return e.r.children(e.ctx, func(x *sfn.Execution) error {
		if (x.Status == sfn.Succeeded) != (kind == "SUCCEEDED") {
			return nil
		}
		return maprun.EachResult(x, form, add)
	})
}

// pending gives the children that did not start, by reading the rest of the dataset.
func (e *export) pending(add func(jsonval.Value) error) error {
	f, express := e.r.newFeed(), e.r.express()
	f.pending = func(index int64, input jsonval.Value) error {
		return add(maprun.Pending(maprun.ChildARN(e.r.fixed.Spec.ARN, index, express), input))
	}
	return f.read()
}

// put writes one object; what the bucket says is the writer's failure.
func (e *export) put(key string, fill func(*bufio.Writer) error) error {
	var inner error
	out := &watched{}
	size, err := e.r.s.h.objects.Put(e.ctx, e.bucket, key, func(w io.Writer) error {
		out.w = w
		b := bufio.NewWriterSize(out, 64<<10)
		if inner = fill(b); inner != nil {
			return inner
		}
		return b.Flush()
	})
	e.size = size
	switch {
	case err == nil:
		return nil
	case e.ctx.Err() != nil:
		return e.ctx.Err()
	case out.err != nil:
		return writerFailed("The object cannot be written: " + dataset.Plain(out.err).Error())
	case inner != nil:
		return inner // what was to be written could not be read
	}
	return writerFailed(err.Error())
}

// watched remembers that writing failed.
type watched struct {
	w   io.Writer
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.err = firstError(w.err, err)
	return n, err
}
