package policytest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"stile/diag"
	"stile/internal/config"
	"stile/internal/config/doctree"
)

// Gather reads the files of tests of a project's folder, sorted by name; none where
// there is no such folder. The list has those that cannot be read.
func Gather(dir string) (out []*diag.Source, faults diag.List) {
	root := filepath.Join(dir, filepath.FromSlash(Folder))
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root && errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			faults = append(faults, unreadable(path, err))
			return nil
		case d.IsDir() || !strings.HasSuffix(path, Suffix):
			return nil
		}
		src, fault := Open(path)
		if fault != nil {
			faults = append(faults, *fault)
			return nil
		}
		out = append(out, src)
		return nil
	})
	if err != nil {
		faults = append(faults, unreadable(root, err))
	}
	return out, faults
}

// Open reads one file of tests.
func Open(path string) (*diag.Source, *diag.Diagnostic) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > doctree.MaxBytes {
		err = errors.New("it is too large")
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		d := unreadable(path, err)
		return nil, &d
	}
	return diag.NewSource(filepath.ToSlash(path), string(data)), nil
}

func unreadable(path string, err error) diag.Diagnostic {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return diag.Diagnostic{Code: config.CodeUnreadable, Severity: diag.Error, File: filepath.ToSlash(path), Message: "cannot read the file: " + err.Error()}
}
