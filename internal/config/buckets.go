package config

import (
	"path/filepath"
	"strings"

	"stile/internal/config/doctree"
)

// Bucket is one entry of buckets: the folder of the project that stands for a
// bucket of S3 in distributed Maps.
type Bucket struct {
	Name string
	// Folder is relative to the file, or where the entry is missing buckets/NAME.
	Folder       string
	Line, Column int
}

// DefaultBuckets is the folder whose folders are buckets without an entry.
const DefaultBuckets = "buckets"

func (r *reader) buckets(n *doctree.Node) {
	if n.Kind != doctree.Map {
		r.Fault(n, doctree.CodeValue, "buckets must be a map from a bucket's name to its folder", "write for example `orders: { folder: data/orders }`")
		return
	}
	for _, m := range n.Members {
		b := Bucket{Name: m.Name, Line: m.Line, Column: m.Column}
		if !LegalBucket(m.Name) {
			r.FaultAt(m.Line, m.Column, doctree.CodeValue, "this is not the name of a bucket", "use small letters, digits, - and .")
		}
		r.Map(m.Value, "a bucket", doctree.Field{Name: "folder", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&b.Folder)(n)
			if b.Folder != "" && !filepath.IsLocal(filepath.FromSlash(b.Folder)) {
				r.Fault(n, doctree.CodeValue, "folder must stay inside the project", "write a path relative to stile.yaml")
			}
		}})
		r.cfg.Buckets = append(r.cfg.Buckets, b)
	}
}

// LegalBucket reports whether S3 takes the name for a bucket.
func LegalBucket(name string) bool {
	return len(name) >= 3 && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" &&
		!strings.Contains(name, "..") && strings.Trim(name[:1]+name[len(name)-1:], "-.") == name[:1]+name[len(name)-1:]
}

// Bucket finds a bucket's folder: its entry's, that of its ARN in map, or the
// folder of its name below DefaultBuckets, which need not be there.
func (c *Config) Bucket(name string) Bucket {
	for _, b := range c.Buckets {
		if b.Name == name {
			return b
		}
	}
	if e, ok := c.Resolve("arn:aws:s3:::" + name); ok && e.Folder != "" {
		return Bucket{Name: name, Folder: e.Folder, Line: e.Line, Column: 1}
	}
	return Bucket{Name: name, Folder: DefaultBuckets + "/" + name}
}
