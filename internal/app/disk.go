package app

import (
	"context"
	"errors"
	"log/slog"

	"stile/internal/config"
	"stile/internal/disk"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// diskOf is what stile.yaml says of the disk.
func diskOf(c config.EngineConfig) disk.Config {
	return disk.Config{Low: c.DiskLow, Reserve: c.DiskReserve, NoReserve: c.NoDiskReserve}
}

// watchDisk looks at the disk of the data folder, and tells the log of each change.
func watchDisk(c disk.Config, dir string, log *slog.Logger) *disk.Watch {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c.Dir = dir
	c.Changed = func(s disk.State) {
		if reason := s.Reason(); reason != "" {
			log.Error("new work is refused", "reason", reason, "level", s.Level.String(), "reserve", s.Reserve)
			return
		}
		log.Info("the disk has room again; new work is taken", "free", s.Free)
	}
	return disk.Open(c)
}

// admit is why no new work is taken.
func (s *server) admit() error {
	if reason := s.data.disk.State().Reason(); reason != "" {
		return &sfn.Error{Code: "ServiceUnavailable", Message: "New work is refused: " + reason + ". What was started goes on."}
	}
	return nil
}

// unready is why the server is not ready, empty where it is: listeners answer, nothing
// stops, the log's store works, and its disk has room for new work.
func (s *server) unready() string {
	switch {
	case !s.ready.Load() || s.host.Failed() != nil || s.express.Failed() != nil:
		return "starting, stopping, or the store has failed"
	case s.host.Stalled():
		return "the disk of the data folder takes no writes"
	}
	return s.data.disk.State().Reason()
}

// crowded says that spans are dropped: what is left of the disk is for executions.
func (s *seeing) crowded() bool { return s.room != nil && !s.room() }

// measureDisk makes the gauges.
func (s *server) measureDisk() {
	s.seeing.room = func() bool { return s.data.disk.State().Level == disk.OK }
	s.seeing.metrics.Read("stile.disk.free", "By", "Bytes that are free on the disk of the data folder.", telemetry.KindGauge,
		func() float64 { return float64(s.data.disk.State().Free) })
	s.seeing.metrics.Read("stile.disk.level", "{level}", "How the disk of the data folder stands: 0 ok, 1 low, 2 critical, 3 full.", telemetry.KindGauge,
		func() float64 { return float64(s.data.disk.State().Level) })
}

// errLate is what a write of the configuration's store gets that is on its way still.
var errLate = &sfn.Error{Code: "ServiceUnavailable", Message: "The disk of the data folder takes no writes at the moment. " +
	"Whether the request takes effect is not known."}

// late says that a write takes longer than a call may.
func late(err error) bool { return errors.Is(err, errLate) }

// StartExecution starts what a state asks for: it belongs to work that was taken.
func (x jointExecutions) StartExecution(ctx context.Context, in sfn.Start) (sfn.Started, error) {
	return startBy(sfn.Owed(ctx), x.Host, x.express, in)
}
