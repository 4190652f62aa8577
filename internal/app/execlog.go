package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"stile/internal/execlog"
	"stile/internal/sfn"
	"stile/internal/sfnapi"
	"stile/internal/telemetry"
)

// openExecutionLog opens the log that state machines' logging configurations ask for.
// It goes to the folder that stile.yaml names, and to the exporters; where neither is
// named, to the data folder.
func (s *server) openExecutionLog(p *project) {
	cfg := p.Config
	dir := cfg.Logs
	switch {
	case dir != "" && !filepath.IsAbs(dir):
		dir = filepath.Join(p.Dir, dir)
	case dir == "" && cfg.Telemetry.OTLP == "":
		dir = filepath.Join(s.data.dir, "logs")
	}
	s.execLog = execlog.New(execlog.Config{Of: s.host.Logging, History: s.host.GetExecutionHistory, Event: sfnapi.EncodeEvent, Mask: s.secrets.mask.MaskJSON, Log: s.log,
		Sink: func(records []execlog.Record) error {
			var err error
			if dir != "" {
				err = execlog.Folder{Dir: dir}.Write(records)
			}
			if cfg.Telemetry.OTLP != "" {
				err = errors.Join(err, exported(s.seeing.sinks)(records))
			}
			return err
		}})
	s.seeing.metrics.Read("stile.execution_log.dropped", "{turn}", "Turns of executions whose log records were lost.", telemetry.KindCounter,
		func() float64 { return float64(s.execLog.Dropped()) })
}

// exported is a sink that hands records to the exporters, as lines of a log.
func exported(to telemetry.Sink) func([]execlog.Record) error {
	return func(records []execlog.Record) error {
		for _, r := range records {
			level := slog.LevelInfo
			if execlog.Failure(r.Type) {
				level = slog.LevelError
			}
			line := telemetry.Record{Time: r.Time, Level: level, Message: r.Text.Text(), TraceID: r.TraceID, Attributes: telemetry.Attributes{
				{Name: "aws.log.group.names", Value: r.Group}, {Name: "stile.execution.arn", Value: r.ExecutionARN}}}
			if r.TraceID != "" {
				line.SpanID = sfn.ExecutionSpan(r.ExecutionARN)
			}
			to.Log(line)
		}
		return nil
	}
}

// closeExecutionLog writes what waits, once nothing happens to executions any more.
func (s *server) closeExecutionLog(ctx context.Context) {
	if s.execLog != nil {
		s.execLog.Close(ctx)
	}
}
