package gateway

import (
	"maps"
	"slices"

	"stile/internal/apim"
	"stile/internal/secret"
)

// Logger is a logger of the snapshot with its secret: Connection is empty where a
// managed identity proves the gateway. Lacking says why there is no connection
// string, empty where there is one or none is needed.
type Logger struct {
	apim.Logger
	Connection secret.Value
	Lacking    string
}

// Loggers lists the service's loggers, in the order of their declaration.
func (s *Snapshot) Loggers() []Logger {
	out := make([]Logger, 0, len(s.service.Loggers))
	for _, l := range s.service.Loggers {
		out = append(out, s.values.loggers[l.ID])
	}
	return out
}

// readLoggers resolves the loggers' connection strings.
func (c *compiler) readLoggers(svc *apim.Service, v *values) map[string]Logger {
	out := make(map[string]Logger, len(svc.Loggers))
	for _, l := range svc.Loggers {
		made := Logger{Logger: *l}
		switch n, ok := v.named[l.NamedValue]; {
		case !l.Ref.IsZero():
			made.Connection, made.Lacking = c.resolve(l.Ref, l.Place, "the logger "+l.ID)
		case l.NamedValue == "":
		case !ok:
			c.fault(l.Place, CodeNoSuch, "unknown named value "+l.NamedValue, "define it, or correct its name")
		default:
			made.Connection, made.Lacking = secret.NewValue(n.text), n.lacking
		}
		out[l.ID] = made
	}
	return out
}

// Loggers lists the ids that log-to-eventhub may name, sorted.
func (v *values) Loggers() []string { return slices.Sorted(maps.Keys(v.loggers)) }
