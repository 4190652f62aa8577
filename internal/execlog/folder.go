package execlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Folder is a sink with one file for each log group: /aws/vendedlogs/states/order is
// aws/vendedlogs/states/order.jsonl in it, one record a line. Files are opened for
// each batch, so that tools may move them away at any time.
type Folder struct{ Dir string }

// Write appends records to their groups' files.
func (f Folder) Write(records []Record) error {
	var errs []error
	texts, order := map[string][]byte{}, []string(nil)
	for _, r := range records {
		if _, known := texts[r.Group]; !known {
			order = append(order, r.Group)
		}
		texts[r.Group] = append(append(texts[r.Group], r.Text.Raw()...), '\n')
	}
	for _, group := range order {
		if err := f.append(group, texts[group]); err != nil {
			errs = append(errs, fmt.Errorf("log group %s: %w", group, err))
		}
	}
	return errors.Join(errs...)
}

func (f Folder) append(group string, text []byte) error {
	path, ok := f.Path(group)
	if !ok {
		return errors.New("its name is no file's")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// Path gives the file of a log group; false where a part of its name cannot be a
// file's.
func (f Folder) Path(group string) (path string, ok bool) {
	var parts []string
	for part := range strings.SplitSeq(group, "/") {
		switch {
		case part == "":
		case strings.Trim(part, ".") == "":
			return "", false
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "", false
	}
	rel := filepath.Join(parts...) + ".jsonl"
	return filepath.Join(f.Dir, rel), filepath.IsLocal(rel)
}
