package config

import (
	"strconv"
	"strings"

	"stile/internal/config/doctree"
)

// disk reads engine.disk: sizes of the room that is watched.
func (r *reader) disk(n *doctree.Node) {
	e := &r.cfg.Engine
	r.Map(n, "engine.disk",
		doctree.Field{Name: "low", Read: r.size("low", 16<<20, &e.DiskLow)},
		doctree.Field{Name: "reserve", Read: func(n *doctree.Node) {
			if n.Text == "0" {
				e.NoDiskReserve = true
				return
			}
			r.size("reserve", 1<<20, &e.DiskReserve)(n)
		}})
}

// size reads bytes, written in MiB or GiB.
func (r *reader) size(what string, least int64, to *int64) func(*doctree.Node) {
	return func(n *doctree.Node) {
		for unit, bytes := range map[string]int64{"MiB": 1 << 20, "GiB": 1 << 30} {
			number, is := strings.CutSuffix(n.Text, unit)
			v, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
			if is && err == nil && v*bytes >= least {
				*to = v * bytes
				return
			}
		}
		r.Fault(n, doctree.CodeValue, "engine.disk."+what+" must be a size of "+strconv.FormatInt(least>>20, 10)+"MiB or more", "write for example 256MiB or 2GiB")
	}
}
