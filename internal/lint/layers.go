package lint

import "strings"

// rooms is the table of layers, lowest first. A folder below a room belongs to it,
// unless it is a room itself: internal/kv/pebblekv is part of internal/kv.
var rooms = [][]string{
	0: {"diag", "jsonval", "rx", "internal/recorded", "internal/reach", "internal/redis"},
	1: {"internal/clientcert", "internal/llm", "internal/odata", "internal/kv", "internal/secret", "internal/sigv4", "internal/ratelimit", "internal/cache", "internal/telemetry",
		"internal/config", "internal/shapes", "internal/disk", "internal/overload", "jsonpath", "asl/history", "policy/exchange"},
	2: {"jsonata", "policy/expr", "internal/identity", "internal/audit", "internal/backup", "internal/breaker"},
	3: {"asl", "policy", "policy/liquid"},
	4: {"asl/interp", "asl/graph", "internal/sfn", "internal/apim", "internal/openapi"},
	5: {"internal/task", "internal/backend", "internal/callback", "internal/notify", "internal/why", "internal/dataset",
		"internal/gatetrace", "internal/mock", "internal/teststate", "internal/activity", "internal/connections", "internal/diverge", "internal/eventhub"},
	6: {"internal/engine", "internal/express", "internal/execlog", "internal/gateway", "internal/policies", "internal/sfnapi", "internal/eventsapi", "internal/workflow", "internal/files",
		"internal/contract", "internal/console", "internal/observe"},
	7:  {"internal/demo", "internal/login", "internal/policytest"},
	8:  {"internal/app"},
	9:  {"internal/cli"},
	10: {"cmd/stile"},
	11: {"internal/lint", "test"},
}

// neighbours are the imports within a layer that the design names; none is needed.
var neighbours = map[[2]string]bool{}

// place gives the room that a package belongs to and the room's layer.
func place(path string) (room string, layer int, ok bool) {
	for n, names := range rooms {
		for _, name := range names {
			if (path == name || strings.HasPrefix(path, name+"/")) && len(name) > len(room) {
				room, layer, ok = name, n, true
			}
		}
	}
	return room, layer, ok
}

// Layers finds imports of the same or a higher layer, and packages that stand in
// no layer. Test files may import what they like.
func Layers(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		room, layer, ok := place(p.Path)
		if !ok {
			if len(p.Files) > 0 {
				out = append(out, t.at(p.Files[0].AST.Package, "package %s stands in no layer: add it to the table in internal/lint", p.Path))
			}
			continue
		}
		for _, f := range p.Files {
			for _, spec := range f.AST.Imports {
				path, inside := t.inside(strings.Trim(spec.Path.Value, `"`))
				if !inside {
					continue
				}
				other, below, known := place(path)
				if !known || other == room || below < layer || neighbours[[2]string{room, other}] {
					continue
				}
				out = append(out, t.at(spec.Pos(), "%s (layer %d) imports %s (layer %d): a package imports lower layers only",
					p.Path, layer, path, below))
			}
		}
	}
	return out
}

// maxDepth is how many packages of the module may stand in one chain of imports.
const maxDepth = 11

// Depth finds packages that stand on a longer chain of imports than maxDepth.
func Depth(t *Tree) []Finding { return deeper(t, maxDepth) }

func deeper(t *Tree, limit int) (out []Finding) {
	depth := map[string]int{}
	byPath := map[string]*Package{}
	for _, p := range t.Packages {
		byPath[p.Path] = p
	}
	var measure func(path string) int
	measure = func(path string) int {
		p := byPath[path]
		if p == nil || depth[path] > 0 {
			return depth[path]
		}
		n := 0
		for _, imported := range p.Imports {
			if rel, ok := t.inside(imported); ok {
				n = max(n, measure(rel))
			}
		}
		depth[path] = n + 1
		return n + 1
	}
	for _, p := range t.Packages {
		if n := measure(p.Path); n > limit && len(p.Files) > 0 {
			out = append(out, t.at(p.Files[0].AST.Package, "package %s stands on a chain of %d packages, more than %d", p.Path, n, limit))
		}
	}
	return out
}

// Public finds public packages that import internal ones: they must be usable
// outside this module.
func Public(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		if !public(p.Path) {
			continue
		}
		for _, f := range p.Files {
			for _, spec := range f.AST.Imports {
				path, inside := t.inside(strings.Trim(spec.Path.Value, `"`))
				if inside && !public(path) {
					out = append(out, t.at(spec.Pos(), "public package %s imports %s", p.Path, path))
				}
			}
		}
	}
	return out
}

func public(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != "internal" && first != "cmd" && first != "test" && first != "examples"
}
