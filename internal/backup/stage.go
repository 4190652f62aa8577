package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"stile/internal/kv"
	"stile/internal/kv/pebblekv"
)

// Checkpointer is a store that copies itself: see pebblekv.Store.
type Checkpointer interface{ Checkpoint(dir string) error }

// The stores of a data folder that a backup has.
const (
	Log    = "log"
	Config = "config"
)

// Secret is a range of rows that must be readable to nobody but the recipients.
type Secret struct {
	// Store is Log or Config.
	Store string
	Space kv.Space
	// From and To bound the keys, [From, To); nil for the space's ends.
	From, To []byte
	// Drop keeps the rows out of keys.age, too: nobody gets them.
	Drop bool
}

// Source is what backups are taken of.
type Source struct {
	Log, Config Checkpointer
	// Dir is the data folder: copies are made in it, since hard links do not leave a
	// file system.
	Dir     string
	Secrets []Secret
	// Product and Semantics go into the manifest.
	Product   string
	Semantics int
	Now       func() time.Time
	Logger    *slog.Logger // of the stores that are opened; nil drops what they say
}

// folderPrefix begins the names of the folders that copies are made in. Nobody else
// calls something so: in a container the data folder is often the only one that
// archives can be put in.
const folderPrefix = "backup.part-"

// Sweep removes what a process that ended in the middle left of its copies.
func Sweep(dir string) error {
	list, err := os.ReadDir(dir)
	for _, e := range list {
		if e.IsDir() && strings.HasPrefix(e.Name(), folderPrefix) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// ParseRecipients reads age recipients (age1…). The error names the one that is none.
func ParseRecipients(texts []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, text := range texts {
		list, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(list) != 1 {
			return nil, fmt.Errorf("%q is no age recipient: it looks like age1… and age-keygen prints it beside a new identity", cut(text))
		}
		out = append(out, list...)
	}
	return out, nil
}

// cut bounds a text of a caller's in a message; somebody may mistake an identity,
// which is secret, for a recipient.
func cut(text string) string {
	if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
		return "AGE-SECRET-KEY-…"
	}
	if len(text) > 80 {
		text = text[:80]
	}
	return strings.ToValidUTF8(text, "�")
}

// Staged is a consistent copy, ready to be written out.
type Staged struct {
	Manifest Manifest
	text     []byte // of the manifest
	digest   []byte
	dir      string
	keys     []byte // keys.age
}

// Stage makes a copy of the stores as they stand, without what is secret. Everything
// that was acknowledged before the call is in it. Close removes it.
func (s *Source) Stage(ctx context.Context, recipients []age.Recipient) (st *Staged, err error) {
	dir, err := os.MkdirTemp(s.Dir, folderPrefix)
	if err != nil {
		return nil, err
	}
	st = &Staged{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.Close())
			st = nil
		}
	}()
	// The log goes first. It refers to what the configuration's store holds (a Task
	// waits for an activity that was there before it): what the log's copy names is
	// in a copy made later. The other way round an execution could wait for an
	// activity that the backup does not know. What the later copy has more, audit
	// records of acts after the log's copy, tells what was done and resolves nothing.
	if err := s.Log.Checkpoint(st.path(Log)); err != nil {
		return st, err
	}
	if err := s.Config.Checkpoint(st.path(Config)); err != nil {
		return st, err
	}
	var keys keyring
	for _, name := range []string{Log, Config} {
		taken, err := s.takeSecrets(ctx, name, st.path(name))
		if err != nil {
			return st, fmt.Errorf("the copy of %s: %w", name, err)
		}
		keys.Rows = append(keys.Rows, taken...)
	}
	if len(recipients) > 0 {
		if st.keys, err = seal(keys, recipients); err != nil {
			return st, err
		}
	}
	return st, st.describe(ctx, s)
}

func (st *Staged) path(store string) string { return filepath.Join(st.dir, store) }

// Close removes the copy.
func (st *Staged) Close() error { return os.RemoveAll(st.dir) }

// takeSecrets opens a copy, reads its secret rows and erases them.
func (s *Source) takeSecrets(ctx context.Context, name, dir string) (rows []row, err error) {
	store, err := openCopy(dir, s.Logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, secret := range s.Secrets {
		if secret.Store != name {
			continue
		}
		err := store.Iterate(secret.Space, kv.Range{Lower: secret.From, Upper: secret.To}, func(k, v []byte) bool {
			if !secret.Drop {
				rows = append(rows, row{name, secret.Space, append([]byte(nil), k...), append([]byte(nil), v...)})
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	for _, secret := range s.Secrets {
		if secret.Store == name {
			if err := store.Erase(ctx, secret.Space, secret.From, secret.To); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

// openCopy opens a store of a copy: a fault of it must not end the process.
func openCopy(dir string, log *slog.Logger) (*pebblekv.Store, error) {
	return pebblekv.Open(dir, pebblekv.Options{Log: log, CacheBytes: 4 << 20, MemTableBytes: 4 << 20, Still: true, Fatal: func(error) {}})
}
