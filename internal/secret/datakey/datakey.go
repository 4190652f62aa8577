// Package datakey seals secret values that are given over an API, so that they can
// lie in the data folder, with an age key that lies beside it.
//
// It hides filippo.io/age from who keeps what is sealed (connections) and knows
// nothing of what that is. app makes the one Key of a server.
//
// Invariants: the file of the key is read at each use, so that one that is put back
// or replaced counts at once; a key is made only where its maker asked for one and
// none is there, and is durable before anything is sealed with it; what is sealed
// opens only for the place it was sealed for; no error quotes a value or a key.
package datakey

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"filippo.io/age"

	"stile/internal/secret"
)

// Config of a Key.
type Config struct {
	// Path is the file with one or more age identities, as age-keygen writes it: the
	// first seals, all open. Empty: a key in memory, which ends with the process.
	Path string
	// Make lets a file that is not there be made.
	Make bool
	// Seen is told the identities, so that they are masked; nil tells nobody.
	Seen func(secret.Value)
}

// Key seals and opens. It is safe for concurrent use.
type Key struct {
	cfg Config

	mu     sync.Mutex
	memory *age.X25519Identity
}

// New makes a Key. Nothing is read or written before it is used.
func New(cfg Config) *Key { return &Key{cfg: cfg} }

var (
	errUnreadable = errors.New("the data key (--data-key) cannot be read as age-keygen writes it")
	errStranger   = errors.New("the data key (--data-key) is another than the one it was sealed with")
	errDamaged    = errors.New("what is sealed is damaged")
	errElsewhere  = errors.New("what is sealed belongs elsewhere")
)

// Seal encrypts a value for a place. fresh says that nothing is sealed with an
// earlier key, so that a new one may be made where none is there.
func (k *Key) Seal(place string, v secret.Value, fresh bool) ([]byte, error) {
	list, err := k.identities(fresh)
	if err != nil {
		return nil, err
	}
	to, ok := list[0].(*age.X25519Identity)
	if !ok {
		return nil, errUnreadable
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to.Recipient())
	if err != nil {
		return nil, errors.New("the value cannot be sealed")
	}
	// A buffer takes all that is written.
	_, _ = io.WriteString(w, place+"\x00"+v.Reveal())
	if err := w.Close(); err != nil {
		return nil, errors.New("the value cannot be sealed")
	}
	return out.Bytes(), nil
}

// Open decrypts what was sealed for a place.
func (k *Key) Open(place string, sealed []byte) (secret.Value, error) {
	list, err := k.identities(false)
	if err != nil {
		return secret.Value{}, err
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), list...)
	var stranger *age.NoIdentityMatchError
	switch {
	case errors.As(err, &stranger):
		return secret.Value{}, errStranger
	case err != nil:
		return secret.Value{}, errDamaged
	}
	text, err := io.ReadAll(r) // is shorter than sealed
	if err != nil {
		return secret.Value{}, errDamaged
	}
	at, value, ok := strings.Cut(string(text), "\x00")
	if !ok || at != place {
		return secret.Value{}, errElsewhere
	}
	return secret.NewValue(value), nil
}

func (k *Key) identities(fresh bool) ([]age.Identity, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cfg.Path == "" {
		if k.memory == nil {
			made, err := age.GenerateX25519Identity()
			if err != nil {
				return nil, errors.New("no data key can be made")
			}
			k.memory = made
			k.seen(made.String())
		}
		return []age.Identity{k.memory}, nil
	}
	if _, err := os.Lstat(k.cfg.Path); errors.Is(err, fs.ErrNotExist) && k.cfg.Make && fresh {
		if err := k.create(); err != nil {
			return nil, err
		}
	}
	data, err := secret.ReadFile(k.cfg.Path)
	if err != nil {
		return nil, errors.New("the data key (--data-key): " + err.Error())
	}
	list, err := age.ParseIdentities(bytes.NewReader(data))
	if err != nil || len(list) == 0 {
		return nil, errUnreadable
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			k.seen(line)
		}
	}
	return list, nil
}

func (k *Key) seen(identity string) {
	if k.cfg.Seen != nil {
		k.cfg.Seen(secret.NewValue(identity))
	}
}

// create writes a new key, readable by its owner alone: all of it or nothing, so that
// a crash leaves no half key that could not be told from a lost one.
func (k *Key) create() error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return errors.New("no data key can be made")
	}
	text := "# The key of what was given to Stile over an API. The data folder is of no use for it without this file.\n" +
		"# public key: " + id.Recipient().String() + "\n" + id.String() + "\n"
	if err := write(k.cfg.Path, text); err != nil {
		var pe *fs.PathError
		var le *os.LinkError
		switch {
		case errors.As(err, &pe):
			err = pe.Err
		case errors.As(err, &le):
			err = le.Err
		}
		return errors.New("the data key cannot be written: " + err.Error())
	}
	return nil
}

func write(path, text string) error {
	var tail [8]byte
	_, _ = rand.Read(tail[:]) // crypto/rand.Read does not fail
	tmp := path + "." + hex.EncodeToString(tail[:])
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		// Not renamed: a key that came in the meantime, of another server or put back,
		// may have sealed something already.
		switch err = os.Link(tmp, path); {
		case errors.Is(err, fs.ErrExist):
			err = nil
		case err != nil: // a file system without links
			err = os.Rename(tmp, path)
		}
	}
	if gone := os.Remove(tmp); err != nil || gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		return errors.Join(err, gone)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
