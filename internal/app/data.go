package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"stile/internal/backup"
	"stile/internal/disk"
	"stile/internal/kv"
	"stile/internal/kv/pebblekv"
)

// dataFolder is the data folder, open: the log's store, which the engine's
// committer alone writes, and in folders of their own the stores of configuration
// (keys) and of traces.
type dataFolder struct {
	dir                 string
	kept                bool
	log, config, traces kv.Store
	disk                *disk.Watch
	// copies make checkpoints of the log's store and of the configuration's.
	copies [2]backup.Checkpointer
}

// openData opens the folder that the options name, or a temporary one.
func openData(o Options, log *slog.Logger) (d dataFolder, err error) {
	d.dir, d.kept = o.Data, !o.Ephemeral
	if o.Ephemeral {
		if d.dir, err = os.MkdirTemp("", "stile-"); err != nil {
			return d, err
		}
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return d, fmt.Errorf("data folder: %w", err)
	}
	d.disk = watchDisk(o.disk, d.dir, log)
	if d.log, err = pebblekv.Open(d.dir, pebblekv.Options{Log: log, Room: d.disk}); err != nil {
		return d, errors.Join(err, d.remove())
	}
	small := pebblekv.Options{Log: log, Room: d.disk, CacheBytes: 8 << 20, MemTableBytes: 4 << 20}
	if d.config, err = pebblekv.Open(filepath.Join(d.dir, "config"), small); err != nil {
		return d, errors.Join(err, d.log.Close(), d.remove())
	}
	if d.traces, err = pebblekv.Open(d.tracesDir(), small); err != nil {
		return d, errors.Join(d.damagedTraces(err), d.config.Close(), d.log.Close(), d.remove())
	}
	for _, store := range []string{d.dir, filepath.Join(d.dir, "config"), d.tracesDir()} {
		if err := ownersAlone(filepath.Join(store, "log")); err != nil {
			return d, errors.Join(fmt.Errorf("data folder: %w", err), d.close())
		}
	}
	for i, store := range []kv.Store{d.log, d.config} {
		d.copies[i] = store.(*pebblekv.Store)
	}
	go d.disk.Run()
	if o.stores != nil {
		d.log, d.config, d.traces = o.stores("log", d.log), o.stores("config", d.config), o.stores("traces", d.traces)
	}
	return d, nil
}

// ownersAlone keeps everybody else of this machine out of a folder, whatever the one
// around it lets them: payloads and the keys of tokens lie in it.
func ownersAlone(dir string) error {
	is, err := os.Stat(dir)
	if err != nil || is.Mode().Perm()&0o077 == 0 {
		return err
	}
	return os.Chmod(dir, 0o700)
}

func (d dataFolder) tracesDir() string { return filepath.Join(d.dir, "traces") }

// damagedTraces says what a user can do about a store of traces that does not open.
func (d dataFolder) damagedTraces(err error) error {
	var locked *pebblekv.LockedError
	var newer *pebblekv.NewerFormatError
	if errors.As(err, &locked) || errors.As(err, &newer) {
		return err
	}
	return fmt.Errorf("%w; %s holds traces alone: move it away to go on without them, no execution is lost", err, d.tracesDir())
}

func (d dataFolder) close() error {
	d.disk.Close()
	return errors.Join(d.traces.Close(), d.config.Close(), d.log.Close(), d.remove())
}

func (d dataFolder) remove() error {
	if d.kept {
		return nil
	}
	return os.RemoveAll(d.dir)
}
