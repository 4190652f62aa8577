package app

import (
	"os"
	"path/filepath"
	"strings"

	"stile/diag"
	"stile/internal/config"
	"stile/internal/dataset"
)

// buckets are the folders of the project as it stands, for distributed Maps.
func (s *server) buckets() dataset.Store {
	return dataset.Folders{Find: func(name string) (string, bool) {
		if !config.LegalBucket(name) {
			return "", false
		}
		return bucketFolder(s.opts.Dirs[0], s.current.Load().Config.Bucket(name))
	}}
}

// bucketFolder finds a bucket's folder on the disk; false where it is none, or a
// link leads out of the project.
func bucketFolder(project string, b config.Bucket) (dir string, ok bool) {
	root, err := filepath.EvalSymlinks(project)
	if err != nil {
		return "", false
	}
	dir, err = filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(b.Folder)))
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(root, dir)
	is, statErr := os.Stat(dir)
	return dir, err == nil && filepath.IsLocal(rel) && statErr == nil && is.IsDir()
}

// bucketFaults tells of buckets of stile.yaml whose folder is not there.
func bucketFaults(project string, cfg *config.Config) (out diag.List) {
	list := append([]config.Bucket(nil), cfg.Buckets...)
	for _, e := range cfg.Map {
		if name, is := strings.CutPrefix(e.Key, "arn:aws:s3:::"); is && e.Folder != "" {
			list = append(list, config.Bucket{Name: name, Folder: e.Folder, Line: e.Line, Column: 1})
		}
	}
	for _, b := range list {
		if _, ok := bucketFolder(project, b); b.Folder == "" || ok { // an empty folder is told of by config
			continue
		}
		out = append(out, diag.Diagnostic{Code: config.CodeNoSuch, Severity: diag.Error, File: filepath.ToSlash(cfg.File), Line: b.Line, Column: b.Column,
			Message: "the folder of bucket " + b.Name + " is not in the project: " + b.Folder, Hint: "make the folder, or correct its path"})
	}
	return out
}

// isData reports whether a path lies in a bucket's folder: its change is none of the
// project.
func (s *server) isData(path string) bool {
	p := s.current.Load()
	if p == nil {
		return false
	}
	for _, dir := range bucketFolders(s.opts.Dirs[0], p.Config) {
		if rel, err := filepath.Rel(dir, path); err == nil && rel != "." && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// bucketFolders are the folders of the project that hold data.
func bucketFolders(project string, cfg *config.Config) []string {
	out := []string{filepath.Join(project, config.DefaultBuckets)}
	for _, b := range cfg.Buckets {
		out = append(out, filepath.Join(project, filepath.FromSlash(b.Folder)))
	}
	for _, e := range cfg.Map {
		if e.Folder != "" {
			out = append(out, filepath.Join(project, filepath.FromSlash(e.Folder)))
		}
	}
	return out
}
