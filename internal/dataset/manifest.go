package dataset

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"stile/jsonval"
)

// inventory reads the manifest of an S3 inventory: its CSV files' rows are the
// items, by the columns of its schema.
func (o *opener) inventory(body *bufio.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, MaxItem+1))
	if err != nil {
		return broken(err)
	}
	if len(text) > MaxItem {
		return fault("The manifest is longer than an item may be.")
	}
	v, err := jsonval.Parse(text)
	if err != nil {
		return fault("The manifest is not JSON: " + err.Error())
	}
	if format, _ := v.Get("fileFormat").Str(); !strings.EqualFold(format, "CSV") {
		return fault("The manifest's fileFormat is '" + format + "': CSV is read.")
	}
	schema, _ := v.Get("fileSchema").Str()
	bucket, _ := v.Get("destinationBucket").Str()
	if bucket = bucket[strings.LastIndexByte(bucket, ':')+1:]; bucket == "" {
		bucket = o.q.Bucket
	}
	o.q.InputType, o.q.HeaderLocation, o.q.Headers, o.q.Delimiter = "CSV", "GIVEN", nil, "COMMA"
	for _, h := range strings.Split(schema, ",") {
		o.q.Headers = append(o.q.Headers, strings.TrimSpace(h))
	}
	var files []place
	v.Get("files").EachItem(func(f jsonval.Value) bool {
		key, _ := f.Get("key").Str()
		files = append(files, place{bucket, key})
		return true
	})
	return o.parts(files)
}

// athena reads the manifest of an Athena UNLOAD: the address of a data file in each
// line, read by InputType.
func (o *opener) athena(body *bufio.Reader) error {
	var files []place
	size := 0
	for {
		line, err := readLine(body)
		if err == io.EOF {
			return o.parts(files)
		}
		if err != nil {
			return err
		}
		if size += len(line); size > MaxItem {
			return fault("The manifest is longer than an item may be.")
		}
		text := strings.Trim(string(bytes.TrimSpace(line)), `"`)
		if text == "" {
			continue
		}
		rest, ok := strings.CutPrefix(text, "s3://")
		bucket, key, found := strings.Cut(rest, "/")
		if !ok || !found {
			return fault("A line of the manifest is not an address s3://BUCKET/KEY: '" + text + "'")
		}
		files = append(files, place{bucket, key})
	}
}

type place struct{ bucket, key string }

// parts reads several objects one after the other. Each is looked at first: what
// they are is part of the dataset's identity.
func (o *opener) parts(files []place) error {
	list := []Info{{Key: o.r.identity}}
	for _, p := range files {
		file, info, err := o.Open(o.r.ctx, p.bucket, p.key)
		if err != nil {
			return err
		}
		file.Close()
		list = append(list, info)
	}
	o.r.identity = digest(list)
	o.join(func() (items, io.Closer, error) {
		if len(files) == 0 {
			return nil, nil, io.EOF
		}
		p := files[0]
		files = files[1:]
		return o.part(p.bucket, p.key)
	})
	return nil
}
