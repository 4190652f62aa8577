package machines

import (
	"cmp"

	"stile/internal/engine/codec"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// version is a published version of a state machine. Its definition and
// configurations are those of its revision's row, which is therefore never
// forgotten while the version is there; the role is beside it, since every start
// needs it.
type version struct {
	number, revision  uint64
	created           int64 // Unix ms
	role, description string
}

func (v *version) encode() []byte {
	e := codec.New(64 + len(v.role) + len(v.description))
	e.Uint(v.number)
	e.Uint(v.revision)
	e.Int(v.created)
	e.Str(v.role)
	e.Str(v.description)
	return e.B
}

func decodeVersion(b []byte) (*version, error) {
	d := codec.Open(b)
	v := &version{number: d.Uint(), revision: d.Uint(), created: d.Int(), role: d.Str(), description: d.Str()}
	return v, d.Err
}

// alias is a name for one or two versions.
type alias struct {
	name, description string
	routes            []route
	created, updated  int64 // Unix ms
}

// route is a version of an alias and its share of the starts, in percent.
type route struct {
	version uint64
	weight  int
}

func (a *alias) encode() []byte {
	e := codec.New(64 + len(a.name) + len(a.description))
	e.Str(a.name)
	e.Str(a.description)
	e.Int(a.created)
	e.Int(a.updated)
	e.Uint(uint64(len(a.routes)))
	for _, r := range a.routes {
		e.Uint(r.version)
		e.Uint(uint64(r.weight))
	}
	return e.B
}

func decodeAlias(b []byte) (*alias, error) {
	d := codec.Open(b)
	a := &alias{name: d.Str(), description: d.Str(), created: d.Int(), updated: d.Int()}
	for n := d.Uint(); n > 0 && d.Err == nil; n-- {
		a.routes = append(a.routes, route{d.Uint(), int(d.Uint())})
	}
	return a, d.Err
}

func aliasKey(arn, name string) []byte { return append(append([]byte(arn), 0), name...) }

// putPublished writes what the new machine's versions and aliases have over the old
// one's, and removes what they no longer have.
func (w *writes) putPublished(old, m *Machine) {
	if old == nil {
		old = &Machine{}
	}
	had, has := map[uint64]*version{}, map[uint64]bool{}
	for _, v := range old.versions {
		had[v.number] = v
	}
	for _, v := range m.versions {
		if has[v.number] = true; had[v.number] != v {
			w.set(SpaceVersion, numberKey(m.ARN, v.number), v.encode())
		}
	}
	for _, v := range old.versions {
		if !has[v.number] {
			w.remove(SpaceVersion, numberKey(m.ARN, v.number))
		}
	}
	hadAlias, hasAlias := map[string]*alias{}, map[string]bool{}
	for _, a := range old.aliases {
		hadAlias[a.name] = a
	}
	for _, a := range m.aliases {
		if hasAlias[a.name] = true; hadAlias[a.name] != a {
			w.set(SpaceAlias, aliasKey(m.ARN, a.name), a.encode())
		}
	}
	for _, a := range old.aliases {
		if !hasAlias[a.name] {
			w.remove(SpaceAlias, aliasKey(m.ARN, a.name))
		}
	}
}

// openPublished reads the versions and aliases of the machines that are in ahead.
// The keys begin with the machine's ARN, so the rows come in the order of versions.
func (r *Registry) openPublished() error {
	var bad error
	err := r.cfg.Store.Iterate(SpaceVersion, kv.Range{}, func(k, b []byte) bool {
		var v *version
		if v, bad = decodeVersion(b); bad != nil {
			return false
		}
		if m := r.ahead[string(k[:max(0, len(k)-9)])]; m != nil {
			m.versions = append(m.versions, v)
		}
		return true
	})
	if err = cmp.Or(err, bad); err != nil {
		return err
	}
	err = r.cfg.Store.Iterate(SpaceAlias, kv.Range{}, func(k, b []byte) bool {
		var a *alias
		if a, bad = decodeAlias(b); bad != nil {
			return false
		}
		if m := r.ahead[string(k[:max(0, len(k)-len(a.name)-1)])]; m != nil {
			m.aliases = append(m.aliases, a)
		}
		return true
	})
	for _, m := range r.ahead {
		m.sortAliases()
	}
	return cmp.Or(err, bad)
}

// listed is a version as it is listed.
func (m *Machine) listed(v *version) sfn.Version {
	return sfn.Version{ARN: sfn.VersionARN(m.ARN, v.number), Created: milliTime(v.created)}
}

func (m *Machine) describedAlias(a *alias) sfn.Alias {
	out := sfn.Alias{ARN: m.ARN + ":" + a.name, Name: a.name, Description: a.description,
		Created: milliTime(a.created), Updated: milliTime(a.updated)}
	for _, r := range a.routes {
		out.Routing = append(out.Routing, sfn.Route{VersionARN: sfn.VersionARN(m.ARN, r.version), Weight: r.weight})
	}
	return out
}
