package files

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/identity"
)

// Cache loads one project's folder again and again: after the first time it reads
// what changed. Nouns that did not change are those of the load before, so that who
// has a Project changes none. It is not for concurrent use.
type Cache struct {
	dir    string
	root   *branch
	digest ledger
	// config is stile.yaml's, by which declared were made.
	config   *config.Config
	declared []*apim.Subscription
}

// NewCache gives a cache of a project's folder in which nothing is kept yet.
func NewCache(dir string) *Cache { return &Cache{dir: dir, root: &branch{dir: true}} }

// Changed takes note of paths that were made, written, removed or renamed, as Watch
// tells them; nil: whatever there is. Of a folder all that it holds counts as changed.
func (c *Cache) Changed(paths []string) {
	if paths == nil {
		c.root = &branch{dir: true}
		return
	}
	for _, path := range paths {
		rel, err := filepath.Rel(c.dir, path)
		if err != nil {
			c.root = &branch{dir: true}
			return
		}
		rel = filepath.ToSlash(rel)
		switch {
		case rel == ".":
			c.root = &branch{dir: true}
		case rel != ".." && !strings.HasPrefix(rel, "../"):
			c.root.forget(c.dir, strings.Split(rel, "/"))
		}
	}
}

// Load reads the folder as Load does.
func (c *Cache) Load() (*Project, diag.List) {
	info, err := os.Stat(c.dir)
	if err != nil || !info.IsDir() {
		reason := "it is not a folder"
		if err != nil {
			reason = plain(err)
		}
		c.root = &branch{dir: true}
		return nil, diag.List{{Code: config.CodeUnreadable, Severity: diag.Error, File: filepath.ToSlash(c.dir),
			Message: "cannot read the project: " + reason}}
	}
	l := &loader{dir: c.dir, root: c.root, cache: c}
	p := &Project{Dir: c.dir, Roles: map[string]*identity.Role{}, Connections: map[string]*Connection{}}
	p.Config = l.config()
	p.APIM = l.service(p.Config)
	p.StateMachines = l.stateMachines(p.Config)
	l.roles(p.Roles)
	p.Assignments = l.assignments(p)
	l.connections(p.Connections)
	l.references(p)
	p.Digest = c.digest.sum(l.sums)
	return p, slices.Compact(l.faults.Sort())
}
