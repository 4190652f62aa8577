// Package prometheus shows metrics in Prometheus' text exposition format 0.0.4.
//
// It is not a registry: telemetry.Metrics counts. internal/app puts Handler on the
// control listener at /metrics.
//
// Invariants: a name is the OpenTelemetry name with underscores, its unit and, for
// a counter, `_total` behind it, as OpenTelemetry's compatibility rules have it; a
// histogram's buckets are cumulative and end at +Inf.
package prometheus

import (
	"bufio"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stile/internal/telemetry"
)

// ContentType is that of the format.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Handler answers GET with the metrics as they stand.
func Handler(m *telemetry.Metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ContentType)
		w.Header().Set("Cache-Control", "no-store")
		_ = Write(w, m.Snapshot()) // a scraper that went away
	})
}

// Write writes families; its error is w's.
func Write(w io.Writer, families []telemetry.Family) error {
	out := bufio.NewWriter(w)
	told := map[string]bool{} // families of one name follow each other where their labels differ
	for _, f := range families {
		if len(f.Series) == 0 {
			continue
		}
		name := Name(f)
		if !told[name] {
			told[name] = true
			writeAll(out, "# HELP ", name, " ", escapeHelp(f.Help), "\n# TYPE ", name, " ", f.Kind, "\n")
		}
		if f.Namespace != "" {
			f.Labels = labelNames(f.Labels)
		}
		for _, s := range f.Series {
			if f.Kind == telemetry.KindHistogram {
				histogram(out, name, f, s)
				continue
			}
			writeAll(out, name, labels(f.Labels, s.Values, ""), " ", number(s.Value), "\n")
		}
	}
	return out.Flush() // gives the first error of the writer
}

// Name is a family's name in Prometheus.
func Name(f telemetry.Family) string {
	if f.Namespace != "" {
		return identifier(f.Namespace + "_" + f.Name)
	}
	name := strings.ReplaceAll(f.Name, ".", "_")
	switch f.Unit {
	case "s":
		name += "_seconds"
	case "By":
		name += "_bytes"
	}
	if f.Kind == telemetry.KindCounter {
		name += "_total"
	}
	return name
}

// identifier makes a name of a document's words: what no name may hold becomes an
// underscore, letters are small.
func identifier(text string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(text))
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return name
}

// labelNames makes label names of a document's words, each one another.
func labelNames(labels []string) []string {
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = strings.TrimLeft(identifier(l), "_")
		for out[i] == "" || out[i] == "le" || slices.Contains(out[:i], out[i]) || out[i][0] < 'a' {
			out[i] = "l_" + out[i]
		}
	}
	return out
}

func histogram(out *bufio.Writer, name string, f telemetry.Family, s telemetry.Series) {
	var sum uint64
	for i, n := range s.Buckets {
		sum += n
		le := "+Inf"
		if i < len(f.Bounds) {
			le = number(f.Bounds[i])
		}
		writeAll(out, name, "_bucket", labels(f.Labels, s.Values, le), " ", strconv.FormatUint(sum, 10), "\n")
	}
	set := labels(f.Labels, s.Values, "")
	writeAll(out, name, "_sum", set, " ", number(s.Sum), "\n", name, "_count", set, " ", strconv.FormatUint(s.Count, 10), "\n")
}

func labels(names, values []string, le string) string {
	if len(names) == 0 && le == "" {
		return ""
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, n := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(n + `="` + escapeValue(values[i]) + `"`)
	}
	if le != "" {
		if len(names) > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`le="` + le + `"`)
	}
	b.WriteByte('}')
	return b.String()
}

func escapeHelp(s string) string { return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(s) }

func escapeValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(strings.ToValidUTF8(s, "\ufffd"))
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func writeAll(out *bufio.Writer, parts ...string) {
	for _, p := range parts {
		_, _ = out.WriteString(p) // Flush gives the first error
	}
}
