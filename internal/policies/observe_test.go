package policies

import (
	"context"
	"fmt"
	"strconv"

	"stile/policy"
)

// observed prints what policies measure and log.
type observed struct{ s *script }

// observe gives a script's exchanges somewhere to measure and log to; its file
// `loggers` lists the loggers that are there.
func (s *script) observe(env *policy.Env) {
	if _, ok := s.files["observe"]; ok {
		env.Telemetry, env.Events = observed{s}, observed{s}
	}
}

func (o observed) Metric(m policy.Metric) {
	fmt.Fprintf(&o.s.out, "metric %s/%s = %v", m.Namespace, m.Name, m.Value)
	for _, d := range m.Dimensions {
		fmt.Fprintf(&o.s.out, " %s=%s", strconv.Quote(d.Name), strconv.Quote(d.Value))
	}
	fmt.Fprintln(&o.s.out)
}

func (o observed) Line(l policy.Line) {
	fmt.Fprintf(&o.s.out, "line %s %s: %s %v\n", l.Severity, l.Source, l.Message, l.Metadata)
}

func (o observed) Log(_ context.Context, logger, partition, key string, message []byte) bool {
	fmt.Fprintf(&o.s.out, "event %s [%s] [%s] %d bytes: %.60s\n", logger, partition, key, len(message), message)
	return logger == "hub"
}
