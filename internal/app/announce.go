package app

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"stile/internal/console"
	"stile/internal/demo"
	"stile/internal/sfn"
)

// announce tells that all listeners answer: to the caller, and in the ready file.
func (s *server) announce(l *listeners, samples []demo.Running) error {
	p := s.current.Load()
	apis, operations, _ := s.gateway.Snapshot().Counts()
	r := Ready{Version: Version, Project: p.Config.Name, Console: "http://" + l.control.Addr().String(),
		Gateway: "http://" + l.gateway.Addr().String(), ControlTLS: "https://" + l.controlTLS.Addr().String(),
		Data: s.data.dir, Kept: s.data.kept, Watching: s.mode == modeDev, APIs: apis, Operations: operations,
		StateMachines: len(p.StateMachines), Open: s.open()}
	if l.gatewayTLS != nil {
		r.GatewayTLS = "https://" + l.gatewayTLS.Addr().String()
	}
	r.Mocks, r.TestCases = p.mockCases()
	for _, x := range samples {
		r.Samples = append(r.Samples, x.Name)
	}
	if s.opts.ReadyFile != "" {
		if err := writeReady(s.opts.ReadyFile, r.Console+"\n"+r.Gateway+"\n"); err != nil {
			return fmt.Errorf("--ready-file: %w", err)
		}
	}
	if s.opts.Ready != nil {
		s.opts.Ready(r)
	}
	return nil
}

// open counts the executions that go on, up to what one page holds.
func (s *server) open() int {
	list, _, err := s.host.ListExecutions(context.Background(),
		sfn.ListExecutions{Status: sfn.Running, Page: sfn.Page{Max: 1000}})
	if err != nil {
		s.log.Warn("open executions are not counted", "error", err)
	}
	return len(list)
}

func (s *server) info() console.Info {
	return console.Info{Refuses: s.data.disk.State().Reason(), Version: Version, Commit: builtFrom(), Project: s.current.Load().Config.Name, Data: s.data.dir,
		Gateway: "http://" + s.opts.Gateway, Control: "http://" + s.opts.Control}
}

// builtFrom is the revision that the binary was built from, empty where the build
// did not say.
func builtFrom() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, set := range info.Settings {
		if set.Key == "vcs.revision" {
			return set.Value
		}
	}
	return ""
}

func writeReady(path, text string) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
